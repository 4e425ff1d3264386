"""``edt review``: the person's part between filter and insertion."""

from pathlib import Path
from typing import Annotated

import typer

from edt_app.cli.options import ProjectName, opened
from edt_app.terminal import safe_text, say

review_app = typer.Typer(
    no_args_is_help=True, help="Accept, reject or edit generated items before training."
)

Ids = Annotated[list[int] | None, typer.Argument(help="Ids that 'edt items' shows.")]
Where = Annotated[str, typer.Option("--where", help='All that fit, such as "target_score<0.8".')]


def add(app: typer.Typer) -> None:
    """Add the review commands."""
    app.add_typer(review_app, name="review")


@review_app.callback()
def review(project: ProjectName = "") -> None:
    """Take --project in front of the command too."""


def _decide(
    context: typer.Context, action: str, ids: list[int] | None, where: str, project: str
) -> None:
    from edt_core.actions.reviewing import decide

    changed = decide(opened(context, project), action, ids or [], where)
    say(f"{action}: {changed:,} items")


@review_app.command()
def accept(
    context: typer.Context, ids: Ids = None, where: Where = "", project: ProjectName = ""
) -> None:
    """Insert these items whatever the filter says."""
    _decide(context, "accept", ids, where, project)


@review_app.command()
def reject(
    context: typer.Context, ids: Ids = None, where: Where = "", project: ProjectName = ""
) -> None:
    """Leave these items out whatever the filter says."""
    _decide(context, "reject", ids, where, project)


@review_app.command()
def reset(
    context: typer.Context, ids: Ids = None, where: Where = "", project: ProjectName = ""
) -> None:
    """Give these items back to the filter."""
    _decide(context, "reset", ids, where, project)


@review_app.command()
def edit(
    context: typer.Context,
    id: Annotated[int, typer.Argument(help="The item's id.")],
    field: Annotated[
        list[str], typer.Option("--field", metavar="NAME=TEXT", help="title, brand, ...")
    ],
    project: ProjectName = "",
) -> None:
    """Change an item's text; the next run embeds and scores it again."""
    from edt_core.actions.reviewing import edit as change

    change(opened(context, project), id, field)
    say(f"edit: item {id}")


@review_app.command()
def undo(context: typer.Context, project: ProjectName = "") -> None:
    """Take the last decision back (a bulk decision as one)."""
    from edt_core.actions.reviewing import undo as take_back

    say(safe_text(take_back(opened(context, project))))


@review_app.command("export")
def export_decisions(
    context: typer.Context, file: Annotated[Path, typer.Argument()], project: ProjectName = ""
) -> None:
    """Write the decisions to a file of JSON lines."""
    from edt_core.actions.reviewing import export_decisions as write

    say(f"{write(opened(context, project), file):,} decisions to {safe_text(file)}")


@review_app.command("import")
def import_decisions(
    context: typer.Context, file: Annotated[Path, typer.Argument()], project: ProjectName = ""
) -> None:
    """Read decisions that 'edt review export' wrote."""
    from edt_core.actions.reviewing import import_decisions as read

    say(f"{read(opened(context, project), file):,} decisions read")
