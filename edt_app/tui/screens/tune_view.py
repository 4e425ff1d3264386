"""What the threshold tuner says: settings in, lines of text out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from edt_app.terminal import safe_text
from edt_app.tui.widgets.cells import fit

if TYPE_CHECKING:
    from edt_core.actions.consequences import Consequences
    from edt_core.actions.tuning import Kind, Outcome, Setting
    from edt_core.stages.augmenter.tuning import Answer, Precision, Side

Row = tuple[str, str, str, str]
"""What, under the draft, under the applied setting, the change; a first cell alone is a note."""

NO_SAMPLE: Row = ("  of what was reviewed, which is no random sample", "", "", "")
"""The queue shows what is closest to the cut first, and a reviewer stops somewhere."""

PRESETS: "tuple[tuple[str, int, float, Kind], ...]" = (
    ("the paper's default", 3, 0.90, "absolute"),
    ("Table 11, strict", 3, 0.95, "absolute"),
    ("Table 11, loose", 3, 0.85, "absolute"),
    ("one a user and direction", 1, 0.90, "absolute"),
    ("better than 90 % of random real items", 3, 0.90, "percentile"),
    ("everything with a score", 5, -1.0, "absolute"),
)
"""Name, top_k, threshold and kind."""


def side_name(names: "Sequence[str]", side: "Side") -> str:
    """The direction that is looked at, with the domains' names."""
    a, b = (safe_text(name, width=14) for name in names)
    return {None: f"A {a} ⇄ B {b}", 1: f"A {a} → B {b}", 0: f"B {b} → A {a}"}[side]


def stepped(setting: "Setting", step: float) -> "Setting":
    """The threshold moved by ``step``, inside its range and without rounding dust."""
    low = 0.0 if setting.kind == "percentile" else -1.0
    return replace(setting, threshold=min(1.0, max(low, round(setting.threshold + step, 4))))


def ranked(setting: "Setting", step: int, most: int) -> "Setting":
    """The rank moved by ``step``, from 1 to the deepest there is."""
    return replace(setting, top_k=min(max(1, setting.top_k + step), max(1, most)))


def count_rows(
    draft: "Answer",
    applied: "Answer",
    n_users: int,
    precision: tuple["Precision", "Precision"],
) -> list[Row]:
    """The counts that answer at once."""
    share = [100 * answer.users / max(1, n_users) for answer in (draft, applied)]
    return [
        _whole("items kept", draft.kept, applied.kept),
        _row("per user", draft.per_user, applied.per_user, "{:.2f}"),
        _row("% users with 1+", share[0], share[1], "{:.1f}"),
        _whole("users with 0", n_users - draft.users, n_users - applied.users),
        (
            "precision",
            told(precision[0]),
            told(precision[1]),
            f"of {precision[0].reviewed:,}",
        ),
        *([NO_SAMPLE] if precision[0].reviewed or precision[1].reviewed else []),
        ("your decisions", f"{draft.accepted:,} in", f"{draft.rejected:,} out", "stay"),
    ]


def table_rows(draft: "Outcome", applied: "Outcome", names: Sequence[str]) -> list[Row]:
    """Table 7 after augmentation, for the draft and the applied setting."""
    rows: list[Row] = []
    for domain, name in enumerate(names):
        short = fit(name, 8).rstrip()
        items = [one.before[domain].items + one.new_items[domain] for one in (draft, applied)]
        events = [
            one.before[domain].interactions + one.sides[domain].kept for one in (draft, applied)
        ]
        rows.append(_whole(f"{short} items", items[0], items[1]))
        rows.append(_whole(f"{short} events", events[0], events[1]))
    rows.append(_row("avg. length", draft.mean_length_after, applied.mean_length_after, "{:.2f}"))
    return rows


def row_line(row: Row) -> str:
    """A row in its columns; a note has the whole line."""
    name, draft, applied, change = row
    if not (draft or applied or change):
        return name
    return f"{fit(name, 15)}{draft:>14}{applied:>14}{change:>9}"


def told(precision: "Precision") -> str:
    """A share in percent with Wilson's interval, which is not the same to both sides; or a dash."""
    if precision.value is None:
        return "-"
    return f"{precision.value:.0%} ({100 * precision.low:.0f}-{100 * precision.high:.0f})"


def needed_reviews(precision: "Precision", half: float = 0.03) -> int:
    """How many more reviews bring the interval to about ±``half``, at the share seen so far."""
    share = precision.value if precision.value is not None else 0.5
    share = min(max(share, 0.05), 0.95)
    return max(0, round(1.96**2 * share * (1 - share) / half**2) - precision.reviewed)


def edge_lines(
    ids: Sequence[int],
    scores: Mapping[int, float],
    titles: Mapping[int, str],
    width: int,
    sides: Mapping[int, int],
) -> list[str]:
    """Items at the edge as lines: score, direction where ``sides`` knows it, title."""
    ways = {number: ("B→A  ", "A→B  ")[side] for number, side in sides.items()}
    return [
        f"{scores.get(number, float('nan')):z.4f}  {ways.get(number, '')}"
        + safe_text(titles.get(number, "…"), width=max(8, width - 8 - 5 * bool(ways)))
        for number in ids
    ]


def cost_line(found: "Consequences | None", apply: str, width: int) -> str:
    """What applying the draft would take; in fewer words where the sentence has no room.

    Args:
        found: None while that is worked out.
        apply: The key that does; empty where the draft is what is applied.
        width: Columns.
    """
    if not apply:
        return "The draft is what is applied."
    if found is None:
        return f"{apply} applies it: … working out what that takes"
    text = f"{apply} {found.sentence}; no item is generated anew"
    if len(text) <= width or not found.stale:
        return text
    cost = "cost unknown" if found.cost is None else f"${found.cost:.2f}"
    calls = f"at most {found.calls:,} calls, {cost}" if found.calls else "no call"
    steps = " to ".join(dict.fromkeys((found.stale[0], found.stale[-1])))
    return f"{apply} makes {steps} stale: {calls}"


def wrong_cut(text: str) -> str:
    """What is wrong with a threshold as typed; empty when nothing is."""
    try:
        value = float(text)
    except ValueError:
        return f"✗ {text.strip() or 'Nothing'} is no number."
    return "" if -1.0 <= value <= 1.0 else f"✗ {value:g} is not from -1 to 1."


def setting_line(setting: "Setting", thresholds: tuple[float, float], room: int) -> str:
    """A setting in words; a percentile with the scores that it means, where there is room."""
    text = f"top_k {setting.top_k}  threshold {setting.threshold:g}"
    if setting.kind == "absolute":
        return text
    means = " and ".join(f"{score:.3f}" for score in thresholds)
    whole = f"{text} percentile (A and B: {means})"
    return whole if len(whole) <= room else f"{text} percentile"


def _whole(name: str, draft: int, applied: int) -> Row:
    return name, f"{draft:,}", f"{applied:,}", f"{draft - applied:+,}" if draft != applied else "="


def _row(name: str, draft: float, applied: float, form: str) -> Row:
    change = "=" if draft == applied else f"{draft - applied:+.2f}"
    return name, form.format(draft), form.format(applied), change
