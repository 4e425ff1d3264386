"""``edt new | projects | delete | backup | restore | doctor``."""

from pathlib import Path
from typing import Annotated

import typer

from edt_app.cli.options import AsJson, ProjectName, home, opened
from edt_app.terminal import note, safe_text, say, say_json, say_table, size, when

_MARKS = {
    "foreign": "(no project of EDT)",
    "damaged": "(damaged)",
    "newer": "(of a newer EDT)",
}


def add(app: typer.Typer) -> None:
    """Add the commands that make, list and delete projects."""
    app.command()(new)
    app.command()(projects)
    app.command()(copy)
    app.command()(delete)


def add_keeping(app: typer.Typer) -> None:
    """Add the commands that keep projects safe."""
    app.command()(backup)
    app.command()(restore)
    app.command()(doctor)


def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name.")],
    json: AsJson = False,
) -> None:
    """Make an empty project."""
    project = home(context).create(name)
    project.close()
    if json:
        say_json({"project": project.name, "folder": str(project.folder)})
        return
    say(f"Made {project.name} in {safe_text(project.folder)}.")
    note(
        f"Next: edt import --project {project.name} --format csv "
        "--domain-a A=INTERACTIONS[,ITEMS] --domain-b B=INTERACTIONS[,ITEMS]"
    )


def projects(context: typer.Context, json: AsJson = False) -> None:
    """List the projects."""
    lines = home(context).projects()
    if json:
        say_json(lines)
        return
    if not lines:
        say("No project yet. Make one: edt demo, or edt new NAME.")
        return
    say_table(
        ["name", "data set", "changed", "size", "cost"],
        [
            [
                line.name,
                line.dataset or _MARKS.get(line.standing, "-"),
                when(line.changed_at),
                size(line.bytes),
                f"${line.cost:.2f}" if line.cost else "-",
            ]
            for line in lines
        ],
        right=frozenset({3, 4}),
    )


def copy(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The project.")],
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="The copy's name.")],
    json: AsJson = False,
) -> None:
    """Copy a project, also while a run goes on."""
    made = home(context).copy(name, new_name)
    if json:
        say_json({"project": made.name, "folder": str(made.folder)})
    else:
        say(f"Copied {safe_text(name)} to {made.name} in {safe_text(made.folder)}.")
    made.close()


def delete(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The project.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also one that is damaged or of a newer EDT.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Delete a project and everything in it.

    A folder that EDT did not make is never touched.
    """
    from edt_core.errors import UsageError

    if not yes:
        raise UsageError(
            f"Deleting {name!r} can't be undone.", hint="Say --yes, or make a backup first."
        )
    home(context).delete(name, force=force)
    if json:
        say_json({"project": name, "deleted": True})
        return
    say(f"Deleted {safe_text(name)}.")


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The archive to write.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Write a project into one file, also while a run goes on."""
    from edt_core.store.backup import back_up

    source = opened(context, project)
    back_up(source.folder, file)
    if json:
        say_json({"project": source.name, "file": str(file)})
        return
    say(f"Wrote {safe_text(file)}.")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="An archive that edt backup wrote.")],
    name: Annotated[str, typer.Option("--as", help="The project's new name.")] = "",
    json: AsJson = False,
) -> None:
    """Make a project from a backup."""
    from edt_core.store.backup import restore as read

    made = read(home(context), file, name)
    if json:
        say_json({"project": made, "folder": str(home(context).path(made))})
        return
    say(f"Restored {safe_text(made)}.")


def doctor(
    context: typer.Context,
    project: ProjectName = "",
    offline: Annotated[
        bool, typer.Option("--offline", help="Send nothing to the project's endpoints.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Examine this machine, a project and its endpoints.

    With --project the language model's and the embedding endpoint are asked one cheap question of
    each kind, which may cost a fraction of a cent; --offline sends nothing. Status 1: something is
    wrong.
    """
    from edt_core.actions.doctor import consent, examine

    examined = opened(context, project) if project else None
    if examined is not None and not offline and (told := consent(examined)):
        note(told)
    findings = examine(home(context), examined, offline=offline)
    if json:
        say_json(findings)
    else:
        say_table(
            ["what", "state", "detail"], [[f.what, f.state, f.detail] for f in findings], wrap=True
        )
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
