"""``edt runs | report | experiment | recommend``."""

from typing import Annotated

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
from edt_app.terminal import note, progress_lines, safe_text, say, say_json, say_table

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
    say_table(
        ["run", "model", "state", "seeds", "started", "minutes", "N@10", "tag", "settings"],
        [
            [
                line.id,
                line.label,
                line.state,
                " ".join(str(seed) for seed in line.seeds),
                line.started,
                "-" if line.seconds is None else f"{line.seconds / 60:.1f}",
                "-" if line.ndcg is None else f"{line.ndcg:.4f}",
                line.tag or "-",
                line.changed or "-",
            ]
            for line in lines
        ],
        right=frozenset({0, 5, 6}),
    )
    for line in lines:
        if line.state == "silent":
            say(f"Run {line.id} gives no sign of life; it may be frozen. Since when: edt status.")
    if without := [str(line.id) for line in lines if line.stand_in]:
        say(f"Runs {', '.join(without)}: {stand_in_note()}")
    if earlier := [str(line.id) for line in lines if line.earlier]:
        say(f"Runs {', '.join(earlier)} are about data that was imported before.")


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
    """Compare runs: settings that differ, metrics, and paired tests over users."""
    from edt_core.actions.comparing import compare as tell

    found = tell(opened(context, project), *numbers, groups=groups)
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
    """Forget a run, its curves and metrics; stored results stay, other runs may share them."""
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
            "--format", help="text, md, csv (notes are lines that begin with #), latex or json."
        ),
    ] = "text",
    json: AsJson = False,
) -> None:
    """Print a table of results."""
    from edt_core.actions.reporting import report as tell
    from edt_core.evaluation.table import FORMATS, render

    one_of("--format", format, *FORMATS)
    tables = tell(opened(context, project), name)
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
    name: Annotated[str, typer.Argument(help="Such as overall, ablation or cold-start.")],
    project: ProjectName,
    set_: Settings = [],
    seed: Seeds = [],
    device: Device = "auto",
    max_cost: MaxCost = None,
    background: Background = False,
    json: AsJson = False,
) -> None:
    """Make one of the paper's tables or figures on this project's data."""
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
    """Recommend items to a user from a trained run; no language model is asked."""
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
