"""Curves as text: many points folded into braille or ASCII cells, with axes and a legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from edt_app.tui.widgets.canvas import CURSOR, FAINT, PLAIN, STRONG, Line, Run
from edt_app.tui.widgets.cells import cut, fit, steady_text
from edt_app.tui.widgets.scale import Floats, Range, ema, log_ticks, rounded, short, ticks

Ints = NDArray[np.intp]

MARKS = "●▲■◆▼○△□"
ASCII_MARKS = "*+xo#%&$"
DASHES = (
    (True,),
    (True,) * 5 + (False,) * 3,
    (True, False, False),
    (True,) * 6 + (False, True, False, False),
)
DASH_SAMPLES = ("──", "╌╌", "┈┈", "─┈")
BEST, ASCII_BEST = "★", "@"
MOST_NAME = 24
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)


@dataclass(frozen=True, eq=False)
class Series:
    """A curve: ``x`` ascending, ``y`` of the same length; a point that is not finite is a gap."""

    name: str
    x: Floats
    y: Floats
    best: Literal["", "min", "max"] = ""


@dataclass(frozen=True)
class View:
    """How curves are looked at.

    ``window`` is the range of x shown (None: all), ``smooth`` the weight of the past in the moving
    average, ``cursor`` the x whose values are read out.
    """

    window: Range | None = None
    log: bool = False
    smooth: float = 0.0
    cursor: float | None = None
    plain: bool = False
    x_name: str = ""
    y_name: str = ""


@dataclass(frozen=True)
class _Frame:
    """The cells inside the axes and the ranges they stand for (y after the log)."""

    width: int
    height: int
    x: Range
    y: Range
    dots: tuple[int, int]

    def columns(self, x: Floats) -> Ints:
        return np.rint(
            (x - self.x[0]) / (self.x[1] - self.x[0]) * (self.width * self.dots[0] - 1)
        ).astype(np.intp)

    def rows(self, y: Floats) -> Ints:
        return np.rint(
            (self.y[1] - y) / (self.y[1] - self.y[0]) * (self.height * self.dots[1] - 1)
        ).astype(np.intp)


def draw(series: Sequence[Series], width: int, height: int, view: View | None = None) -> list[Line]:
    """Curves over each other in ``width`` x ``height`` cells: legend, plot, x axis.

    Every series has a colour role, a mark and a dash of its own; the first lies on top.
    """
    view = view or View()
    curves = [_shown(one, view) for one in series]
    known = [one for one in curves if np.isfinite(one.y).any()]
    if not known or width < 16 or height < 3:
        return _blank("no points yet" if not known else "too small", width, height)
    legend = _legend(series, width, max(1, height // 4), view) if height >= 5 else []
    rows = height - len(legend) - 1
    y_range = rounded(
        min(float(np.nanmin(one.y)) for one in known), max(float(np.nanmax(one.y)) for one in known)
    )
    labels = _y_labels(y_range, rows, view.log)
    gutter = max(len(text) for text in labels.values()) + 1
    frame = _Frame(
        width - gutter, rows, x_range(series, view), y_range, (1, 1) if view.plain else (2, 4)
    )
    plot = [
        [_axis(labels.get(row, ""), gutter, view.plain), *cells]
        for row, cells in enumerate(_runs(*_plot(curves, frame, view)))
    ]
    bottom = (
        _x_labels(frame, gutter, view) if view.cursor is None else _readout(series, width, view)
    )
    return [*legend, *plot, bottom]


def x_range(series: Sequence[Series], view: View) -> Range:
    """The x shown: the window, or everything, rounded up so that a growing curve moves seldom."""
    if view.window is not None:
        return view.window
    ends = [(float(one.x[0]), float(one.x[-1])) for one in series if len(one.x)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    return (low, rounded(low, high, 16)[1]) if low < high else rounded(low, high)


def values_at(series: Sequence[Series], x: float, smooth: float = 0.0) -> list[float]:
    """Each curve's value at the last point up to ``x``; not a number where it has none.

    That is before its first point, and further behind its last than that is behind the one before.
    """
    found = []
    for one in series:
        at = int(np.searchsorted(one.x, x, "right")) - 1
        ended = at > 0 and x > 2 * one.x[-1] - one.x[-2]
        known = at >= 0 and not ended
        found.append(float(ema(one.y, smooth)[at]) if known else float("nan"))
    return found


def _shown(one: Series, view: View) -> Series:
    """The part of a curve inside the window, smoothed, on the scale of the y axis."""
    y = ema(np.asarray(one.y, np.float64), view.smooth)
    with np.errstate(all="ignore"):
        y = np.log10(y) if view.log else y
    y = np.where(np.isfinite(y), y, np.nan)
    x = np.asarray(one.x, np.float64)
    if view.window is None or not len(x):
        return Series(one.name, x, y, one.best)
    low, high = view.window
    first, last = np.searchsorted(x, low), np.searchsorted(x, high, "right")
    inner_x, inner_y = x[first:last], y[first:last]
    if 0 < first < len(x):  # the line enters the window between two points
        inner_x, inner_y = _joined(low, x, y, int(first), inner_x, inner_y, before=True)
    if 0 < last < len(x):
        inner_x, inner_y = _joined(high, x, y, int(last), inner_x, inner_y, before=False)
    return Series(one.name, inner_x, inner_y, one.best)


def _joined(
    at: float, x: Floats, y: Floats, right: int, inner_x: Floats, inner_y: Floats, *, before: bool
) -> tuple[Floats, Floats]:
    edge = np.interp(at, x[right - 1 : right + 1], y[right - 1 : right + 1])
    if before:
        return np.append(at, inner_x), np.append(edge, inner_y)
    return np.append(inner_x, at), np.append(inner_y, edge)


def trace(columns: Ints, rows: Floats | Ints, known: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """The dots of a line through many points, in its order: a dot column keeps its extremes alone.

    ``columns`` ascend; a point that is not ``known`` breaks the line.
    """
    gap = np.cumsum(~known)[known]
    columns, rows = columns[known], np.asarray(rows)[known].astype(np.intp)
    if not len(columns):
        return columns, rows
    new = (columns[1:] != columns[:-1]) | (gap[1:] != gap[:-1])
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    ends = np.concatenate([starts[1:], [len(columns)]]) - 1
    # per dot column: from top to bottom, then on to the next one's first point
    lines = np.empty((len(starts), 2, 4), np.intp)
    lines[:, :, 0] = columns[starts, np.newaxis]
    lines[:, 0, 2] = columns[starts]
    lines[:, 0, 1] = np.minimum.reduceat(rows, starts)
    lines[:, 0, 3] = np.maximum.reduceat(rows, starts)
    lines[:, 1, 1] = rows[ends]
    lines[:-1, 1, 2], lines[:-1, 1, 3] = columns[starts[1:]], rows[starts[1:]]
    last = np.concatenate([gap[ends[:-1]] != gap[starts[1:]], [True]])
    lines[last, 1, 2:] = lines[last, 1, :2]
    return _rasterised(lines.reshape(-1, 4))


def _rasterised(lines: Ints) -> tuple[Ints, Ints]:
    x0, y0, x1, y1 = lines.T
    across, down = x1 - x0, y1 - y0
    steps = np.maximum(np.abs(across), np.abs(down)) + 1
    which = np.repeat(np.arange(len(lines)), steps)
    along = np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps)
    part = along / np.maximum(1, steps - 1)[which]
    columns = np.rint(x0[which] + part * across[which]).astype(np.intp)
    rows = np.rint(y0[which] + part * down[which]).astype(np.intp)
    return columns, rows


def _plot(
    curves: Sequence[Series], frame: _Frame, view: View
) -> tuple[NDArray[np.uint32], NDArray[np.int16]]:
    """Letters and roles of every cell inside the axes."""
    dots = np.zeros((frame.height * frame.dots[1], frame.width * frame.dots[0]), np.uint8)
    codes = np.full((frame.height, frame.width), ord(" "), np.uint32)
    roles = np.full((frame.height, frame.width), PLAIN, np.int16)
    marks: list[tuple[int, int, int, str]] = []
    for at in reversed(range(len(curves))):
        one = curves[at]
        known = np.isfinite(one.y)
        rows = frame.rows(np.where(known, one.y, frame.y[0]))
        columns = frame.columns(one.x)
        dot_x, dot_y = trace(columns, rows, known)
        kept = (dot_x >= 0) & (dot_x < dots.shape[1])  # x that does not ascend
        dash = np.array(DASHES[at % len(DASHES)])
        if len(dash) > 1 and not view.plain:
            kept &= dash[np.arange(len(dot_x)) % len(dash)]
        dot_x, dot_y = dot_x[kept], dot_y[kept]
        cell_x, cell_y = dot_x // frame.dots[0], dot_y // frame.dots[1]
        roles[cell_y, cell_x] = at
        if view.plain:
            codes[cell_y, cell_x] = ord(ASCII_MARKS[at % len(ASCII_MARKS)])
        else:
            dots[dot_y, dot_x] = 1
        marks += _marks(one, at, len(curves), columns, rows, known, frame, view)
    if not view.plain:
        bits = np.einsum("ydxe,de->yx", dots.reshape(frame.height, 4, frame.width, 2), _DOTS)
        codes[bits > 0] = 0x2800 + bits[bits > 0].astype(np.uint32)
    for column, row, role, sign in marks:
        codes[row, column], roles[row, column] = ord(sign), role
    if view.cursor is not None and frame.x[0] <= view.cursor <= frame.x[1]:
        column = int(frame.columns(np.array([view.cursor]))[0]) // frame.dots[0]
        blank = codes[:, column] == ord(" ")
        codes[blank, column] = ord("|" if view.plain else "│")
        roles[blank, column] = CURSOR
    return codes, roles


def _marks(
    one: Series,
    role: int,
    n_series: int,
    columns: Ints,
    rows: Ints,
    known: NDArray[np.bool_],
    frame: _Frame,
    view: View,
) -> list[tuple[int, int, int, str]]:
    """A series' own sign along its line, apart from the others', and the star on its best point."""
    found = []
    points = np.flatnonzero(known)
    if n_series > 1 and len(points) and not view.plain:
        share = (np.arange(4) + (role + 0.5) / n_series) / 4
        near = points[
            np.minimum(
                np.searchsorted(columns[points], share * columns[points[-1]]), len(points) - 1
            )
        ]
        sign = MARKS[role % len(MARKS)]
        found = [
            (columns[at] // frame.dots[0], rows[at] // frame.dots[1], role, sign) for at in near
        ]
    if one.best and len(points):
        best = int(np.nanargmax(one.y) if one.best == "max" else np.nanargmin(one.y))
        sign = ASCII_BEST if view.plain else BEST
        found.append((columns[best] // frame.dots[0], rows[best] // frame.dots[1], role, sign))
    return [(int(column), int(row), role, sign) for column, row, role, sign in found]


def _runs(codes: NDArray[np.uint32], roles: NDArray[np.int16]) -> list[Line]:
    """Every row's neighbours of one role as one run."""
    height, width = codes.shape
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    cuts: list[list[int]] = [[0] for _ in range(height)]
    for row, column in np.argwhere(roles[:, 1:] != roles[:, :-1]).tolist():
        cuts[row].append(column + 1)
    return [
        [
            (text[row * width + start : row * width + end], int(roles[row, start]))
            for start, end in pairwise([*cuts[row], width])
        ]
        for row in range(height)
    ]


