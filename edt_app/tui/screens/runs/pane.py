"""The lower part of the runs screen: a text to scroll, or curves."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import ContentSwitcher, Static

from edt_app.terminal import safe_text
from edt_app.tui.widgets.chart import Chart
from edt_app.tui.widgets.moving import Scrolled
from edt_app.tui.widgets.plot import Series, View

MOST_CURVES = 8
"""More than eight curves can't be told apart."""

MOST_POINTS = 2000
"""Of a curve: more than any terminal has columns."""


def series_of(curves: Iterable[Any]) -> list[Series]:
    """Curves of runs (``RunCurve``) as the chart takes them, with the best point marked."""
    found = []
    for curve in [*curves][:MOST_CURVES]:
        name = curve.metric.rsplit(" ", 1)[-1]
        best: Any = "min" if "loss" in name else "max" if "@" in name else ""
        found.append(Series(curve.name, curve.epochs, curve.values, best))
    return found


class Pane(Vertical):
    """A title, and below it a text or a chart. ``leave`` is called when the user goes back."""

    DEFAULT_CSS = """
    Pane { border-top: solid $edge; }
    Pane > #title { height: 1; text-style: bold; padding: 0 1; }
    Pane > ContentSwitcher { height: 1fr; }
    Pane VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    Pane VerticalScroll > Static { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self._leave = leave
        self._waiting = False

    def compose(self) -> ComposeResult:
        """Title, text and chart."""
        yield Static(id="title", markup=False)
        with ContentSwitcher(initial="text"):
            with Scrolled(id="text"):
                yield Static(id="content", markup=False)
            yield Chart(id="chart", view=View(x_name="epoch"))

    @property
    def text_width(self) -> int:
        """Columns of a line of text."""
        return max(40, self.size.width - 3)

    def wait(self, title: str, text: str) -> None:
        """Say what is being worked out."""
        self.tell(title, Text(f"● {text} …"))
        self._waiting = True

    def give_up(self) -> None:
        """Nothing more comes of what was waited for."""
        if self._waiting:
            self.tell("", Text(""))

    def tell(self, title: str, text: Text) -> None:
        """Show a text from its start."""
        self._waiting = False
        self._entitle(title)
        self.query_one("#content", Static).update(text)
        switch = self.query_one(ContentSwitcher)
        was_chart = switch.current == "chart"
        switch.current = "text"
        scroll = self.query_one("#text", Scrolled)
        scroll.scroll_home(animate=False)
        if was_chart and self.query_one(Chart).has_focus:
            scroll.focus()

    def plot(self, title: str, series: Sequence[Series]) -> None:
        """Show curves."""
        self._waiting = False
        self._entitle(title)
        self.query_one(ContentSwitcher).current = "chart"
        chart = self.query_one(Chart)
        chart.set_series(series)
        if self.query_one("#text", Scrolled).has_focus:
            chart.focus()

    def take_focus(self) -> None:
        """Keys go to what is shown."""
        current = self.query_one(ContentSwitcher).current
        self.query_one(f"#{current}").focus()

    def action_leave(self) -> None:
        """Back to the table."""
        self._leave()

    def _entitle(self, title: str) -> None:
        self.query_one("#title", Static).update(
            Text(safe_text(title), no_wrap=True, overflow="ellipsis")
        )
