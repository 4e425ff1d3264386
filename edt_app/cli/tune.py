"""``edt tune``: what another threshold would keep, before anything is run."""

from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import MOST, AsJson, ProjectName, opened
from edt_app.terminal import note, safe_text, say_json, say_table, tell

if TYPE_CHECKING:
    from edt_core.actions.tuning import Outcome

NO_SAMPLE = "The precision is that of what was reviewed, which is no random sample."


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(tune)


def tune(
    context: typer.Context,
    project: ProjectName,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Least target score, or a percentile.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", min=1, max=MOST, help="Best source scores kept.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="absolute or percentile.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Keep it in the settings.")] = False,
    json: AsJson = False,
) -> None:
    """Show what another setting of the noise filter would keep."""
    from dataclasses import asdict

    from edt_core.actions.configuring import configuration
    from edt_core.actions.consequences import consequences
    from edt_core.actions.jobs import stand_in_notes
    from edt_core.actions.tuning import Tuning, apply_setting, changed, outcome, settings_of

    opened_project = opened(context, project)
    tuning = Tuning(opened_project)
    wanted = changed(tuning.applied, top_k, threshold, kind)
    found = [outcome(tuning, one) for one in dict.fromkeys((tuning.applied, wanted))]
    takes = consequences(opened_project, settings_of(wanted))
    if apply:
        apply_setting(opened_project, wanted)
    notes = stand_in_notes(configuration(opened_project))
    if any(one.precision.reviewed for one in found):
        notes = [NO_SAMPLE, *notes]
    if json:
        say_json({**asdict(found[-1]), "notes": notes})
        return
    _say(found, [safe_text(name) for name in tuning.domain_names])
    for text in notes:
        tell(text)
    if apply:
        told = f"Kept in the settings, which {takes.told_after}." if takes.changes else "No change."
        note(f"{told} No item is generated anew.")
    elif takes.changes:
        note(f"--apply keeps it, which {takes.sentence}. No item is generated anew.")


def _say(found: "list[Outcome]", names: list[str]) -> None:
    columns = ["", "applied", "draft"][: len(found) + 1]
    rows: list[list[str]] = [
        ["threshold", *(f"{o.setting.threshold:g} {o.setting.kind}" for o in found)],
        ["top_k", *(str(o.setting.top_k) for o in found)],
        ["kept and inserted", *(f"{o.both.kept:,} of {o.both.generated:,}" for o in found)],
        ["per user", *(f"{o.both.per_user:.2f}" for o in found)],
        ["users with one or more", *(f"{o.both.users:,}" for o in found)],
        ["precision (reviewed)", *(_precision(o) for o in found)],
        *(_domain_rows(found, names)),
        ["avg. length", *(f"{o.mean_length_after:.2f}" for o in found)],
    ]
    say_table(columns, rows, right=frozenset({1, 2}))


def _domain_rows(found: "list[Outcome]", names: list[str]) -> list[list[str]]:
    rows = []
    for domain, name in enumerate(names):
        items = [o.before[domain].items + o.new_items[domain] for o in found]
        events = [o.before[domain].interactions + o.sides[domain].kept for o in found]
        rows.append([f"{name} items", *(f"{count:,}" for count in items)])
        rows.append([f"{name} interactions", *(f"{count:,}" for count in events)])
    return rows


def _precision(found: "Outcome") -> str:
    seen = found.precision
    if seen.value is None:
        return "nothing reviewed"
    return f"{seen.value:.2f} ({seen.low:.2f}-{seen.high:.2f}) of {seen.reviewed:,}"
