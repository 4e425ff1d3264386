"""Live curves with a crosshair, zoom, smoothing and a log scale."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from rich.style import Style
from textual.binding import BindingType
from textual.message import Message

from edt_app.tui.commands import CURVES, own_bindings
from edt_app.tui.widgets.canvas import CURSOR, FAINT, STRONG, Canvas, Line
from edt_app.tui.widgets.plot import Series, View, draw, x_range
from edt_app.tui.widgets.scale import Range

SMOOTHINGS = (0.0, 0.6, 0.9, 0.97)
# told apart with any colour vision (Okabe and Ito), and each with a mark and a dash besides
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
# the same hues, dark enough for a light ground
COLOURS_ON_LIGHT = (
    "#0072b2", "#9a6b00", "#007a59", "#a8447f", "#2a7ab8", "#b34700", "#6b6b00", "#666666",
)  # fmt: skip
_STYLES = {
    True: tuple(map(Style.parse, COLOURS)),
    False: tuple(map(Style.parse, COLOURS_ON_LIGHT)),
}
"""By whether the theme is dark."""


class Chart(Canvas, can_focus=True):
    """Several curves over each other. It keeps how it is looked at; the points are its owner's."""

    DEFAULT_CSS = """
    Chart { height: 1fr; }
    Chart > .chart--axis { text-style: dim; }
    Chart > .chart--cursor { color: $foreground; }
    Chart > .chart--strong { text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart--axis", "chart--cursor", "chart--strong"}
    BINDINGS: ClassVar[list[BindingType]] = [
        *own_bindings(
            CURVES,
            left="inspect(-1)",
            right="inspect(1)",
            far_left="inspect(-10)",
            far_right="inspect(10)",
            zoom_in="zoom(0.5)",
            zoom_out="zoom(2.0)",
            pan_left="pan(-0.25)",
            pan_right="pan(0.25)",
            smooth="smooth",
            log="log",
            reset="reset",
        )
    ]

    class Inspected(Message):
        """The crosshair moved; None: it is gone. For charts that follow each other."""

        def __init__(self, chart: "Chart", x: float | None) -> None:
            super().__init__()
            self.chart = chart
            self.x = x

        @property
        def control(self) -> "Chart":
            """The chart, for ``@on`` selectors."""
            return self.chart

    def __init__(
        self,
        *,
        view: View | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.view = view or View()
        self.series: tuple[Series, ...] = ()

    def set_series(self, series: Sequence[Series]) -> None:
        """Show these curves; what did not change on screen is not painted again."""
        self.series = tuple(series)
        self.redraw()

    def look(self, view: View) -> None:
        """Look at the curves in another way."""
        self.view = view
        self.redraw()

    def inspect(self, x: float | None) -> None:
        """Put the crosshair at ``x`` without telling anyone."""
        self.look(replace(self.view, cursor=x))

    def draw_lines(self, width: int, height: int) -> list[Line]:
        """The curves in this size."""
        return draw(self.series, width, height, self.view)

    def role_style(self, role: int) -> Style:
        """A colour by series, the theme's for axes."""
        if role >= 0:
            styles = _STYLES[self.app.current_theme.dark]
            return styles[role % len(styles)]
        names = {FAINT: "chart--axis", CURSOR: "chart--cursor", STRONG: "chart--strong"}
        if role in names:
            return self.get_component_rich_style(names[role], partial=True)
        return Style.null()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the screen's where there is nothing to undo here."""
        if action == "reset":
            return self.view.cursor is not None or self.view.window is not None
        return super().check_action(action, parameters)

    def action_inspect(self, by: int) -> None:
        """Move the crosshair by points, or by columns where points are closer than those."""
        if (span := self._span()) is None:
            return
        low, high = span
        points = np.unique(np.concatenate([one.x for one in self.series]))
        points = points[(points >= low) & (points <= high)]
        if not len(points):
            return
        columns = max(1, self.size.width)
        if len(points) > columns:
            points = np.linspace(points[0], points[-1], columns)
        if self.view.cursor is None:
            at = len(points) - 1
        else:
            at = int(np.abs(points - self.view.cursor).argmin()) + by
        x = float(points[max(0, min(at, len(points) - 1))])
        self.inspect(x)
        self.post_message(self.Inspected(self, x))

    def action_zoom(self, factor: float) -> None:
        """Narrow or widen the window around the crosshair, or around its middle."""
        if (span := self._span()) is None:
            return
        low, high = span
        centre = (low + high) / 2 if self.view.cursor is None else self.view.cursor
        self._show(centre - (centre - low) * factor, centre + (high - centre) * factor)

    def action_pan(self, share: float) -> None:
        """Move the window by a share of its width."""
        if (span := self._span()) is None or self.view.window is None:
            return
        low, high = span
        by = share * (high - low)
        first, last = x_range(self.series, View())
        by = max(first - low, min(by, last - high))
        self._show(low + by, high + by)

    def action_smooth(self) -> None:
        """The next smoothing."""
        at = SMOOTHINGS.index(self.view.smooth) if self.view.smooth in SMOOTHINGS else -1
        self.look(replace(self.view, smooth=SMOOTHINGS[(at + 1) % len(SMOOTHINGS)]))

    def action_log(self) -> None:
        """Log scale on or off."""
        self.look(replace(self.view, log=not self.view.log))

    def action_reset(self) -> None:
        """Drop the crosshair first, then the zoom."""
        if self.view.cursor is not None:
            self.inspect(None)
            self.post_message(self.Inspected(self, None))
        else:
            self.look(replace(self.view, window=None))

    def _span(self) -> Range | None:
        """The x shown; None without points."""
        if not any(len(one.x) for one in self.series):
            return None
        return x_range(self.series, self.view)

    def _show(self, low: float, high: float) -> None:
        first, last = x_range(self.series, View())
        low, high = max(low, first), min(high, last)
        if high - low < 1e-9 * max(1.0, abs(high)):
            return
        whole = low <= first and high >= last
        self.look(replace(self.view, window=None if whole else (low, high)))
