"""``edt run | status | estimate | config | demo``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.jobs import in_background
from edt_app.cli.options import (
    AsJson,
    Background,
    Device,
    ProjectName,
    Seeds,
    Settings,
    home,
    opened,
)
from edt_app.terminal import (
    note,
    progress_lines,
    safe_text,
    say,
    say_json,
    say_table,
    terminal_width,
)

if TYPE_CHECKING:
    from edt_core.evaluation.table import Table

config_app = typer.Typer(invoke_without_command=True, help="Show and change a project's settings.")


def add_demo(app: typer.Typer) -> None:
    """Add the command that a newcomer types first."""
    app.command()(demo)


def add(app: typer.Typer) -> None:
    """Add the commands about the pipeline."""
    app.command()(run)
    app.command()(status)
    app.command()(estimate)
    app.add_typer(config_app, name="config")


def demo(
    context: typer.Context,
    project: Annotated[str, typer.Option("--project", "-p", help="Its name.")] = "demo",
    device: Device = "auto",
    background: Background = False,
    json: AsJson = False,
) -> None:
    """Make the built-in two-domain project and run all of it: no key, no network."""
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
    """A table of results as plain text; on a terminal it is cut between columns to fit."""
    from edt_core.evaluation.table import in_parts, to_text

    parts = in_parts(table, terminal_width()) if sys.stdout.isatty() else [table]
    for number, part in enumerate(parts):
        if number:
            say()
        for line in to_text(part).splitlines():
            say(safe_text(line))


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
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost", min=0.0, metavar="USD", help="Stop before it; else llm.max_cost counts."
        ),
    ] = None,
    reuse_calls_from: Annotated[
        str, typer.Option("--reuse-calls-from", metavar="OTHER", help="A project that paid before.")
    ] = "",
    background: Background = False,
    json: AsJson = False,
) -> None:
    """Run the pipeline; what is stored is not computed or paid for again."""
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
        )
        return
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


def status(context: typer.Context, project: ProjectName, json: AsJson = False) -> None:
    """Each stage: fresh, stale, partial or missing; counts; cost so far."""
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
    )
    paid = found.cost > 0 or found.unpriced
    cost = f"${found.cost:.4f} known to be spent" if paid else "no paid call"
    note(f"{found.calls:,} calls kept, {cost}. {found.note}")
    for need in waiting:
        note(f"{'!' if need.urgent else '·'} {need.step}: {need.text}.")


def estimate(
    context: typer.Context,
    project: ProjectName,
    set_: Settings = [],
    variant: Annotated[str, typer.Option("--variant", help="A model, as for edt run.")] = "LLM-EDT",
    until: Annotated[str, typer.Option("--until", help="Up to this stage.")] = "",
    json: AsJson = False,
) -> None:
    """Calls, tokens, cost and time that a run would still need; nothing is sent."""
    from edt_core.actions.estimating import estimate as ask

    found = ask(opened(context, project), set_, variant=variant, until=until)
    if json:
        say_json(found)
        return
    say_table(
        ["stage", "what", "calls", "prompt tokens", "answer tokens", "cost", "time", "from"],
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


def _dollars(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:.4f}" if cost else "free"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


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
    key: Annotated[str, typer.Argument(help="One setting; all of them without it.")] = "",
    json: AsJson = False,
) -> None:
    """What a setting is: its default, what is allowed, and the paper's name for it."""
    from edt_core.actions.describing import described, written
    from edt_core.config import known_key

    found = [line for line in described() if not key or line.key == known_key(key)]
    if json:
        say_json(found)
        return
    say_table(
        ["setting", "default", "allowed", "paper", "what it is"],
        [[line.key, written(line.default), line.allowed, line.paper, line.help] for line in found],
    )


@config_app.command("get")
def get(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Such as noise_filter.threshold.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
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
    key: Annotated[str, typer.Argument(help="Such as noise_filter.threshold.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
    project: ProjectName = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would make stale; change nothing.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Change one setting of the project."""
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
        say(safe_text(f"{line.key} = {written(line.after)} (was {written(line.before)})"))
    say(f"{found.sentence if dry_run else found.told_after}.")
