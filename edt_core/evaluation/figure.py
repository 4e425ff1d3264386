"""Curves as a figure: SVG for papers and slides, CSV for whoever draws them anew.

Series are told apart by their dashes as well as by colour. Names come from users' files and are
written as text alone.
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
_WIDTH, _HEIGHT = 640, 400
_LEFT, _TOP, _BOTTOM = 64, 36, 48
_LEGEND_LINE = 16
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


def to_svg(lines: Sequence[Line], *, title: str, x_name: str, y_name: str) -> str:
    """The curves over each other with axes and a legend, as an SVG document."""
    points = [
        (float(x), float(y)) for line in lines for x, y in zip(line.x, line.y, strict=True)
        if math.isfinite(y)
    ]  # fmt: skip
    height = _HEIGHT + _LEGEND_LINE * len(lines)
    xs = _span([x for x, _ in points])
    ys = _span([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = _LEFT + (x - xs[0]) / (xs[1] - xs[0]) * (_WIDTH - _LEFT - 16)
        down = _HEIGHT - _BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (_HEIGHT - _TOP - _BOTTOM)
        return round(right, 1), round(down, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        _text(_WIDTH / 2, 20, title, "middle", 14),
        *_axes(xs, ys, place),
        _text(_WIDTH / 2, _HEIGHT - 8, x_name, "middle"),
        _text(8, 20, y_name, "start"),
    ]
    for number, line in enumerate(lines):
        parts += _drawn(number, line, place)
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


def _axes(xs: tuple[float, float], ys: tuple[float, float], place: _Place) -> Iterator[str]:
    for x in _ticks(*xs):
        right, bottom = place(x, ys[0])
        yield _text(right, bottom + 18, f"{x:g}", "middle")
        yield f'<path d="M{right} {bottom}v5" stroke="black"/>'
    for y in _ticks(*ys):
        left, down = place(xs[0], y)
        yield _text(left - 6, down + 4, f"{y:.6g}", "end")
        yield f'<path d="M{left} {down}H{_WIDTH - 16}" stroke="#dddddd"/>'
    (left, bottom), (_, top) = place(xs[0], ys[0]), place(xs[0], ys[1])
    yield f'<path d="M{left} {top}V{bottom}H{_WIDTH - 16}" stroke="black" fill="none"/>'


def _drawn(number: int, line: Line, place: _Place) -> Iterator[str]:
    look = f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="1.8" fill="none"'
    dash = _DASHES[number % len(_DASHES)]
    look += f' stroke-dasharray="{dash}"' if dash else ""
    down = _HEIGHT + _LEGEND_LINE * number + 6
    yield f'<path d="M{_LEFT} {down - 4}h32" {look}/>'
    yield _text(_LEFT + 40, down, line.name, "start")
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


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    clean = escape("".join(c if c.isprintable() else " " for c in text))
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}">{clean}</text>'
