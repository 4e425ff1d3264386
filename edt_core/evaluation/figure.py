"""Curves and points as a figure: SVG for papers and slides, CSV for whoever draws them anew.

Series are told apart by their dashes and signs as well as by colour. Names come from users' files
and are written as text alone.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from edt_core.evaluation.table import csv_safe

# told apart with any colour vision (Okabe and Ito)
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
# circle, square, triangle, cross; from their middle
_SIGNS = (
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
    "m-3 -3h6v6h-6z",
    "m0 -4l4 7h-8z",
    "m-3 -3l6 6m0 -6l-6 6",
)
_WIDTH, _HEIGHT = 640, 400
_LEFT, _TOP, _BOTTOM = 64, 36, 48
_LEGEND_LINE = 16
_MANY = 8
"""Labels that fit beside each other in letters of the usual size."""
_SLACK = 1e-9
"""Of a step: 0.3 / 0.1 is a little less than 3."""

_Place = Callable[[float, float], tuple[float, float]]
"""From a point's values to its place on the page."""


@dataclass(frozen=True)
class Line:
    """One curve; a value that is no finite number is a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """One pair of axes and what is drawn on it."""

    title: str
    lines: Sequence[Line]
    x_name: str = ""
    labels: Sequence[str] = ()
    """What x = 0, 1, 2, ... stand for, where x is no number."""
    joined: bool = True
    """Points are joined to a curve; else each stands alone."""


def to_svg(panels: Sequence[Panel]) -> str:
    """The panels, of which there is one or more, two beside each other, as one SVG document."""
    across = min(2, len(panels))
    rows = [panels[at : at + 2] for at in range(0, len(panels), 2)]
    heights = [max(map(_height, row)) for row in rows]
    size = f'width="{_WIDTH * across}" height="{sum(heights)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {_WIDTH * across} {sum(heights)}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, row in enumerate(rows):
        for place, panel in enumerate(row):
            corner = f"{_WIDTH * place} {sum(heights[:number])}"
            parts += [f'<g transform="translate({corner})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def to_csv(lines: Sequence[Line], *, x_name: str, y_name: str) -> str:
    """One row a point: series, x, y; a gap has no y."""
    target = io.StringIO()
    rows = csv.writer(target, lineterminator="\n")
    rows.writerow(["series", csv_safe(x_name), csv_safe(y_name)])
    for line in lines:
        for x, y in zip(line.x, line.y, strict=True):
            rows.writerow([csv_safe(line.name), float(x), float(y) if math.isfinite(y) else ""])
    return target.getvalue()


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> Iterator[float]:
    """About five round values inside, the ends too where they are round."""
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6 + _SLACK)
    for number in range(math.ceil(low / step - _SLACK), math.floor(high / step + _SLACK) + 1):
        yield number * step


def _height(panel: Panel) -> int:
    return _HEIGHT + _LEGEND_LINE * len(panel.lines)


def _panel(panel: Panel) -> Iterator[str]:
    points = [
        (float(x), float(y)) for line in panel.lines for x, y in zip(line.x, line.y, strict=True)
        if math.isfinite(y)
    ]  # fmt: skip
    xs = _span([x for x, _ in points])
    if panel.labels:
        xs = -0.5, len(panel.labels) - 0.5
    ys = _span([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = _LEFT + (x - xs[0]) / (xs[1] - xs[0]) * (_WIDTH - _LEFT - 16)
        down = _HEIGHT - _BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (_HEIGHT - _TOP - _BOTTOM)
        return round(right, 1), round(down, 1)

    yield _text(_WIDTH / 2, 20, panel.title, "middle", 14)
    named: list[tuple[float, str]] = [*enumerate(panel.labels)] or [
        (x, f"{x:g}") for x in _ticks(*xs)
    ]
    yield from _axes(named, xs, ys, place)
    yield _text(_WIDTH / 2, _HEIGHT - 8, panel.x_name, "middle")
    for number, line in enumerate(panel.lines):
        look = f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="1.8" fill="none"'
        if panel.joined:
            yield from _curve(number, line, look, place)
        if panel.labels or not panel.joined:
            yield from _signs(number, line, look, place)
        yield _text(_LEFT + 40, _legend(number), line.name, "start")


def _axes(
    named: Sequence[tuple[float, str]],
    xs: tuple[float, float],
    ys: tuple[float, float],
    place: _Place,
) -> Iterator[str]:
    for x, name in named:
        right, bottom = place(x, ys[0])
        yield _text(right, bottom + 18, name, "middle", 10 if len(named) > _MANY else 12)
        yield f'<path d="M{right} {bottom}v5" stroke="black"/>'
    for y in _ticks(*ys):
        left, down = place(xs[0], y)
        yield _text(left - 6, down + 4, f"{y:.6g}", "end")
        yield f'<path d="M{left} {down}H{_WIDTH - 16}" stroke="#dddddd"/>'
    (left, bottom), (_, top) = place(xs[0], ys[0]), place(xs[0], ys[1])
    yield f'<path d="M{left} {top}V{bottom}H{_WIDTH - 16}" stroke="black" fill="none"/>'


def _legend(number: int) -> int:
    return _HEIGHT + _LEGEND_LINE * number + 6


def _curve(number: int, line: Line, look: str, place: _Place) -> Iterator[str]:
    dash = _DASHES[number % len(_DASHES)]
    look += f' stroke-dasharray="{dash}"' if dash else ""
    yield f'<path d="M{_LEFT} {_legend(number) - 4}h32" {look}/>'
    path = []
    pen = "M"
    for x, y in zip(line.x, line.y, strict=True):
        if not math.isfinite(y):
            pen = "M"
            continue
        right, below = place(float(x), float(y))
        path.append(f"{pen}{right} {below}")
        pen = "L"
    if path:
        yield f'<path d="{"".join(path)}" {look}/>'


def _signs(number: int, line: Line, look: str, place: _Place) -> Iterator[str]:
    """Each point as a sign of its series' own, in the legend too."""
    sign = _SIGNS[number % len(_SIGNS)]
    every = zip(line.x, line.y, strict=True)
    points = [place(float(x), float(y)) for x, y in every if math.isfinite(y)]
    drawn = (
        f"M{right} {down}{sign}" for right, down in [(_LEFT + 16, _legend(number) - 4), *points]
    )
    yield f'<path d="{"".join(drawn)}" {look}/>'


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    clean = escape("".join(c if c.isprintable() else " " for c in text))
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}">{clean}</text>'
