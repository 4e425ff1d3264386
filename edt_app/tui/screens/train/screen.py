"""The monitor itself."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.containers import Grid, Horizontal
from textual.widget import Widget
from textual.widgets import Static

from edt_app.launch import command_line, launch
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Choose, Confirm
from edt_app.tui.following import Followed, followed
from edt_app.tui.screens.train import view
from edt_app.tui.screens.train.reading import Reader
from edt_app.tui.widgets.chart import Chart

if TYPE_CHECKING:
    from edt_core.actions.stopping import Stopped
    from edt_core.store.project import Project
    from edt_core.store.runs import RunLine

_LOOK = 0.5
_MOST = 8


class TrainScreen(EdtScreen):
    """Follows a run's curves; the run itself lives in a process of its own."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("train.stop", "x", "Stop", "Stop now, or after this epoch.", "stop"),
        Command("train.start", "s", "Go on", "Run again: it goes on where it was.", "start"),
        Command("train.left", "left_square_bracket", "Charts", "The charts before.", "before"),
        Command("train.right", "right_square_bracket", "Charts", "The charts after.", "after"),
        Command("train.zoom", "Z", "Large", "One chart large, or all again.", "large"),
        Command("train.axis", "t", "Axis", "Epochs, or seconds of the run.", "axis"),
        Command("train.run", "slash", "Run", "Choose the run that is shown.", "run"),
        Command("train.base", "b", "Base", "Lay another run's curves over these.", "base"),
        Command("train.note", "n", "Note", "Write a note on the run.", "note"),
        Command(
            "train.kill", "f8", "Kill", "End the run by force; it resumes.", "kill", danger=True
        ),
    )
    DEFAULT_CSS = """
    TrainScreen #status { height: 2; padding: 0 1; background: $surface; }
    TrainScreen #charts { height: 1fr; grid-size: 4 2; grid-gutter: 0; }
    TrainScreen #charts Chart { border: round $panel-lighten-2; height: 1fr; }
    TrainScreen #charts Chart:focus { border: round $primary; }
    TrainScreen.-wide #charts { grid-size: 2 2; }
    TrainScreen.-narrow #charts { grid-size: 2 1; }
    TrainScreen.-large #charts { grid-size: 1 1; }
    TrainScreen #lower { height: 9; }
    TrainScreen #table { width: 66; }
    TrainScreen #log { width: 1fr; }
    TrainScreen.-narrow #log { display: none; }
    TrainScreen.-narrow #table { width: 1fr; }
    TrainScreen.-short .pane { border: none; border-top: solid $panel-lighten-2; }
    TrainScreen.-short #lower { height: 7; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._run: Followed | None = None
        self._chosen: int | None = None
        self._reader: Reader | None = None
        self._curves: view.Curves | None = None
        self._base: view.Curves | None = None
        self._first = 0
        self._large: int | None = None
        self._axis: view.Axis = "epoch"
        self._domains: list[str] = []

    def body(self) -> Iterable[Widget]:
        """Status, charts, table and log."""
        yield Static(id="status", markup=False)
        with Grid(id="charts"):
            for number in range(_MOST):
                yield Chart(id=f"chart{number}")
        with Horizontal(id="lower"):
            yield Static(id="table", classes="pane", markup=False)
            yield Static(id="log", classes="pane", markup=False)

    def on_mount(self) -> None:
        """The clock."""
        if self.edt.preferences.ascii:
            for chart in self.query(Chart):
                chart.look(replace(chart.view, plain=True))
        self.set_interval(_LOOK, self._tick)

    def on_resize(self) -> None:
        """Other sizes hold other numbers of charts."""
        self.call_after_refresh(self._draw)

    def reload(self) -> None:
        """Another project, or another run."""
        if self._reader is not None:
            self._reader.close()
        self._reader = self._run = self._curves = None
        self._look()

    def project_changed(self) -> None:
        """The clock looks anyway."""

    def _tick(self) -> None:
        if self.is_current and self.session.name:
            self._look()

    def _look(self) -> None:
        """How the run is, and its points when there are new ones."""
        before, reader, chosen = self._run, self._reader, self._chosen
        named = bool(self._domains)

        def work() -> "tuple[Followed | None, Reader | None, view.Curves | None, list[str]]":
            project = self.session.project()
            found = followed(project, before, chosen)
            if found is None:
                return None, None, None, []
            current = reader
            if current is None or current.run.id != found.run.id:
                current = Reader(project, found.run)
            return found, current, current.read(), [] if named else _domains_of(project)

        self.poll(work, self._show, group="look")

    def _show(
        self, found: "tuple[Followed | None, Reader | None, view.Curves | None, list[str]]"
    ) -> None:
        self._run, self._reader = found[0], found[1]
        self._domains = found[3] or self._domains
        width = self.size.width
        self.query_one("#status", Static).update(Text(view.status(self._run, width, time.time())))
        self.query_one("#log", Static).update(Text(view.log(self._run, 6)))
        if found[2] is not None:
            self._curves = found[2]
            self._draw()

    @property
    def _panels(self) -> list[view.Panel]:
        """What is drawn, chart by chart."""
        if self._large is not None:
            return [view.PANELS[self._large]]
        wide, very_wide = self.size.width >= 100, self.size.width >= 140
        count = _MOST if very_wide else 4 if wide else 2
        return [view.PANELS[(self._first + number) % len(view.PANELS)] for number in range(count)]

    def _draw(self) -> None:
        panels = self._panels
        self.set_class(self._large is not None, "-large")
        for number, chart in enumerate(self.query(Chart)):
            chart.display = number < len(panels)
            if number >= len(panels):
                continue
            panel = panels[number]
            chart.border_title = panel.title
            if chart.view.x_name != self._axis:
                chart.look(replace(chart.view, x_name=self._axis, window=None, cursor=None))
            chart.set_series(
                [
                    *view.series_of(panel, self._curves, self._axis),
                    *view.series_of(panel, self._base, self._axis, "base "),
                ]
            )
        lines = view.table(self._curves, self._base, self._domains)
        self.query_one("#table", Static).update(Text("\n".join(lines)))

    @on(Chart.Inspected)
    def follow_crosshair(self, event: Chart.Inspected) -> None:
        """All charts show the same place."""
        for chart in self.query(Chart):
            if chart is not event.chart:
                chart.inspect(event.x)

    # ------------------------------------------------------------------ keys

    def why_not(self, command: Command) -> str:
        """Most keys need a run, some a living one."""
        if command.action in {"before", "after", "large", "axis"}:
            return ""
        if self._run is None:
            return "there is no run."
        if command.action in {"stop", "kill"} and self._run.how.ended:
            return "nothing runs."
        if command.action == "start" and not self._run.how.ended:
            return "it runs."
        return ""

    def command_line(self) -> list[str]:
        """The same as lines of text."""
        words = ["watch", "--project", self.session.name]
        return [*words, "--run", str(self._run.run.id)] if self._run is not None else words

    def do_before(self) -> None:
        """The charts before."""
        self._turn(-len(self._panels))

    def do_after(self) -> None:
        """The charts after."""
        self._turn(len(self._panels))

    def _turn(self, by: int) -> None:
        if self._large is not None:
            self._large = (self._large + (1 if by > 0 else -1)) % len(view.PANELS)
        else:
            self._first = (self._first + by) % len(view.PANELS)
        self._draw()

    def do_large(self) -> None:
        """The focused chart alone, or all again."""
        if self._large is not None:
            self._large = None
        else:
            focused = next((n for n, c in enumerate(self.query(Chart)) if c.has_focus), 0)
            self._large = view.PANELS.index(self._panels[focused])
        self._draw()
        self.query(Chart).first().focus()

    def do_axis(self) -> None:
        """Epochs, or seconds of the run."""
        self._axis = "seconds" if self._axis == "epoch" else "epoch"
        self._draw()

    def do_run(self) -> None:
        """Choose among the newest runs."""
        self._choose("Show which run?", self._take)

    def _take(self, number: int) -> None:
        self._chosen = number
        self.reload()

    def do_base(self) -> None:
        """Choose a run to lay under these curves; the same run takes it away."""
        self._choose("Lay which run over these curves?", self._lay)

    def _lay(self, number: int) -> None:
        def work() -> view.Curves | None:
            from edt_core.store.runs import run_line

            project = self.session.project()
            reader = Reader(project, run_line(project, number))
            try:
                return reader.read()
            finally:
                reader.close()

        def show(found: view.Curves | None) -> None:
            self._base = found
            self._draw()

        if self._run is not None and number == self._run.run.id:
            show(None)
        else:
            self.read(work, show, group="base")

    def _choose(self, question: str, take: Callable[[int], None]) -> None:
        def work() -> "list[RunLine]":
            from edt_core.store.runs import run_lines

            return run_lines(self.session.project(), limit=30)

        def ask(lines: "list[RunLine]") -> None:
            def taken(at: int | None) -> None:
                if at is not None:
                    take(lines[at].id)

            told = [
                f"run {line.id} {line.label} {line.state} {line.tag} {line.note}" for line in lines
            ]
            self.app.push_screen(Choose(question, told), taken)

        self.read(work, ask, group="runs")

    def do_note(self) -> None:
        """Keep a sentence with the run."""
        assert self._run is not None
        run = self._run.run

        def keep(text: str | None) -> None:
            if text is not None:
                self.write(lambda: _label(text), lambda _: self.say("Noted."))

        def _label(text: str) -> None:
            from edt_core.store.runs import label_run

            label_run(self.session.project(), run.id, note=text)

        self.app.push_screen(Ask(f"Note on run {run.id}", run.note), keep)

    def do_start(self) -> None:
        """The project's own run again: what is stored is not computed again."""
        assert self._run is not None
        run = self._run.run
        line = command_line(
            self.session.home,
            "run",
            project=self.session.name,
            variant=run.label,
            seed=[str(seed) for seed in run.seeds],
        )
        launch(self.session.home, self.session.name, line)
        self._chosen = None
        self.say("Started. Closing edt-app does not stop it.")

    def do_stop(self) -> None:
        """Now, or after this epoch."""

        def stop(number: int | None) -> None:
            if number is not None:
                self.write(lambda: self._stop(after_epoch=number == 1), self._stopped)

        lines = ("now: at the next step; resumable", "after this epoch")
        self.app.push_screen(Choose("Stop the run", lines), stop)

    def _stop(self, *, after_epoch: bool) -> "Stopped":
        from edt_core.actions.stopping import stop
        from edt_core.store.pulse import Stop

        return stop(self.session.project(), Stop.EPOCH if after_epoch else Stop.NOW)

    def _stopped(self, found: "Stopped") -> None:
        heard = "It heard" if found.heard else "Nothing runs any more"
        self.say(f"{heard} after {found.seconds:.1f} s. s goes on from there.")

    def do_kill(self) -> None:
        """By force, after a question."""

        def sure(answer: bool | None) -> None:
            if answer:
                self.read(self._kill, self._stopped, group="kill")

        self.app.push_screen(Confirm("End the run by force? x stops it gently."), sure)

    def _kill(self) -> "Stopped":
        from edt_core.actions.stopping import kill

        return kill(self.session.project())


def _domains_of(project: "Project") -> list[str]:
    from edt_core.store.datasets import dataset_of

    dataset = dataset_of(project)
    return list(dataset.domain_names) if dataset is not None else []
