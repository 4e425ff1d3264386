"""Bars of counted scores with the cut drawn on them: what is kept, what is dropped."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from edt_app.tui.widgets.canvas import CURSOR, FAINT, PLAIN, STRONG, Canvas, Line
from edt_app.tui.widgets.cells import cut, fit
from edt_app.tui.widgets.scale import Floats, short, ticks

KEPT, DROPPED = 0, 1
EIGHTHS = " ▁▂▃▄▅▆▇█"
HALVES = " .#"


@dataclass(frozen=True, eq=False)
class Bars:
    """Counted scores: ``counts[i]`` of them lie in ``edges[i]`` to ``edges[i + 1]``.

    ``cut`` is the score from which on they are kept, as tried out; ``applied`` the one in force.
    Where both directions are shown, each has its own: ``second`` are those of the other. What is
    kept stands below what is dropped where ``kept`` says how many of each bar are; else the cut
    parts the bars.
    """

    counts: NDArray[np.int64]
    edges: Floats
    cut: float | None = None
    applied: float | None = None
    second: tuple[float, float] | None = None
    kept: NDArray[np.int64] | None = None
    log: bool = False
    plain: bool = False
    title: str = ""
    cut_name: str = "draft"


def draw_bars(bars: Bars, width: int, height: int) -> list[Line]:
    """The bars in ``width`` x ``height`` cells: legend, bars by column, the scores' axis."""
    total = int(np.sum(bars.counts))
    if total == 0 or width < 16 or height < 3:
        text = "no scores yet" if total == 0 else "too small"
        return [
            [(fit(text if row == height // 2 else "", width), FAINT)]
            for row in range(max(0, height))
        ]
    legend = [_legend(bars, width)] if height >= 5 else []
    rows = height - len(legend) - 1
    found = column_counts(bars.counts, width)
    heights = np.log1p(found) if bars.log else found
    steps = HALVES if bars.plain else EIGHTHS
    filled = np.ceil(heights / heights.max() * rows * (len(steps) - 1)).astype(int)
    if bars.kept is None:
        kept = np.where(np.arange(width) >= _column(bars.cut, bars, width), filled, 0)
    else:
        share = column_counts(bars.kept, width) / np.maximum(found, 1e-9)
        kept = np.round(filled * share).astype(int)
    lines = [_row(filled, kept, rows - 1 - row, bars) for row in range(rows)]
    return [*legend, *lines, _axis(bars, width)]


def column_counts(counts: NDArray[np.int64], width: int) -> Floats:
    """Counts by screen column; a bin that lies across columns is shared out."""
    whole = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    at = np.linspace(0, len(counts), width + 1)
    return np.diff(np.interp(at, np.arange(len(counts) + 1), whole))


def _column(score: float | None, bars: Bars, width: int) -> int:
    """The screen column of a score; the first one where there is no cut."""
    if score is None:
        return 0
    low, high = float(bars.edges[0]), float(bars.edges[-1])
    return int(np.clip((score - low) / (high - low) * width, 0, width - 1))


def _row(filled: NDArray[np.int_], kept: NDArray[np.int_], above: int, bars: Bars) -> Line:
    """One line of cells, ``above`` counted from the axis up; a cell that parts goes to the kept."""
    steps = HALVES if bars.plain else EIGHTHS
    most = len(steps) - 1
    levels = np.clip(filled - above * most, 0, most)
    stays = np.clip(kept - above * most, 0, most)
    shade = ":" if bars.plain else "░"
    cells: Line = [
        (steps[level if stay == most else stay], KEPT)
        if stay
        else (shade if level else " ", DROPPED)
        for level, stay in zip(levels.tolist(), stays.tolist(), strict=True)
    ]
    draft, applied = ("|", "!") if bars.plain else ("┃", "┊")
    second = bars.second or (None, None)
    for score, sign, role in (
        (second[1], applied, CURSOR),
        (bars.applied, applied, CURSOR),
        (second[0], draft, STRONG),
        (bars.cut, draft, STRONG),
    ):
        if score is not None:
            cells[_column(score, bars, len(cells))] = (sign, role)
    return _joined(cells)


def _joined(cells: Line) -> Line:
    """Neighbours of one role as one run."""
    runs: Line = []
    for text, role in cells:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + text, role)
        else:
            runs.append((text, role))
    return runs


def _legend(bars: Bars, width: int) -> Line:
    signs = (":", "#", "|", "!") if bars.plain else ("░", "█", "┃", "┊")
    parts: Line = [(f"{bars.title}  ", STRONG)] if bars.title else []
    parts += [(f"{signs[0]} dropped  ", DROPPED), (f"{signs[1]} kept  ", KEPT)]
    second = bars.second or (None, None)
    if bars.cut is not None:
        parts.append((f"{signs[2]} {bars.cut_name} {_scores(bars.cut, second[0])}  ", STRONG))
    if bars.applied is not None:
        parts.append((f"{signs[3]} applied {_scores(bars.applied, second[1])}  ", CURSOR))
    if bars.log:
        parts.append(("log", FAINT))
    line: Line = []
    room = width
    for text, role in parts:
        shown = cut(text, room)
        line.append((shown, role))
        room -= len(shown)
    return line


def _scores(one: float, other: float | None) -> str:
    """A cut, or those of items of A and of B."""
    return f"{one:.4g}" if other is None or other == one else f"A {one:.4g} B {other:.4g}"


def _axis(bars: Bars, width: int) -> Line:
    low, high = float(bars.edges[0]), float(bars.edges[-1])
    letters = [" "] * width
    free = 0
    for value in ticks(low, high, max(1, width // 12)):
        label = short(value)
        start = round((value - low) / (high - low) * (width - 1)) - len(label) // 2
        start = max(0, min(start, width - len(label)))
        if start >= free:
            letters[start : start + len(label)] = label
            free = start + len(label) + 1
    return [("".join(letters), FAINT)]


class Histogram(Canvas):
    """Shows ``Bars``; moving the cut repaints the columns between the old and the new one."""

    DEFAULT_CSS = """
    Histogram { height: 1fr; }
    Histogram > .histogram--kept { color: $success; text-style: bold; }
    Histogram > .histogram--dropped { text-style: dim; }
    Histogram > .histogram--cut { color: $warning; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "histogram--kept",
        "histogram--dropped",
        "histogram--cut",
    }

    def __init__(
        self,
        bars: Bars | None = None,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.bars = bars or Bars(np.zeros(1, np.int64), np.array([0.0, 1.0]))

    def show(self, bars: Bars) -> None:
        """Show other counts."""
        self.bars = bars
        self.redraw()

    def move_cut(self, score: float | None) -> None:
        """Draw the tried cut elsewhere."""
        self.show(replace(self.bars, cut=score))

    def draw_lines(self, width: int, height: int) -> list[Line]:
        """The bars in this size."""
        return draw_bars(self.bars, width, height)

    def role_style(self, role: int) -> Style:
        """Kept, dropped and the cut by the theme."""
        names = {KEPT: "kept", DROPPED: "dropped", FAINT: "dropped", STRONG: "cut", CURSOR: "cut"}
        if role == PLAIN:
            return Style.null()
        return self.get_component_rich_style(f"histogram--{names[role]}", partial=True)
