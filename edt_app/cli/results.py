"""``edt runs | report | experiment | recommend``."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.jobs import in_background
from edt_app.cli.options import (
    LARGEST,
    MOST,
    AsJson,
    Background,
    Device,
    MaxCost,
    ProjectName,
    Run,
    Runs,
    Seeds,
    Settings,
    one_of,
    opened,
)
from edt_app.cli.pipeline import say_report
from edt_app.terminal import note, progress_lines, safe_text, say, say_json, say_table, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edt_core.actions.reporting import RunRow

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
    from edt_core.actions.jobs import stand_in_note
    from edt_core.actions.reporting import run_rows

    lines = run_rows(opened(context, project))
    if json:
        say_json(lines)
        return
    _say_runs(lines)
    for line in lines:
        if line.state == "silent":
            tell(f"Run {line.id} gives no sign of life; it may be frozen. Since when: edt status.")
    if without := [line.id for line in lines if line.stand_in]:
        tell(f"{_listed(without)}: {stand_in_note()}")
    if earlier := [line.id for line in lines if line.earlier]:
        are = "is" if len(earlier) == 1 else "are"
        tell(f"{_listed(earlier)} {are} about data that was imported before.")


def _say_runs(lines: "Sequence[RunRow]") -> None:
    """The table of runs: settings that all of them share stand below it, not in every row."""
    shared = {
        key: value
        for key, value in (lines[0].settings if lines else {}).items()
        if all(line.settings.get(key) == value for line in lines)
    }
    year = time.strftime("%Y-")
    columns: dict[str, list[object]] = {
        "run": [line.id for line in lines],
        "model": [line.label for line in lines],
        "state": [line.state for line in lines],
        "seeds": [" ".join(str(seed) for seed in line.seeds) for line in lines],
        "started": [line.started.removeprefix(year) for line in lines],
        "minutes": ["-" if run.seconds is None else f"{run.seconds / 60:.1f}" for run in lines],
        "N@10": ["-" if line.ndcg is None else f"{line.ndcg:.4f}" for line in lines],
        "tag": [line.tag for line in lines],
        "settings": [_own(line, shared) for line in lines],
    }
    for name in ("tag", "settings"):
        if not any(columns[name]):
            del columns[name]
    rows = zip(*([cell or "-" for cell in column] for column in columns.values()), strict=True)
    say_table(list(columns), rows, right=frozenset({0, 4, 5, 6}))  # what is right is never cut
    if shared:
        note(f"All with {' '.join(f'{key}={value}' for key, value in shared.items())}")


def _own(line: "RunRow", shared: "Mapping[str, str]") -> str:
    """What a run does not share with all others."""
    own = [f"{key}={value}" for key, value in line.settings.items() if key not in shared]
    return " ".join([*([f"until {line.until}"] if line.until else []), *own])


def _listed(numbers: "Sequence[int]") -> str:
    """Such as ``Runs 1-4, 7``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    told = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
    return f"Run{'s' * (len(numbers) > 1)} {told}"


