"""What the user screen says: texts, no Textual."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.theme import DOMAIN_STYLES
from edt_app.tui.widgets.cells import fit

if TYPE_CHECKING:
    from edt_core.actions.user_case import CaseEvent, UserCase
    from edt_core.store.questions import DraftOfUser

HELD_OUT = "held-out events are shown: this is analysis, not review"
_ROOM = 16
"""Columns that a title shall have beside what is told of it."""
_KINDS = {
    "training": "",
    "generated": "+",
    "validation": "held out: validation",
    "target": "held out: TARGET",
}


def heading(case: "UserCase", order: str, place: str) -> str:
    """Who is shown, and why."""
    counts = (case.n_a, case.n_b)
    names = ", ".join(
        f"{count} {letter} {name}"
        for count, letter, name in zip(counts, "AB", case.domain_names, strict=False)
    )
    parts = (f"user {case.user}: {names} events", f"by {order} {place}" if place else "")
    return safe_text("   ".join(part for part in parts if part))


def timeline(case: "UserCase", names: Sequence[str], width: int) -> Text:
    """One line an event, oldest first; inserted items stand where the model saw them.

    Args:
        case: The user.
        names: What to call the item of each event.
        width: Columns.
    """
    text = Text()
    start = (
        f"as run {case.run} trains on it" if case.run is not None else "raw: nothing is inserted"
    )
    text.append(f"Sequence, {start}; {HELD_OUT}\n", style="bold")
    text.append(f"{fit('date', 10)}      {fit('cl', 3)} item\n", style="dim")
    named = list(zip(case.events, names, strict=True))
    at = {event.position: name for event, name in named if event.position is not None}
    for event, name in named:
        text.append(_event(event, name, at, width))
    if case.left_out:
        text.append(f"\nGenerated and not inserted: {len(case.left_out)}\n", style="bold")
        for draft in case.left_out:
            said = draft.decision or draft.verdict or "not judged"
            line = f"  {'AB'[draft.domain]} {said:<9}{_scores(draft)}  {safe_text(draft.title)}"
            text.append(fit(line, width).rstrip() + "\n")
    return text


def _event(event: "CaseEvent", name: str, names: Mapping[int, str], width: int) -> Text:
    date = "" if event.timestamp is None else time.strftime("%Y-%m-%d", _day(event.timestamp))
    cluster = "-" if event.cluster is None else str(event.cluster)
    mark = "+" if event.draft else "▸" if event.kind in {"validation", "target"} else " "
    kind = _KINDS[event.kind]
    tail = f"  ◂ {kind}" if event.kind in {"validation", "target"} else ""
    if width - 22 - len(tail) < _ROOM:
        tail = tail.replace("held out: ", "")
    room = max(8, width - 22 - len(tail))
    line = Text(f"{date:<10} {mark} ")
    line.append("AB"[event.domain], style=f"bold {DOMAIN_STYLES[event.domain]}")
    line.append(f"  {fit(cluster, 3)} ")
    line.append(fit(name, room).rstrip(), style=DOMAIN_STYLES[event.domain])
    line.append(tail + "\n", style="bold")
    if event.draft is not None:
        said = event.draft.decision or event.draft.verdict or "not judged"
        anchor = names.get(-1 if (at := event.draft.anchor_position) is None else at)
        behind = f" after {safe_text(anchor)}" if anchor else ""
        line.append(fit(f"{' ' * 20}{said}{_scores(event.draft)}{behind}", width).rstrip() + "\n")
    return line


def _scores(draft: "DraftOfUser") -> str:
    """The run's scores; behind an arrow those of a text edited since."""
    new = draft.rescored
    found = (
        ("src", draft.source_score, new and new.source_score),
        ("tgt", draft.target_score, new and new.target_score),
    )
    told = [
        (name, " → ".join(f"{value:z.3f}" for value in (before, after) if value is not None))
        for name, before, after in found
    ]
    return "".join(f" {name} {values}" for name, values in told if values)


def _day(timestamp: int) -> time.struct_time:
    try:
        return time.gmtime(timestamp)
    except (OverflowError, OSError, ValueError):  # a moment that no calendar has
        return time.gmtime(0)


def profile(case: "UserCase") -> Text:
    """Summaries, reform text and analysis, in the order in which they were written (3.4.2)."""
    text = Text()
    if not (case.summaries or case.reform or case.analysis):
        text.append("No profile was written yet: the stage is 'profile'.")
        return text
    for number, summary in enumerate(case.summaries, 1):
        text.append(f"Summary {number} of {len(case.summaries)}\n", style="bold")
        text.append(f"{safe_text(summary) or 'refused'}\n\n")
    for title, content in (
        ("Reform: what the domains' ratio means", case.reform),
        ("Analysis: the profile that guides the first phase", case.analysis),
    ):
        text.append(f"{title}\n", style="bold")
        text.append(f"{safe_text(content) or 'none'}\n\n")
    return text


def ranks(case: "UserCase") -> Text:
    """Where each run ranks what was held out."""
    text = Text("Rank of the held-out items (1 is best; means over seeds)\n", style="bold")
    if not case.ranks:
        text.append("No run has a result for this user yet.\n")
    for line in case.ranks:
        plural = "s" if line.seeds != 1 else ""
        text.append(
            f"run {line.run} {fit(line.label, 12)} {line.split:<10} {line.rank:>7.1f} of "
            f"{line.candidates:,}, among negatives {line.rank_sampled:.1f}"
            f" ({line.seeds} seed{plural})\n"
        )
    return text


def recommended(answers: Sequence[tuple[int, str, Any]], width: int) -> Text:
    """Two runs' lists beside each other, or below each other where it is narrow.

    Args:
        answers: Run, label, and what it answered: a document of ``edt recommend`` with the items'
            names for people, or a sentence.
        width: Columns.
    """
    if width >= 60 and len(answers) == 2:
        half = (width - 3) // 2
        columns = [_list(answer, half) for answer in answers]
        rows = max(len(lines) for lines in columns)
        padded = [lines + [""] * (rows - len(lines)) for lines in columns]
        beside = zip(*padded, strict=True)
        return Text("".join(f"{fit(left, half)} │ {right}\n" for left, right in beside))
    return Text("\n".join(line for answer in answers for line in (*_list(answer, width), "")))


def _list(answer: tuple[int, str, Any], width: int) -> list[str]:
    run, label, found = answer
    lines = [fit(f"run {run} {label}", width).rstrip()]
    if isinstance(found, str):
        return [*lines, *_folded(found, width)]
    for at, item in enumerate(found["items"], 1):
        mark = "◂" if item["target"] else " "
        lines.append(fit(f"{at:>2}{mark} {item['score']:>7.3f} {item['name']}", width).rstrip())
    there = any(item["target"] for item in found["items"])
    end = "◂ held-out target" if there else "target not listed"
    return [*lines, f"   seed {found['seed']}; {end}"]


def _folded(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(safe_text(text), max(10, width))
