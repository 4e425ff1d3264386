"""The monitor's charts: as many as fit, looked at as one."""

from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.message import Message

from edt_app.terminal import safe_text
from edt_app.tui.widgets.chart import Chart

SLOTS = 8


class PanelChart(Chart, inherit_bindings=False):
    """A chart in a frame; the screen moves all of them at once, so it has no keys of its own."""

    DEFAULT_CSS = """
    PanelChart { border: round $edge; border-title-color: $foreground; }
    PanelChart:focus { border: round $primary; }
    """
    titled = ""

    def entitle(self, title: str) -> None:
        """Say what it shows; nothing is painted when that did not change."""
        if title != self.titled:
            self.titled = title
            self.border_title = Text(safe_text(title))


class Charts(Grid):
    """One, two, four or eight charts; ``enter`` shows the front one alone."""

    DEFAULT_CSS = """
    Charts { height: 1fr; grid-gutter: 0; }
    Charts > PanelChart { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]

    class Shrunk(Message):
        """All charts are shown again."""

    def __init__(self) -> None:
        super().__init__(id="charts")
        self.large = False
        self._across, self._down, self._filled = 2, 1, 0

    def compose(self) -> ComposeResult:
        """Every chart that may ever be shown."""
        for number in range(SLOTS):
            yield PanelChart(id=f"chart{number}")

    @property
    def every(self) -> list[PanelChart]:
        """All charts, the hidden ones too."""
        return list(self.query(PanelChart))

    @property
    def room(self) -> int:
        """How many charts fit."""
        return self._across * self._down

    @property
    def front(self) -> PanelChart:
        """The focused chart, else the first that is shown."""
        every = self.every
        shown = [chart for chart in every if chart.display]
        return next((chart for chart in every if chart.has_focus), [*shown, *every][0])

    def make_room(self, columns: int, rows: int, used: int) -> None:
        """Make room for ``columns`` x ``rows`` charts, of which the first ``used`` are shown."""
        if (columns, rows, used) != (self._across, self._down, self._filled):
            self._across, self._down, self._filled = columns, rows, used
            self._lay_out()

    def enlarge(self, large: bool) -> None:
        """Show the front chart alone, or all again."""
        front = self.front
        self.large = large
        self._lay_out()
        front.focus()

    def _lay_out(self) -> None:
        front = self.front
        across = max(1, min(self._across, self._filled))
        rows = min(self._down, -(-max(1, self._filled) // across))
        self.styles.grid_size_columns = 1 if self.large else across
        self.styles.grid_size_rows = 1 if self.large else rows
        for number, chart in enumerate(self.every):
            chart.display = chart is front if self.large else number < min(self.room, self._filled)

    # ------------------------------------------------------------------ how they are looked at

    def begin(self, x_name: str, *, plain: bool) -> None:
        """How they are looked at before anyone touched a key."""
        for chart in self.every:
            chart.view = replace(chart.view, x_name=x_name, plain=plain)

    def name_x(self, name: str) -> None:
        """Another x axis: what was zoomed into and pointed at stood on the old one."""
        for chart in self.every:
            chart.look(replace(chart.view, x_name=name, window=None, cursor=None))

    def inspect(self, by: int) -> None:
        """Move the crosshair of all by ``by`` points of the front one."""
        front = self.front
        front.action_inspect(by)
        self._follow(front)

    def zoom(self, factor: float) -> None:
        """Narrow or widen what all show."""
        front = self.front
        front.action_zoom(factor)
        self._follow(front)

    def pan(self, share: float) -> None:
        """Move what all show."""
        front = self.front
        front.action_pan(share)
        self._follow(front)

    def smooth(self) -> None:
        """The next smoothing, for all."""
        front = self.front
        front.action_smooth()
        self._follow(front)

    def logarithmic(self) -> str:
        """Logarithmic or not: the front one alone; its title."""
        self.front.action_log()
        return self.front.titled

    def _follow(self, front: PanelChart) -> None:
        view = front.view
        for chart in self.every:
            if chart is not front:
                chart.look(
                    replace(chart.view, window=view.window, cursor=view.cursor, smooth=view.smooth)
                )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the app's where there is nothing to undo here."""
        if action == "back":
            view = self.front.view
            return view.cursor is not None or view.window is not None or self.large
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Drop the crosshair first, then the zoom, then the large chart."""
        front = self.front
        if front.view.cursor is not None or front.view.window is not None:
            front.action_reset()
            self._follow(front)
        else:
            self.enlarge(False)
            self.post_message(self.Shrunk())