@runs_app.command()
def compare(
    context: typer.Context,
    numbers: Runs,
    project: ProjectName = "",
    groups: Annotated[
        bool, typer.Option("--groups", help="Also users by sequence length and domain ratio.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Compare runs: settings, metrics, paired tests over users."""
    from edt_core.actions.comparing import compare as ask

    found = ask(opened(context, project), *numbers, groups=groups)
    if json:
        say_json(found)
        return
    if found.settings:
        say_table(["setting", *(f"run {number}" for number in numbers)], found.settings)
        say()
    for number, table in enumerate([found.table, *found.groups]):
        if number:
            say()
        say_report(table)


@runs_app.command()
def tag(
    context: typer.Context,
    run: Run,
    text: Annotated[str, typer.Argument(help="The tag; an empty one takes it away.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Give a run a tag."""
    from edt_core.store.runs import label_run

    label_run(opened(context, project), run, tag=text)
    if json:
        say_json({"run": run, "tag": text})
        return
    say(f"Run {run}: tag {safe_text(text)}" if text else f"Run {run} has no tag.")


@runs_app.command("note")
def note_(
    context: typer.Context,
    run: Run,
    text: Annotated[str, typer.Argument(help="The note; an empty one takes it away.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Write a note on a run."""
    from edt_core.store.runs import label_run

    label_run(opened(context, project), run, note=text)
    if json:
        say_json({"run": run, "note": text})
        return
    say(f"Run {run}: {safe_text(text)}" if text else f"Run {run} has no note.")


@runs_app.command()
def delete(
    context: typer.Context,
    run: Run,
    project: ProjectName = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    json: AsJson = False,
) -> None:
    """Forget a run, its curves and metrics.

    Stored results stay: other runs may share them.
    """
    from edt_core.errors import UsageError
    from edt_core.store.runs import delete_run

    if not yes:
        raise UsageError(f"Deleting run {run} can't be undone.", hint="Say --yes.")
    delete_run(opened(context, project), run)
    if json:
        say_json({"run": run, "deleted": True})
        return
    say(f"Deleted run {run}.")


def report(
    context: typer.Context,
    project: ProjectName,
    name: Annotated[str, typer.Argument(help="An experiment; without it, every run.")] = "",
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="text, md, csv (notes are lines that begin with #), latex, json, svg (a figure).",
        ),
    ] = "text",
    only: Annotated[
        int, typer.Option("--table", min=0, max=MOST, help="The first, the second, ...; 0 for all.")
    ] = 0,
    json: AsJson = False,
) -> None:
    """Print a table of results.

    An experiment may have several: a file for pandas takes one, such as --format csv --table 2.
    The figures of the paper are drawn by --format svg.
    """
    from edt_core.actions.reporting import figure
    from edt_core.actions.reporting import report as ask
    from edt_core.errors import UsageError
    from edt_core.evaluation.table import FORMATS, render

    one_of("--format", format, *FORMATS, "svg")
    if format == "svg" and (json or only):
        raise UsageError("A figure is neither JSON nor one table.", hint="Say --format svg alone.")
    if format == "svg":
        say(figure(opened(context, project), name).rstrip("\n"))
        return
    tables = ask(opened(context, project), name)
    if only > len(tables):
        raise UsageError(f"There is no table {only} here.", hint=f"There are {len(tables)}.")
    tables = tables[only - 1 : only] if only else tables
    if json or format == "json":
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
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as overall or ablation.")],
    project: ProjectName,
    set_: Settings = [],
    seed: Seeds = [],
    device: Device = "auto",
    max_cost: MaxCost = None,
    background: Background = False,
    json: AsJson = False,
) -> None:
    """Make one of the paper's tables or figures on your data.

    NAME is overall, ablation, transferability, cold-start, alignment, threshold, clusters,
    similarity, domain-ratio, statistics, ratio, backbones, cost, efficiency or case-study;
    docs/experiments.md tells what each one shows and trains. Every run that it needs and that is
    not stored is made. In other formats: edt report NAME --format csv.
    """
    if background:
        in_background(
            context,
            project,
            "experiment",
            name,
            set=set_,
            seed=seed,
            device="" if device == "auto" else device,
            max_cost=max_cost,
        )
        return
    from edt_core.actions.experimenting import run_experiment
    from edt_core.actions.stopping import stop_on_signals

    with stop_on_signals() as check, progress_lines() as sink:
        tables = run_experiment(
            opened(context, project),
            name,
            settings=set_,
            seeds=seed,
            device=device,
            max_cost=max_cost,
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
    top: Annotated[int, typer.Option("--top", min=1, max=MOST, help="How many.")] = 10,
    run: Annotated[
        int | None,
        typer.Option(
            "--run",
            min=1,
            max=LARGEST,
            help="A run; else the newest of LLM-EDT, else of any model.",
        ),
    ] = None,
    as_tested: Annotated[
        bool,
        typer.Option("--as-tested", help="As the evaluation ranks: the test item is not known."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Recommend items to a user from a trained run.

    No language model is asked.
    """
    from edt_core.actions.recommending import recommend as ask
    from edt_core.store.questions import item_names

    source = opened(context, project)
    found = ask(source, user=user, domain=domain, top=top, run=run, as_tested=as_tested)
    if json:
        say_json(found)
        return
    names = item_names(source, [line.key for line in found.items])
    say_table(
        ["rank", "score", "item", "title"],
        [
            [
                at,
                f"{line.score:.4f}",
                line.item,
                names.get(line.key, line.title) + (" (target)" if line.target else ""),
            ]
            for at, line in enumerate(found.items, 1)
        ],
        right=frozenset({0, 1}),
    )
    note(found.note)
