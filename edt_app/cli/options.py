"""The options that many commands share, and what hangs on them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edt_app.terminal import note

if TYPE_CHECKING:
    from edt_core.store.home import Home
    from edt_core.store.project import Project

ProjectName = Annotated[
    str, typer.Option("--project", "-p", envvar="EDT_PROJECT", help="The project's name.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, nothing else there.")
]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="A setting for this call alone.")
]
Seeds = Annotated[
    list[int],
    typer.Option(
        "--seed", min=0, max=2**32 - 1, help="A training seed; repeat it for several (42 44 46)."
    ),
]
Background = Annotated[
    bool,
    typer.Option(
        "--background", help="Start it in a process of its own; it outlives this terminal."
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0.0, metavar="USD", help="Stop before it; else llm.max_cost counts."
    ),
]
LARGEST = 2**63 - 1
"""The largest id that a database can hold."""
MOST = 1_000_000_000
"""Most rows that can be asked for."""
Run = Annotated[int, typer.Argument(min=1, max=LARGEST, help="A run's number.")]
Runs = Annotated[
    list[int], typer.Argument(min=1, max=LARGEST, metavar="RUN...", help="Runs' numbers.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=MOST, help="Rows shown.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


def one_of(option: str, value: str, *known: str) -> Any:
    """``value`` when it is one of ``known``.

    Raises:
        UsageError: it isn't.
    """
    from edt_core.errors import UsageError

    if value not in known:
        listed = ", ".join(name for name in known if name)
        raise UsageError(f"{option} can't be {value!r}.", hint=f"Use {listed}.")
    return value


def home(context: typer.Context) -> "Home":
    """The folder of all projects: ``--home``, else ``EDT_HOME``, else the platform's."""
    from edt_core.store.home import Home

    chosen: Path | None = context.find_root().params.get("home")
    return Home(chosen)


def opened(context: typer.Context, name: str) -> "Project":
    """The project ``name``, open until the command ends.

    Raises:
        ProjectNotFound: there is none of that name.
    """
    project = home(context).open(inherited(context, name))
    context.call_on_close(project.close)
    if project.upgraded_from:
        note(f"{project.name} is of this version now; as it was before: {project.upgraded_from}")
    return project


def inherited(context: typer.Context, name: str) -> str:
    """``name``, else the one given to the command group in front of this command.

    Raises:
        UsageError: neither was given.
    """
    from edt_core.errors import UsageError

    if name:
        return name
    above = context.parent.params.get("project") if context.parent else None
    if not above:
        raise UsageError("Which project?", hint="Give its name with --project.")
    return str(above)
