"""Screen 7: the training that goes on, or went on: curves, metrics, life signs, stop and go on."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.containers import Horizontal
from textual.widget import Widget

from edt_app.terminal import safe_text
from edt_app.tui import ending
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.screens.train import acting, panels
from edt_app.tui.screens.train.charts import Charts, PanelChart
from edt_app.tui.screens.train.feed import Curves, Feed, Key, Look
from edt_app.tui.screens.train.keys import KEYS
from edt_app.tui.screens.train.style import CSS
from edt_app.tui.widgets.fields import Lines, pairs

if TYPE_CHECKING:
    from edt_app.tui.screens.train.watched import Watched
    from edt_core.store.runs import RunLine
    from edt_core.store.watch import Watch

POLL_SECONDS = 0.1
"""Between two questions whether a point was written; microseconds each."""
DRAW_SECONDS = 0.25
"""Between two drawings of the charts, at least."""
LIFE_SECONDS = 1.0
"""Between two looks at the run itself."""


class TrainScreen(EdtScreen):
    """Watches a run; closing it, or the app, changes nothing for the run."""

    INSIDE: ClassVar[tuple[Command, ...]] = ()
    KEYS: ClassVar[tuple[Command, ...]] = KEYS
    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self._watched: Watched | None = None
        self._outdated = False
        self._pinned: int | None = None
        self._feed: Feed | None = None
        self._watch: Watch | None = None
        self._curves: Curves = {}
        self._base: tuple[str, Curves] | None = None
        self._phase = ""
        self._axis: panels.Axis = "epoch"
        self._first = 0
        self._logs: set[str] = set()
        self._drawn = 0.0
        self._filled: dict[int, tuple[object, ...]] = {}

    def body(self) -> Iterable[Widget]:
        """State, charts, table beside facts, log."""
        yield Lines(id="status")
        yield Charts()
        with Horizontal(id="lower"):
            yield Lines(id="table")
            yield Lines(id="facts")
        yield Lines(id="log")

    def on_mount(self) -> None:
        """The clocks."""
        self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(LIFE_SECONDS, self._look)
        self.charts.begin(self._axis, plain=self.edt.preferences.ascii)
        self.query_one("#chart0").focus()

    def on_screen_resume(self) -> None:
        """Seen again: what was read of a living run is old, so that it is not told as new."""
        if self._watched is not None and not self._watched.found.how.ended:
            self._outdated = True
            self._tell()
            self.reload()

    def on_unmount(self) -> None:
        """Close the files."""
        self._let_go()

    def forget(self) -> None:
        """No run, no curves."""
        self._watched, self._pinned, self._base, self._phase, self._first = None, None, None, "", 0
        self._let_go()
        self._show()
        for name in ("#status", "#table", "#log", "#facts"):
            self._update(name, Text(""))

    def reload(self) -> None:
        """Look for the run to watch."""
        self._look(always=True)

    def project_changed(self) -> None:
        """Events are read once a second anyway, so a change needs no look of its own."""

    def on_resize(self) -> None:
        """Another number of charts."""
        self._show()

    # ------------------------------------------------------------------ reading

    def _look(self, *, always: bool = False) -> None:
        """How the run is, once a second, also where nothing was written: it may have died."""
        if not (always or self.is_current) or not self.session.name:
            return
        before, pinned = self._watched, self._pinned
        if before is not None and not always:
            from edt_app.tui.screens.train.watched import as_followed

            if (same := as_followed(before, self.edt.followed)) is not None:
                self._looked(same)
                return

        def work() -> "Watched | None":
            from edt_app.tui.screens.train.watched import look

            return look(self.session.project(), before, pinned)

        (self.read if always else self.poll)(work, self._looked, group="look")

    def _looked(self, found: "Watched | None") -> None:
        if found is not None and self._pinned not in {None, found.found.run.id}:
            return  # another run was chosen meanwhile
        new = found is not None and (
            self._watched is None or self._watched.found.run.id != found.found.run.id
        )
        self._watched, self._outdated = found, False
        if found is None:
            self._let_go()
        elif new:
            self._open(found.found.run.id)
        self._tell()

    def _open(self, number: int) -> None:
        from edt_core.store.watch import Watch

        self._let_go()
        folder = acting.run_folder(self, number)
        self._feed, self._watch = Feed(folder), Watch(folder, "telemetry.db")
        self._read_points()
        self._show()

    def _let_go(self) -> None:
        for reader in (self._feed, self._watch):
            if reader is not None:
                reader.close()
        self._feed, self._watch, self._curves = None, None, {}
        self._filled.clear()

    def _poll(self) -> None:
        """Were points written? Asked ten times a second, drawn four times at most."""
        if (
            self.is_current
            and self._watch is not None
            and time.monotonic() - self._drawn >= DRAW_SECONDS
            and not self.at_work("points")  # a look reads on from the one before: none may be lost
            and self._watch.changed()
        ):
            self._read_points()

    def _read_points(self) -> None:
        feed = self._feed
        if feed is None:
            return

        def show(found: Look | None) -> None:
            if found is not None and feed is self._feed:
                self._curves = found.curves
                self._show(found.changed)
                self._tell()

        self._drawn = time.monotonic()
        self.read(feed.look, show, group="points")

    # ------------------------------------------------------------------ showing

    @property
    def charts(self) -> Charts:
        """The charts."""
        return self.query_one(Charts)

    def _now(self) -> tuple[str, int | None]:
        """The phase that is shown, and the seed that trains in it."""
        if self._watched is None:
            return panels.PHASES[0], None
        from edt_app.tui.screens.train.view import training

        return training(self._watched, self._curves, self._phase)

    def _panels(self) -> list[panels.Panel]:
        domains = self._watched.domains if self._watched else ()
        return panels.panels(self._curves, self._now()[0], domains)

    def _show(self, changed: frozenset[Key] | None = None) -> None:
        """Draw the charts whose curves are in ``changed``, or that show something else now."""
        charts, phase = self.charts, self._now()[0]
        found = self._panels()
        # two rows where the screen has so many lines that a chart's legend has room in each
        columns, lines = (4, 36) if self.has_class("-very-wide") else (2, 30)
        rows = 2 if self.size.height >= lines else 1
        self._first = max(0, min(self._first, len(found) - 1)) // (columns * rows)
        self._first *= columns * rows
        shown = found[self._first : self._first + columns * rows]
        charts.make_room(columns, rows, len(shown))
        for slot, (chart, panel) in enumerate(zip(charts.every, shown, strict=False)):
            names = {(phase, name) for name in panel.names}
            what = (panel, phase, self._axis, self._base)
            if (
                changed is not None
                and self._filled.get(slot) == what
                and not any((key[0], key[2]) in names for key in changed)
            ):
                continue
            self._filled[slot] = what
            self._fill(chart, panel, phase)

    def _fill(self, chart: PanelChart, panel: panels.Panel, phase: str) -> None:
        name, base = acting.laid_over(self._base, self._watched)
        series = panels.series_of(panel, self._curves, phase, self._axis, base=base, base_name=name)
        chart.entitle(panel.title)
        chart.view = replace(chart.view, log=panel.title in self._logs)
        chart.set_series(series)

    def _tell(self) -> None:
        """Everything but the charts; what did not change is not painted."""
        from edt_app.tui.screens.train import view

        watched, width, now = self._watched, self.size.width, time.time()
        if watched is None:
            self._update("#status", Text(f" {self.keyed(view.NO_RUN)}"))
            self._update("#table", Text(""))
            self._update("#log", Text(""))
            return
        phase, seed = self._now()
        wide = self.has_class("-very-wide") and self.has_class("-tall")
        name, base = acting.laid_over(self._base, self._watched)
        known = view.facts(watched, self._curves, phase, seed, name)
        alive = view.status(watched, now, width, self.keyed)
        told = view.unread(watched) if self._outdated else alive
        self._update("#status", told)
        room = width - 64 if wide else width - 2
        text = view.table(self._curves, base, phase, room, per_seed=wide)
        if not wide:
            text.append("\n" + view.brief(known, room).lstrip())
        self._update("#table", text)
        self._update("#facts", pairs(known))
        lines = watched.found.log[-(self.query_one("#log").size.height or 2) :]
        self._update("#log", Text("\n".join(safe_text(line, width=width - 2) for line in lines)))

    def _update(self, where: str, text: Text) -> None:
        self.query_one(where, Lines).show(text)

    # ------------------------------------------------------------------ what a user does

    def why_not(self, command: Command) -> str:
        """What a command still needs."""
        watched = self._watched
        if watched is None:
            return "there is no run yet."
        if command.action in {"stop", "kill"} and watched.found.how.ended:
            return f"run {watched.found.run.id} has ended."
        if command.action == "go_on" and not watched.found.how.ended:
            return "it goes on."
        return ""

    def command_line(self) -> list[str]:
        """The same, line by line."""
        if self._watched is None:
            return ["watch", "--project", self.session.name]
        return ["watch", "--project", self.session.name, "--run", str(self._watched.found.run.id)]

    def do_stop(self) -> None:
        """After this epoch, or now."""
        ending.stop(self, self._run.id, self.reload)

    def do_kill(self) -> None:
        """By force."""
        ending.kill(self, self._run.id, self.reload)

    def do_go_on(self) -> None:
        """The same run again."""
        acting.go_on(self, self._run.id, self.reload)

    def do_note(self) -> None:
        """A note on the run."""
        acting.note(self, self._run, self.reload)

    @property
    def _run(self) -> "RunLine":
        assert self._watched is not None  # why_not saw to it
        return self._watched.found.run

    def do_run(self) -> None:
        """Choose the run to watch; the living one chooses itself."""

        def chosen(line: "RunLine | None") -> None:
            self._pinned = line.id if line is not None else None
            self._phase, self._first = "", 0
            self._look(always=True)

        acting.choose(self, "Watch which run?", "the living one, else the newest", chosen)

    def do_base(self) -> None:
        """Choose a run whose curves lie over these."""
        acting.choose_base(self, self._run.id, self._lay_over)

    def _lay_over(self, base: "tuple[str, Curves] | None") -> None:
        self._base = base
        self._show()
        self._tell()

    # ------------------------------------------------------------------ looking at the charts

    def do_charts_after(self) -> None:
        """The next charts, from the first again after the last."""
        self._turn(1)

    def do_charts_before(self) -> None:
        """The charts before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        room, many = self.charts.room, len(self._panels())
        pages = max(1, -(-many // room))
        self._first = (self._first // room + by) % pages * room
        self._show()

    def do_large(self) -> None:
        """One chart alone, or all again."""
        self._enlarge(not self.charts.large)

    @on(Charts.Shrunk)
    def _shrunk(self) -> None:
        self._enlarge(False)

    def _enlarge(self, large: bool) -> None:
        self.set_class(large, "-large")
        self.charts.enlarge(large)

    def do_axis(self) -> None:
        """Steps, epochs, minutes."""
        at = panels.AXES.index(self._axis)
        self._axis = panels.AXES[(at + 1) % len(panels.AXES)]
        self.charts.name_x(self._axis)
        self._show()

    def do_phase(self) -> None:
        """Phase 1, phase 2, then the one that trains again."""
        order = ("", *panels.PHASES)
        self._phase = order[(order.index(self._phase) + 1) % len(order)]
        self._first = 0
        self.say(f"Phase {panels.PHASES.index(self._phase) + 1}" if self._phase else "What trains")
        self._show()
        self._tell()

    def do_right(self) -> None:
        """Crosshair on."""
        self.charts.inspect(1)

    def do_left(self) -> None:
        """Crosshair back."""
        self.charts.inspect(-1)

    def do_far_right(self) -> None:
        """Ten points on."""
        self.charts.inspect(10)

    def do_far_left(self) -> None:
        """Ten points back."""
        self.charts.inspect(-10)

    def do_zoom_in(self) -> None:
        """Narrow the window."""
        self.charts.zoom(0.5)

    def do_zoom_out(self) -> None:
        """Widen it."""
        self.charts.zoom(2.0)

    def do_pan_left(self) -> None:
        """Earlier."""
        self.charts.pan(-0.25)

    def do_pan_right(self) -> None:
        """Later."""
        self.charts.pan(0.25)

    def do_smooth(self) -> None:
        """The next smoothing."""
        self.charts.smooth()

    def do_log(self) -> None:
        """Logarithmic or not."""
        self._logs ^= {self.charts.logarithmic()}
