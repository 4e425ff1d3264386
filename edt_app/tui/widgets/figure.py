"""A chart as a file: SVG to look at, CSV to count with."""

import csv
import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from edt_app.terminal import safe_text
from edt_app.tui.widgets.plot import Series, View, x_range
from edt_app.tui.widgets.scale import Floats, ema, log_ticks, rounded, short, ticks

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
DASHES = ("none", "8 4", "2 3", "8 3 2 3")
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 36, 44
LEGEND_LINE = 18


def to_svg(
    series: Sequence[Series],
    view: View | None = None,
    *,
    title: str = "",
    width: int = 800,
    height: int = 480,
) -> str:
    """The curves as a drawing of ``width`` x ``height`` pixels, in colours and dashes.

    Smoothing, log scale and window are those of ``view``; the crosshair is left out.
    """
    view = view or View()
    shown = [_inside(one, view, series) for one in series]
    values = np.concatenate([y[np.isfinite(y)] for _, y in shown]) if shown else np.empty(0)
    if not len(values):
        return _document(width, height, [_text(width / 2, height / 2, "no points", "middle")])
    low, high = rounded(float(values.min()), float(values.max()))
    first, last = x_range(series, view)
    across, down = width - LEFT - RIGHT, height - TOP - BOTTOM

    def across_at(x: Floats | float) -> Any:
        return LEFT + (x - first) / (last - first) * across

    def down_at(y: Floats | float) -> Any:
        return TOP + (high - y) / (high - low) * down

    parts = [_text(width / 2, 20, title, "middle", bold=True)]
    for at in (log_ticks if view.log else ticks)(low, high, 6):
        tall = down_at(at)
        parts.append(f'<path d="M{LEFT} {tall:.1f}h{across}" stroke="#ddd" class="grid"/>')
        parts.append(_text(LEFT - 6, tall + 4, short(10**at if view.log else at), "end"))
    parts += [
        _text(across_at(at), height - BOTTOM + 16, short(at), "middle")
        for at in ticks(first, last, 8)
    ]
    parts.append(_text(LEFT + across / 2, height - 8, view.x_name, "middle"))
    parts.append(_text(LEFT, TOP - 6, view.y_name, "start"))
    for number, (one, (x, y)) in enumerate(zip(series, shown, strict=True)):
        parts += _curve(one.name, number, np.c_[across_at(x), down_at(y)], height)
    return _document(width, height, parts)


def to_csv(series: Sequence[Series]) -> str:
    """Every point as ``series,x,y``; a gap has an empty y."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["series", "x", "y"])
    for one in series:
        for x, y in zip(one.x.tolist(), one.y.tolist(), strict=True):
            rows.writerow([one.name, repr(x), repr(y) if np.isfinite(y) else ""])
    return out.getvalue()


def _inside(one: Series, view: View, series: Sequence[Series]) -> tuple[Floats, Floats]:
    y = ema(np.asarray(one.y, np.float64), view.smooth)
    with np.errstate(all="ignore"):
        y = np.log10(y) if view.log else y
    x = np.asarray(one.x, np.float64)
    low, high = x_range(series, view) if len(x) else (0.0, 0.0)
    seen = (x >= low) & (x <= high)
    return x[seen], np.where(np.isfinite(y), y, np.nan)[seen]


def _curve(name: str, at: int, points: Floats, height: int) -> list[str]:
    """One path, broken at gaps, and its line in the legend."""
    style = (
        f'fill="none" stroke="{COLOURS[at % len(COLOURS)]}" stroke-width="2"'
        f' stroke-dasharray="{DASHES[at % len(DASHES)]}"'
    )
    steps, pen = [], "M"
    for x, y in points.tolist():
        if np.isfinite(y):
            steps.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        else:
            pen = "M"
    y = height - BOTTOM - 10 - at * LEGEND_LINE
    return [
        f'<path d="{" ".join(steps)}" {style}/>',
        f'<path d="M{LEFT + 12} {y - 4}h32" {style}/>',
        _text(LEFT + 50, y, name, "start"),
    ]


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {where}{weight}>{escape(safe_text(text))}</text>"


def _document(width: int, height: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>", ""])
