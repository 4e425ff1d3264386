"""``edt prompts``: the templates that a project asks with, and its own in their place."""

from typing import Annotated

import typer

from edt_app.cli.options import AsJson, ProjectName, opened
from edt_app.terminal import note, safe_text, say, say_json, say_table

prompts_app = typer.Typer(
    invoke_without_command=True, help="The prompt templates, and a project's own in their place."
)


def add(app: typer.Typer) -> None:
    """Add the commands about prompts."""
    app.add_typer(prompts_app, name="prompts")


@prompts_app.callback()
def prompts(context: typer.Context, project: ProjectName = "", json: AsJson = False) -> None:
    """List the templates with their slots, unless a command follows."""
    if context.invoked_subcommand is not None:
        return
    from edt_core.actions.prompting import template_lines

    lines = template_lines(opened(context, project))
    if json:
        say_json(lines)
        return
    say_table(
        ["template", "stage", "from", "hash", "slots"],
        [
            [line.name, line.step, line.origin, line.digest, " ".join(f"${s}" for s in line.slots)]
            for line in lines
        ],
    )
    note("See one: edt prompts show NAME. Change one: edt prompts copy NAME, then edit the copy.")


@prompts_app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as generate.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Print a template as the project uses it."""
    from edt_core.actions.prompting import template_text

    text = template_text(opened(context, project), name)
    if json:
        say_json({"template": name, "text": text})
        return
    for line in text.splitlines():
        say(safe_text(line))


@prompts_app.command()
def copy(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as generate.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Copy a template into the project, to be edited.

    Its stage is stale as soon as it differs from the package's.
    """
    from edt_core.actions.prompting import copy_template

    file = copy_template(opened(context, project), name)
    if json:
        say_json({"template": name, "file": str(file)})
        return
    say(f"Edit {safe_text(file)}.")
    note("Keep its slots. A changed template makes its stage stale; delete the file to go back.")
