"""``edt runs | report | experiment | recommend``."""

from typing import Annotated

import typer

from edt_app.cli.options import (
    AsJson,
    Device,
    ProjectName,
    Seeds,
    Settings,
    one_of,
    opened,
)
from edt_app.cli.pipeline import say_report
from edt_app.terminal import note, progress_lines, say, say_json, say_table

runs_app = typer.Typer(invoke_without_command=True, help="The project's runs.")


def add(app: typer.Typer) -> None:
    """Add the commands about results."""
    app.add_typer(runs_app, name="runs")
    app.command()(report)
    app.command()(experiment)
    app.command()(recommend)


@runs_app.callback()
def runs(context: typer.Context, project: ProjectName = "", json: AsJson = False) -> None:
    """List the runs, unless a command follows."""
    if context.invoked_subcommand is not None:
        return
    from edt_core.actions.reporting import run_rows

    lines = run_rows(opened(context, project))
    if json:
        say_json(lines)
        return
    say_table(
        ["run", "model", "state", "seeds", "started", "minutes", "N@10", "settings"],
        [
            [
                line.id,
                line.label,
                line.state,
                " ".join(str(seed) for seed in line.seeds),
                line.started,
                "-" if line.seconds is None else f"{line.seconds / 60:.1f}",
                "-" if line.ndcg is None else f"{line.ndcg:.4f}",
                line.changed or "-",
            ]
            for line in lines
        ],
        right=frozenset({0, 5, 6}),
    )


@runs_app.command()
def compare(
    context: typer.Context,
    first: Annotated[int, typer.Argument(help="A run's number.")],
    second: Annotated[int, typer.Argument(help="Another run's number.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Compare two runs: settings that differ, metrics, and a paired test over users."""
    from edt_core.actions.reporting import compare as tell

    found = tell(opened(context, project), first, second)
    if json:
        say_json(found)
        return
    if found.settings:
        say_table(["setting", str(first), str(second)], found.settings)
        say()
    say_report(found.table)


def report(
    context: typer.Context,
    project: ProjectName,
    name: Annotated[str, typer.Argument(help="An experiment; without it, every run.")] = "",
    format: Annotated[str, typer.Option("--format", help="text, md, csv, latex or json.")] = "text",
) -> None:
    """Print a table of results."""
    from edt_core.actions.reporting import report as tell
    from edt_core.evaluation.table import FORMATS, render

    one_of("--format", format, *FORMATS)
    tables = tell(opened(context, project), name)
    if format == "json":
        say_json(tables[0] if len(tables) == 1 else tables)
        return
    for number, table in enumerate(tables):
        if number:
            say()
        if format == "text":
            say_report(table)
        else:
            say(render(table, format).rstrip("\n"))


def experiment(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as overall, ablation or cold-start.")],
    project: ProjectName,
    set_: Settings = [],
    seed: Seeds = [],
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Make one of the paper's tables or figures on this project's data."""
    from edt_core.actions.experimenting import run_experiment
    from edt_core.actions.stopping import stop_on_signals

    with stop_on_signals() as check, progress_lines() as sink:
        tables = run_experiment(
            opened(context, project),
            name,
            settings=set_,
            seeds=seed,
            device=device,
            sink=sink,
            check=check,
        )
    if json:
        say_json(tables)
        return
    for table in tables:
        say_report(table)
        say()


def recommend(
    context: typer.Context,
    project: ProjectName,
    user: Annotated[str, typer.Option("--user", help="A user's source id.")],
    domain: Annotated[str, typer.Option("--domain", help="A domain's name.")],
    top: Annotated[int, typer.Option("--top", min=1, help="How many.")] = 10,
    run: Annotated[int | None, typer.Option("--run", help="A run; else the newest.")] = None,
    json: AsJson = False,
) -> None:
    """Recommend items to a user from a trained run; no language model is asked."""
    from edt_core.actions.recommending import recommend as ask

    found = ask(opened(context, project), user=user, domain=domain, top=top, run=run)
    if json:
        say_json(found)
        return
    say_table(
        ["rank", "score", "item", "title"],
        [
            [at, f"{line.score:.4f}", line.item, line.title]
            for at, line in enumerate(found.items, 1)
        ],
        right=frozenset({0, 1}),
    )
    note(found.note)
