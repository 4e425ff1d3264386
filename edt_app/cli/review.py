"""``edt review``: the person's part between filter and insertion."""

from pathlib import Path
from typing import Annotated

import typer

from edt_app.cli.options import LARGEST, AsJson, ProjectName, opened
from edt_app.terminal import safe_text, say, say_json

review_app = typer.Typer(
    no_args_is_help=True, help="Accept, reject or edit generated items before training."
)

Ids = Annotated[
    list[int] | None, typer.Argument(min=1, max=LARGEST, help="Ids that 'edt items' shows.")
]
Note = Annotated[str, typer.Option("--note", help="Why: kept beside the decision.")]
Where = Annotated[str, typer.Option("--where", help='All that fit, such as "target_score<0.8".')]


def add(app: typer.Typer) -> None:
    """Add the review commands."""
    app.add_typer(review_app, name="review")


@review_app.callback()
def review(project: ProjectName = "") -> None:
    """Take --project in front of the command too."""


def _decide(
    context: typer.Context,
    action: str,
    ids: list[int] | None,
    where: str,
    note: str,
    project: str,
    json: bool,
) -> None:
    from edt_core.errors import UsageError
    from edt_core.store.review import decide, decide_where

    if bool(ids) == bool(where):
        raise UsageError(f"What shall {action} change?", hint="Give ids, or --where, not both.")
    source = opened(context, project)
    if where:
        changed = decide_where(source, action, where, by="edt review", note=note)
    else:
        changed = decide(source, action, ids or [], by="edt review", note=note)
    _tell(f"{action}: {_items(changed)} changed", json, action=action, changed=changed)


def _items(number: int) -> str:
    return f"{number:,} item{'' if number == 1 else 's'}"


def _tell(sentence: str, json: bool, **document: object) -> None:
    """What an act did, as a sentence or as a document."""
    if json:
        say_json(document)
    else:
        say(sentence)


@review_app.command()
def accept(
    context: typer.Context,
    ids: Ids = None,
    where: Where = "",
    note: Note = "",
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Insert these items whatever the filter says."""
    _decide(context, "accept", ids, where, note, project, json)


@review_app.command()
def reject(
    context: typer.Context,
    ids: Ids = None,
    where: Where = "",
    note: Note = "",
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Leave these items out whatever the filter says."""
    _decide(context, "reject", ids, where, note, project, json)


@review_app.command()
def reset(
    context: typer.Context,
    ids: Ids = None,
    where: Where = "",
    note: Note = "",
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Give these items back to the filter."""
    _decide(context, "reset", ids, where, note, project, json)


@review_app.command()
def edit(
    context: typer.Context,
    id: Annotated[int, typer.Argument(min=1, max=LARGEST, help="The item's id.")],
    field: Annotated[
        list[str],
        typer.Option(
            "--field",
            metavar="NAME=VALUE",
            help="title, brand, ...; or anchor=POSITION, after which event it is inserted.",
        ),
    ],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Change an item's text, or move its anchor.

    A changed text is scored by 'edt review score' or by the next run.
    """
    from edt_core.errors import UsageError
    from edt_core.store.review import edit as change

    fields = dict(text.partition("=")[::2] for text in field)
    if any("=" not in text for text in field):
        raise UsageError("A field needs a value.", hint="Write --field title=...")
    if "anchor" in fields:
        fields["anchor_position"] = fields.pop("anchor")
    changed = change(opened(context, project), id, fields, by="edt review")
    texts = fields.keys() - {"anchor_position"}
    next_run = "embeds and scores it again" if texts else "inserts it there"
    told = f"edit: item {id}; the next run {next_run}"
    if texts:
        told += f", and 'edt review score {id}' does at once"
    _tell(told, json, action="edit", id=id, changed=changed, scored_again=bool(texts))


@review_app.command()
def undo(context: typer.Context, project: ProjectName = "", json: AsJson = False) -> None:
    """Take the last decision back (a bulk decision as one)."""
    from edt_core.store.review import undo as take_back

    changed = take_back(opened(context, project))
    told = f"undo: {_items(changed)}" if changed else "There is nothing to undo."
    _tell(told, json, action="undo", changed=changed)


@review_app.command()
def redo(context: typer.Context, project: ProjectName = "", json: AsJson = False) -> None:
    """Do again what was undone last.

    A new decision in between ends that.
    """
    from edt_core.store.review import redo as again

    changed = again(opened(context, project))
    told = f"redo: {_items(changed)}" if changed else "There is nothing to do again."
    _tell(told, json, action="redo", changed=changed)


@review_app.command()
def score(
    context: typer.Context,
    id: Annotated[int, typer.Argument(min=1, max=LARGEST, help="The item's id.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Embed and score an edited item now, as the next run will.

    The scores are kept beside it.
    """
    from dataclasses import asdict

    from edt_core.actions.rescoring import score_item

    found = score_item(opened(context, project), id)
    if json:
        say_json(asdict(found))
        return
    for name, value in asdict(found).items():
        match value:
            case bool():
                told = "yes" if value else "no"
            case float():
                told = f"{value:.3f}"
            case None:
                told = "-"
            case _:
                told = str(value)
        say(f"{name:<16} {told}")


@review_app.command("export")
def export_decisions(
    context: typer.Context,
    file: Annotated[Path, typer.Argument()],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Write the decisions to a file of JSON lines."""
    from edt_core.actions.reviewing import write_decisions

    written = write_decisions(opened(context, project), file)
    told = f"{written:,} decisions to {safe_text(file)}"
    _tell(told, json, action="export", file=str(file), decisions=written)


@review_app.command("import")
def import_decisions(
    context: typer.Context,
    file: Annotated[Path, typer.Argument()],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Read decisions that 'edt review export' wrote."""
    from edt_core.actions.reviewing import read_decisions

    changed = read_decisions(opened(context, project), file)
    told = f"{_items(changed)} changed"
    _tell(told, json, action="import", file=str(file), changed=changed)
