"""The app's widgets at the sizes that matter, as small apps for ``app_responsiveness.py``.

python benchmarks/app_widgets.py table      1,000,000 rows
python benchmarks/app_widgets.py charts     eight curves, a new point each twice a second
python benchmarks/app_widgets.py tuner      the threshold over 1,000,000 scores: left and right
"""

import sys
from typing import ClassVar

import numpy as np
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Grid
from textual.widgets import Static

from edt_app.tui.widgets.chart import Chart
from edt_app.tui.widgets.histogram import Bars, Histogram
from edt_app.tui.widgets.plot import Series, View
from edt_app.tui.widgets.table_rows import Column
from edt_app.tui.widgets.virtual_table import VirtualTable

MILLION = 1_000_000


class TableApp(App[None]):
    """A million rows."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        """One table."""
        columns = [
            Column("id", 9, "right"),
            Column("dir", 5),
            Column("score", 7, "right"),
            Column("title", 20, flexible=True),
            Column("verdict", 10),
        ]
        yield VirtualTable(columns, self.rows, markable=True)

    def on_mount(self) -> None:
        """Every second id, so that ids and row numbers differ."""
        table = self.query_one(VirtualTable)
        table.set_ids(np.arange(0, 2 * MILLION, 2, dtype=np.int64))
        table.focus()

    def rows(self, ids: list[int]) -> dict[int, list[tuple[str, str] | str]]:
        """Made up; some are wide."""
        return {
            at: [
                f"{at:,}",
                "A→B" if at % 3 else "B→A",
                f"{at % 997 / 997:.3f}",
                f"TrailRunner Vest {at} " + ("登山用 🏕️" if at % 7 == 0 else "8L"),
                ("✓ keep", "green") if at % 5 else ("✗ drop", "red"),
            ]
            for at in ids
        }


class ChartsApp(App[None]):
    """Eight live curves, two of them noise."""

    CSS = "Grid { grid-size: 4 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        """Four by two."""
        with Grid():
            for at in range(8):
                yield Chart(view=View(x_name="step", y_name=f"metric {at}"))

    def on_mount(self) -> None:
        """Two seconds' worth of points are there at the start."""
        self.random = np.random.default_rng(42)
        self.points = [list(np.exp(-np.arange(400) / 90)) for _ in range(8)]
        self.set_interval(0.5, self.tick)

    def tick(self) -> None:
        """A point more on every chart."""
        for at, (chart, points) in enumerate(zip(self.query(Chart), self.points, strict=True)):
            noise = self.random.normal(0, 1 if at > 5 else 0.01)
            points.append(noise if at > 5 else float(np.exp(-len(points) / 90)) + noise)
            y = np.array(points)
            chart.set_series([Series("seed 42", np.arange(float(len(y))), y)])


class TunerApp(App[None]):
    """A million scores and a cut."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        """The bars and the count."""
        yield Histogram()
        yield Static(id="kept")

    def on_mount(self) -> None:
        """Scores sorted once; a move is a search."""
        self.scores = np.sort(np.random.default_rng(42).beta(8, 3, MILLION)).astype(np.float32)
        counts, edges = np.histogram(self.scores, 1000, (0, 1))
        self.tau = 0.9
        self.query_one(Histogram).show(Bars(counts, edges, self.tau, 0.9, title="to target"))
        self.say()

    def on_key(self, event: events.Key) -> None:
        """Left and right move the cut."""
        if event.key in {"left", "right"}:
            self.tau += 0.001 if event.key == "right" else -0.001
            self.query_one(Histogram).move_cut(self.tau)
            self.say()

    def say(self) -> None:
        """The new count."""
        kept = len(self.scores) - int(np.searchsorted(self.scores, self.tau))
        self.query_one("#kept", Static).update(f"tau {self.tau:.3f} keeps {kept:,}")


if __name__ == "__main__":
    {"table": TableApp, "charts": ChartsApp, "tuner": TunerApp}[sys.argv[1]]().run()
