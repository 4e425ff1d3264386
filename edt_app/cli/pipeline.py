"""``edt run | status | estimate | demo``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.jobs import in_background
from edt_app.cli.options import (
    AsJson,
    Background,
    Device,
    MaxCost,
    ProjectName,
    Seeds,
    Settings,
    home,
    opened,
)
from edt_app.terminal import (
    note,
    progress_lines,
    say,
    say_json,
    say_table,
    tell,
    terminal_width,
)

if TYPE_CHECKING:
    from edt_core.evaluation.table import Table


LONGEST = 60
"""Rows of a table of results that a terminal is shown."""


def add_demo(app: typer.Typer) -> None:
    """Add the command that a newcomer types first."""
    app.command()(demo)


def add(app: typer.Typer) -> None:
    """Add the commands about the pipeline."""
    app.command()(run)
    app.command()(status)
    app.command()(estimate)


def demo(
    context: typer.Context,
    project: Annotated[str, typer.Option("--project", "-p", help="Its name.")] = "demo",
    device: Device = "auto",
    background: Background = False,
    json: AsJson = False,
) -> None:
    """Make the built-in project and run all of it: no key needed.

    A fictional shop of two domains, LLM-EDT and three baselines; no network is used either.
    """
    if background:
        in_background(context, project, "demo", device="" if device == "auto" else device)
        return
    from edt_core.actions.demo import run_demo
    from edt_core.actions.stopping import stop_on_signals

    with stop_on_signals() as check, progress_lines() as sink:
        outcome = run_demo(home(context), project, device=device, sink=sink, check=check)
    if json:
        say_json(outcome)
        return
    say_report(outcome.table)
    note(f"The project is in {outcome.folder}. Next: edt report --project {outcome.project}")


def say_report(table: "Table") -> None:
    """A table of results as plain text.

    On a terminal it is cut between columns to fit, and a long one is broken off.
    """
    from dataclasses import replace

    from edt_core.evaluation.table import in_parts, to_text

    left = len(table.rows) - LONGEST if sys.stdout.isatty() else 0
    if left > 0:
        table = replace(table, rows=table.rows[:LONGEST])
    parts = in_parts(table, terminal_width()) if sys.stdout.isatty() else [table]
    for number, part in enumerate(parts):
        if number:
            say()
        for line in to_text(part).splitlines():
            tell(line)
    if any(cell.mark for row in table.rows for cell in row):
        tell("¹ best, ² second best.")
    if left > 0:
        note(f"{left:,} more rows: edt report with --format csv, or into a file, shows all.")


def run(
    context: typer.Context,
    project: ProjectName,
    until: Annotated[str, typer.Option("--until", help="Stop after this stage.")] = "",
    from_: Annotated[
        str,
        typer.Option("--from", help="Compute anew from this stage on (an import is not repeated)."),
    ] = "",
    set_: Settings = [],
    seed: Seeds = [],
    variant: Annotated[
        str, typer.Option("--variant", help="A model of the paper's tables, such as SASRec.")
    ] = "LLM-EDT",
    device: Device = "auto",
    max_cost: MaxCost = None,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Ask again what found no answer, also where a trained model stands on the others.",
        ),
    ] = False,
    reuse_calls_from: Annotated[
        str, typer.Option("--reuse-calls-from", metavar="OTHER", help="A project that paid before.")
    ] = "",
    background: Background = False,
    json: AsJson = False,
) -> None:
    """Run the pipeline; what is stored is not made again.

    Nothing is computed or paid for twice, and a run that was stopped goes on.

    Questions to a model that found no answer are asked again, unless a trained model stands on the
    others: then --retry-failed does.
    """
    if reuse_calls_from:
        sections = ("llm", "embedding")
        set_ = [*set_, *(f"{section}.reuse_from={reuse_calls_from}" for section in sections)]
    if background:
        in_background(
            context,
            project,
            "run",
            until=until,
            from_=from_,
            set=set_,
            seed=seed,
            variant="" if variant == "LLM-EDT" else variant,
            device="" if device == "auto" else device,
            max_cost=max_cost,
            retry_failed=retry_failed,
        )
        return
    from edt_core.actions.failures import told
    from edt_core.actions.running import run_variant
    from edt_core.actions.stopping import stop_on_signals

    with stop_on_signals() as check, progress_lines() as sink:
        outcome = run_variant(
            opened(context, project),
            variant=variant,
            settings=set_,
            seeds=seed,
            until=until,
            start=from_,
            device=device,
            max_cost=max_cost,
            retry_failed=retry_failed,
            sink=sink,
            check=check,
        )
    if json:
        say_json(outcome)
        return
    if outcome.table is not None:
        say_report(outcome.table)
    computed = f"{outcome.computed} stages computed, {outcome.reused} reused"
    note(f"Run {outcome.run}: {outcome.state}; {computed}.")
    if outcome.failed:
        note(f"{told(outcome.failed)}. They are listed: edt calls --status unanswered")


def status(context: typer.Context, project: ProjectName, json: AsJson = False) -> None:
    """Show how far each stage is, what it holds and what was paid.

    A stage is fresh, stale, partial or missing.
    """
    from dataclasses import asdict

    from edt_core.actions.needs import needs
    from edt_core.actions.status import project_status

    asked = opened(context, project)
    found, waiting = project_status(asked), needs(asked)
    if json:
        say_json({**asdict(found), "needs": waiting})
        return
    say_table(
        ["stage", "state", "stored", "what it holds", "why"],
        [
            [line.step, line.state, f"{line.stored}/{line.total}", line.holds, line.reason]
            for line in found.stages
        ],
        right=frozenset({2}),
        wrap=True,
    )
    paid = found.cost > 0 or found.unpriced
    cost = f"${found.cost:.4f} known to be spent" if paid else "no paid call"
    note(f"{found.calls:,} calls kept, {cost}. {found.note}".rstrip())
    for need in waiting:
        note(f"{'!' if need.urgent else '·'} {need.step}: {need.text}.")


def estimate(
    context: typer.Context,
    project: ProjectName,
    set_: Settings = [],
    variant: Annotated[str, typer.Option("--variant", help="A model, as for edt run.")] = "LLM-EDT",
    until: Annotated[str, typer.Option("--until", help="Up to this stage.")] = "",
    experiment: Annotated[
        str, typer.Option("--experiment", help="All runs of an experiment, such as ablation.")
    ] = "",
    json: AsJson = False,
) -> None:
    """Calls, tokens, cost and time of what a run would still ask.

    Nothing is sent.
    """
    from edt_core.actions.estimating import estimate as ask
    from edt_core.errors import UsageError

    if experiment and (until or variant != "LLM-EDT"):
        raise UsageError("--experiment says which runs there are.", hint="Leave the others out.")
    found = ask(opened(context, project), set_, variant=variant, until=until, experiment=experiment)
    if json:
        say_json(found)
        return
    say_table(
        ["stage", "what", "calls", "tokens in", "tokens out", "cost", "time", "from"],
        [
            [
                line.step,
                line.what,
                f"{line.calls:,}" if line.exact else f"at most {line.calls:,}",
                f"{line.prompt_tokens:,}",
                f"{line.completion_tokens:,}",
                _dollars(line.cost),
                _time(line.seconds),
                line.basis,
            ]
            for line in found.lines
        ],
        right=frozenset({2, 3, 4, 5, 6}),
    )
    note(f"In all: {_dollars(found.cost)}, time {_time(found.seconds)}.")
    if found.note:
        note(found.note)
    note("That is what the models are asked; training comes on top.")


def _dollars(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:.4f}" if cost else "free"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