def _y_labels(y: Range, rows: int, log: bool) -> dict[int, str]:
    found = {}
    for value in (log_ticks if log else ticks)(*y, max(1, rows // 3)):
        row = round((y[1] - value) / (y[1] - y[0]) * (rows - 1))
        found[row] = short(10.0**value if log else value)
    return found or {0: short(10.0 ** y[1] if log else y[1])}


def _axis(label: str, gutter: int, plain: bool) -> Run:
    line = ("+" if plain else "┤") if label else "|" if plain else "│"
    return (f"{label:>{gutter - 1}}{line}", FAINT)


def _ways(view: View) -> str:
    """How the curves are changed from what was measured; empty where they are not."""
    log, smooth = "log y" if view.log else "", f"ema {view.smooth:g}" if view.smooth else ""
    return ", ".join(filter(None, (log, smooth)))


def _x_labels(frame: _Frame, gutter: int, view: View) -> Line:
    told = filter(None, (_ways(view), steady_text(view.x_name)))
    name = cut("  ".join(told), frame.width * 3 // 4)
    letters = [" "] * frame.width
    free = 0
    for value in ticks(*frame.x, max(1, frame.width // 12)):
        label = short(value)
        column = round((value - frame.x[0]) / (frame.x[1] - frame.x[0]) * (frame.width - 1))
        start = max(0, min(column - len(label) // 2, frame.width - len(label)))
        if start >= free and start + len(label) < frame.width - len(name):
            letters[start : start + len(label)] = label
            free = start + len(label) + 1
    axis = "".join(letters)
    return [(" " * gutter + axis[: frame.width - len(name)] + name, FAINT)]


def _legend(series: Sequence[Series], width: int, most: int, view: View) -> list[Line]:
    """Mark, dash, name and last value of every series, on as few lines as they need."""
    entries: Line = [(_entry(one, at, view), at) for at, one in enumerate(series)]
    if view.y_name:
        entries.insert(0, (cut(steady_text(view.y_name), width // 2) + "  ", STRONG))
    lines: list[Line] = [[]]
    room = width
    for done, (text, role) in enumerate(entries):
        if cell_len(text.rstrip()) > room and lines[-1]:
            if len(lines) == most:
                lines[-1].append((cut(f"+{len(entries) - done}", room), PLAIN))
                break
            lines.append([])
            room = width
        lines[-1].append((cut(text, room), role))
        room -= cell_len(lines[-1][-1][0])
    return lines


def _entry(one: Series, at: int, view: View) -> str:
    known = one.y[np.isfinite(one.y)]
    last = short(float(known[-1]) if len(known) else float("nan"))
    name = fit(one.name, MOST_NAME).rstrip()
    if view.plain:
        return f"{ASCII_MARKS[at % len(ASCII_MARKS)]} {name} {last}  "
    return f"{MARKS[at % len(MARKS)]}{DASH_SAMPLES[at % len(DASH_SAMPLES)]} {name} {last}  "


def _readout(series: Sequence[Series], width: int, view: View) -> Line:
    """The cursor's x and every curve's value there, in place of the x axis."""
    assert view.cursor is not None
    marks = ASCII_MARKS if view.plain else MARKS
    line: Line = [(f"{steady_text(view.x_name) or 'x'} {short(view.cursor)}  ", STRONG)]
    for at, value in enumerate(values_at(series, view.cursor, view.smooth)):
        line.append((f"{marks[at % len(marks)]} {short(value)}  ", at))
    kept: Line = []
    room = width
    for text, role in line:
        kept.append((cut(text, room), role))
        room -= cell_len(kept[-1][0])
    if cell_len(ways := _ways(view)) <= room:  # the values come first
        kept.append((ways, FAINT))
    return kept


def _blank(text: str, width: int, height: int) -> list[Line]:
    return [
        [(fit(text if row == height // 2 else "", width), FAINT)] for row in range(max(0, height))
    ]
