"""``edt runs show | lineage | export``: one run in detail, and what a comparison leaves behind."""

from typing import Annotated

import typer

from edt_app.cli.options import AsJson, ProjectName, Run, Runs, opened
from edt_app.terminal import safe_text, say, say_json, say_table


def add(app: typer.Typer) -> None:
    """Add the commands about single runs to ``edt runs``."""
    app.command()(show)
    app.command()(lineage)
    app.command()(export)


def show(context: typer.Context, run: Run, project: ProjectName = "", json: AsJson = False) -> None:
    """Show one run: stages, changed settings, metrics."""
    from edt_core.actions.describing import written
    from edt_core.actions.reporting import run_detail

    found = run_detail(opened(context, project), run)
    if json:
        say_json(found)
        return
    say(f"run {found.id}: {safe_text(found.label)}, {found.state}")
    for name, text in (("tag", found.tag), ("note", found.note), ("error", found.error)):
        if text:
            say(f"{name}: {safe_text(text)}")
    say()
    say_table(
        ["stage", "what", "seed", "state", "seconds"],
        [[s.step, s.stage, s.seed or "-", s.state, f"{s.seconds:.1f}"] for s in found.stages],
        right=frozenset({4}),
    )
    if found.changed:
        say()
        rows = [[key, written(value)] for key, value in found.changed.items()]
        say_table(["setting that is no default", "value"], rows)
    if found.metrics:
        say()
        say_table(
            ["test metric", *found.domains],
            [[name, *(f"{value:.4f}" for value in values)] for name, values in found.metrics],
            right=frozenset(range(1, 1 + len(found.domains))),
        )


def lineage(
    context: typer.Context, run: Run, project: ProjectName = "", json: AsJson = False
) -> None:
    """Tell what of a run's training data models wrote, and where."""
    from edt_core.actions.lineage import lineage as trace

    found = trace(opened(context, project), run)
    if json:
        say_json(found)
        return
    if found.note:
        say(found.note)
    if found.events:
        say(
            f"{found.generated:,} of {found.events:,} training events are generated "
            f"({found.items:,} items, {found.users:,} users); {found.profiles:,} profiles."
        )
    if found.calls:
        say()
        say_table(
            ["stage", "template", "model", "calls", "tokens in", "tokens out", "cost"],
            [
                [
                    line.step,
                    line.template,
                    line.model,
                    line.calls,
                    line.prompt_tokens,
                    line.completion_tokens,
                    f"${line.cost:.4f}",
                ]
                for line in found.calls
            ],
            right=frozenset({3, 4, 5, 6}),
        )
    if found.most_used:
        say()
        say_table(["call", "inserted items"], found.most_used, right=frozenset({0, 1}))
        say(f"One of them: edt calls show {found.most_used[0][0]}")


def export(
    context: typer.Context,
    numbers: Runs,
    project: ProjectName = "",
    metric: Annotated[
        str, typer.Option("--metric", help="The figure's curve, such as 'pretrain loss'.")
    ] = "",
    json: AsJson = False,
) -> None:
    """Write a comparison and a figure of curves as files.

    The comparison as Markdown, LaTeX and CSV, the figure as SVG and CSV.
    """
    from edt_core.actions.curves import export_comparison

    paths = export_comparison(opened(context, project), numbers, metric)
    if json:
        say_json([str(path) for path in paths])
        return
    for path in paths:
        say(str(path))
