"""``edt config``: a project's settings."""

from typing import Annotated, Any

import typer

from edt_app.cli.options import AsJson, ProjectName, opened
from edt_app.terminal import safe_text, say, say_json, say_table

config_app = typer.Typer(invoke_without_command=True, help="Show and change a project's settings.")

Key = Annotated[str, typer.Argument(help="Such as noise_filter.threshold.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what it would make stale; change nothing.")
]


def add(app: typer.Typer) -> None:
    """Add the commands about settings."""
    app.add_typer(config_app, name="config")


@config_app.callback()
def config(context: typer.Context, project: ProjectName = "", json: AsJson = False) -> None:
    """Show every setting, unless a command follows."""
    if context.invoked_subcommand is None:
        show(context, project, json)


@config_app.command()
def show(context: typer.Context, project: ProjectName = "", json: AsJson = False) -> None:
    """Show every setting with its default."""
    from edt_core.actions.configuring import configuration
    from edt_core.actions.describing import described, written

    given = configuration(opened(context, project)).flat()
    if json:
        say_json(given)
        return
    say_table(
        ["setting", "value", "default", "what it is"],
        [
            [
                line.key,
                written(given[line.key]),
                "" if given[line.key] == line.default else written(line.default),
                line.help,
            ]
            for line in described()
        ],
    )


@config_app.command()
def describe(
    key: Annotated[
        str, typer.Argument(help="One setting, or a section such as llm; all without it.")
    ] = "",
    json: AsJson = False,
) -> None:
    """Show what settings are: default, what is allowed, paper."""
    from edt_core.actions.describing import described, section_help, written
    from edt_core.config import known_key

    if key and key not in section_help():
        key = known_key(key)
    found = [line for line in described() if key in {"", line.key, line.section}]
    if json:
        say_json(found)
        return
    if not key:
        columns = ["setting", "default", "allowed", "paper", "what it is"]
        say_table(columns, [[f.key, written(f.default), f.allowed, f.paper, f.help] for f in found])
        return
    for number, line in enumerate(found):
        if number:
            say()
        told = {
            "default": written(line.default),
            "allowed": line.allowed,
            "paper": line.paper,
            "what it is": line.help,
        }
        rows = [[name, text or "-"] for name, text in told.items()]
        say_table(["setting", line.key], rows, wrap=True)


@config_app.command("get")
def get(context: typer.Context, key: Key, project: ProjectName = "", json: AsJson = False) -> None:
    """Show one setting."""
    from edt_core.actions.configuring import configuration
    from edt_core.actions.describing import written
    from edt_core.config import known_key

    value = configuration(opened(context, project)).flat()[known_key(key)]
    if json:
        say_json({"key": key, "value": value})
        return
    say(safe_text(written(value)))


@config_app.command("set")
def set_(
    context: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(help="Its new value; '' for none where that can be.")],
    project: ProjectName = "",
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Change one setting of the project."""
    _change(context, project, key, value, dry_run, json)


@config_app.command()
def unset(
    context: typer.Context,
    key: Key,
    project: ProjectName = "",
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Give one setting its default back."""
    from edt_core.config import Config, known_key

    _change(context, project, key, Config().flat()[known_key(key)], dry_run, json)


def _change(
    context: typer.Context, project: str, key: str, value: Any, dry_run: bool, json: bool
) -> None:
    """Change a setting unless that is only asked about, and say what it makes stale."""
    from edt_core.actions.configuring import change
    from edt_core.actions.consequences import consequences
    from edt_core.actions.describing import written

    opened_project = opened(context, project)
    found = consequences(opened_project, {key: value})
    if not dry_run:
        change(opened_project, {key: value})
    if json:
        say_json(found)
        return
    for line in found.changes:
        after, before = (written(one) or "''" for one in (line.after, line.before))
        say(safe_text(f"{line.key} = {after} (was {before})"))
    say(f"{found.sentence if dry_run else found.told_after}.")
