"""Every command of ``edt``, put together."""

from pathlib import Path
from typing import Annotated

import typer

from edt_app.cli import (
    config,
    data,
    jobs,
    pipeline,
    projects,
    prompts,
    results,
    review,
    runs,
    tune,
    user,
)
from edt_core import __version__

app = typer.Typer(
    name="edt",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="LLM-EDT: cross-domain sequential recommendation, augmented by language models and "
    "trained in two phases. One folder a project; every stage resumable, nothing paid for twice.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"edt {__version__}")
        raise typer.Exit


@app.callback()
def edt(
    home: Annotated[
        Path | None, typer.Option("--home", help="Where projects live (else EDT_HOME).")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options in front of every command."""


pipeline.add_demo(app)
projects.add(app)
data.add(app)
pipeline.add(app)
config.add(app)
jobs.add(app)
prompts.add(app)
review.add(app)
tune.add(app)
results.add(app)
runs.add(results.runs_app)
user.add(app)
projects.add_keeping(app)
