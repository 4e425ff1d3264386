"""The board itself."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from edt_app.launch import check_begun, command_line, launch, shell_text
from edt_app.tui import ending
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Confirm, Message
from edt_app.tui.following import Followed, followed
from edt_app.tui.screens.pipeline import view
from edt_app.tui.screens.pipeline.start import StartRun
from edt_app.tui.widgets.text_pane import TextPane
from edt_app.tui.widgets.virtual_table import READING, Column, VirtualTable

if TYPE_CHECKING:
    from edt_core.actions.board import Board
    from edt_core.store.calls import CallLine

_COLUMNS = (
    Column("#", 2, "right"),
    Column("stage", 9),
    Column("state", 11),
    Column("made", 5, "right"),
    Column("rate", 9, "right", from_width=100),
    Column("left", 6, "right"),
    Column("calls", 7, "right", from_width=100),
    Column("cost", 7, "right", from_width=100),
    Column("failed", 7, "right"),
    Column("what it holds", 12, flexible=True),
)
_CALLS = 30
"""The newest, of which as many are shown as there is room for."""
_LIVE = 1.0
_SLOW = 5.0
"""Seconds between two looks at the whole board while a run goes on."""


class PipelineScreen(EdtScreen):
    """Shows where the project stands; starts and stops runs in processes of their own."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("pipeline.start", "s", "Start", "Start a run, after its estimate.", "start"),
        Command(
            "pipeline.stop",
            "x",
            "Stop",
            "Stop after this epoch, or now; it resumes.",
            "stop",
        ),
        Command("pipeline.look", "enter", "Look", "Go to what the stage holds.", "look"),
        Command("pipeline.retry", "R", "Retry", "Ask the failed questions again.", "retry"),
        Command("pipeline.estimate", "d", "Estimate", "What a run would still need.", "estimate"),
        Command("pipeline.gate", "p", "Pass gate", "Run without waiting for the review.", "gate"),
        Command(
            "pipeline.kill", "f8", "Kill", "End the run by force; it resumes.", "kill", danger=True
        ),
    )
    DEFAULT_CSS = """
    /* its panes have their heights, which a card below them would push out of the screen */
    PipelineScreen { layers: below above; }
    PipelineScreen ErrorCard { layer: above; }
    PipelineScreen #summary { height: auto; max-height: 2; padding: 0 1; }
    PipelineScreen #stages { height: 12; }
    PipelineScreen #now { height: 9; }
    PipelineScreen #detail { width: 1fr; height: 100%; }
    PipelineScreen #needs { width: 52; height: 100%; }
    PipelineScreen #calls, PipelineScreen #log { height: 1fr; }
    PipelineScreen.-low #calls { display: none; }
    PipelineScreen.-short #stages { height: 11; }
    PipelineScreen.-short #now { height: 6; }
    PipelineScreen.-narrow .pane { border: none; border-top: solid $edge; }
    PipelineScreen.-narrow #now { layout: vertical; height: 12; }
    PipelineScreen.-narrow #detail, PipelineScreen.-narrow #needs { width: 100%; height: 1fr; }
    PipelineScreen.-narrow.-short #now { height: 6; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._board: Board | None = None
        self._run: Followed | None = None
        self._looked = 0.0

    def body(self) -> Iterable[Widget]:
        """Board, stage beside what waits, calls, log."""
        yield Static(id="summary", markup=False)
        yield VirtualTable(_COLUMNS, self._rows, empty=READING, id="stages")
        with Horizontal(id="now"):
            yield Static(id="detail", classes="pane", markup=False)
            yield TextPane(id="needs", classes="pane")
        yield Static(id="calls", classes="pane", markup=False)
        yield TextPane(id="log", classes="pane")

    def on_mount(self) -> None:
        """Titles and the clock."""
        for name, title in (("needs", "needs you"), ("calls", "last calls"), ("log", "log")):
            self.query_one(f"#{name}").border_title = title
        self.query_one("#stages", VirtualTable).focus()
        self.set_interval(_LIVE, self._tick)

    def forget(self) -> None:
        """An empty board."""
        self._board = self._run = None
        stages = self.query_one("#stages", VirtualTable)
        stages.empty = READING
        stages.set_ids([])
        for pane in ("#summary", "#detail", "#calls"):
            self.query_one(pane, Static).update("")
        for pane in ("#needs", "#log"):
            self.query_one(pane, TextPane).show("")
        self.query_one("#detail", Static).border_title = None

    def reload(self) -> None:
        """Read the board."""
        self._read_board()

    def project_changed(self) -> None:
        """A run writes all the time: its own rows at once, the whole board now and then."""
        self._read_run()
        running = self._run is not None and not self._run.how.ended
        if not running or time.monotonic() - self._looked > _SLOW:
            self._read_board()

    def _tick(self) -> None:
        """How a run is changes without a word in the database: a dead one says nothing."""
        if self.is_current and self.session.name and self._board is not None:
            self._read_run()

    def _read_board(self) -> None:
        self._looked = time.monotonic()
        read_run = self._run_reader()

        def work() -> "tuple[Board, tuple[Followed | None, Sequence[CallLine]]]":
            from edt_core.actions.board import board

            return board(self.session.project()), read_run()

        self.poll(work, self._show_both, group="board")

    def _read_run(self) -> None:
        self.poll(self._run_reader(), self._show_run, group="run")

    def _run_reader(self) -> "Callable[[], tuple[Followed | None, Sequence[CallLine]]]":
        """What reads the newest run and, where there is room for them, the last calls."""
        before, many = self._run, 0 if self.has_class("-low") else _CALLS

        def work() -> "tuple[Followed | None, Sequence[CallLine]]":
            from edt_core.store.calls import calls

            project = self.session.project()
            return followed(project, before), calls(project, limit=many) if many else ()

        return work

    def _show_both(self, found: "tuple[Board, tuple[Followed | None, Sequence[CallLine]]]") -> None:
        self._board = found[0]
        self._show_run(found[1])

    def _show_run(self, read: "tuple[Followed | None, Sequence[CallLine]]") -> None:
        found, calls = read
        was = None if self._run is None else self._run.how
        self._run = found
        if was and not was.ended and (found is None or found.how.life.word != was.life.word):
            self._read_board()  # it ended, went silent, or goes on
        board = self._board
        if board is None:
            return
        table = self.query_one("#stages", VirtualTable)
        if len(table.ids) != len(board.steps):
            table.set_ids(list(range(len(board.steps))))
        for number, cells in self._rows(list(range(len(board.steps)))).items():
            table.update_row(number, cells)
        over = view.summary(board, found, self.size.width - 2)
        self.query_one("#summary", Static).update(Text(over))
        self.query_one("#needs", TextPane).show(view.waiting(board), keep_place=True)
        self.query_one("#log", TextPane).follow("\n".join(view.log(found, self.keyed)))
        self.query_one("#calls", Static).update(Text(view.last_calls(calls, self.size.width - 4)))
        self._show_detail()

    def _rows(self, ids: list[int]) -> dict[int, list[view.Cell]]:
        board, run = self._board, self._run.view if self._run else None
        if board is None:
            return {}
        now = time.time()
        return {at: view.row(at + 1, board.steps[at], run, now) for at in ids}

    def on_virtual_table_highlighted(self) -> None:
        """Show the stage under the cursor."""
        self._show_detail()

    def on_virtual_table_chosen(self) -> None:
        """Enter goes to what the stage holds."""
        self.do_look()

    def _show_detail(self) -> None:
        at = self.query_one("#stages", VirtualTable).cursor_id
        if self._board is None or at is None:
            return
        step, run = self._board.steps[at], self._run.view if self._run else None
        pane = self.query_one("#detail", Static)
        pane.border_title = step.status.step
        text = view.detail(step, run, max(30, pane.size.width - 4), time.time())
        pane.update(Text(text))

    # ------------------------------------------------------------------ keys

    @property
    def _at_work(self) -> bool:
        return self._run is not None and not self._run.how.ended

    def why_not(self, command: Command) -> str:
        """Starting needs data and no run, stopping needs one."""
        if self._board is None:
            return "the board is still being read."
        if command.action in {"stop", "kill"} and not self._at_work:
            return "nothing runs."
        if command.action in {"start", "retry"}:
            if not self._board.status.dataset:
                return "nothing is imported yet; {go.data} imports."
            if self._at_work:
                return "a run goes on."
        if command.action == "retry" and not any(step.failed for step in self._board.steps):
            return "no question failed."
        if command.action == "gate" and not self._board.gated:
            return "no run waits for the review: review.required is false."
        return ""

    def command_line(self) -> list[str]:
        """The board as ``edt status``."""
        return ["status", "--project", self.session.name]

    def do_start(self) -> None:
        """Ask, then start in a process of its own."""

        def line(options: dict[str, object]) -> str:
            return shell_text(self._line(options))

        def start(options: dict[str, object] | None) -> None:
            if options is not None:
                self._launch(self._line(options))

        self.app.push_screen(StartRun(line, self._estimate), start)

    def _estimate(self, options: dict[str, object], show: Callable[[str], None]) -> None:
        def work() -> str:
            from edt_core.actions.estimating import estimate

            found = estimate(
                self.session.project(),
                variant=str(options.get("variant", "LLM-EDT")),
                until=str(options.get("until", "")),
                exact=False,
            )
            if "from_" not in options:
                return found.sentence
            return f"{found.sentence} From {options['from_']} on all is computed anew."

        self.read(work, show, group="estimate")

    def _line(self, options: dict[str, object]) -> list[str]:
        return command_line(self.session.home, "run", project=self.session.name, **options)

    def _launch(self, line: list[str]) -> None:
        home, name = self.session.home, self.session.name

        def started(_: object) -> None:
            self.remember(*line[line.index("run") :])
            self.say("Started. Closing edt-app does not stop it.")
            self.read(lambda: check_begun(home.path(name)), begun, group="begin")

        def begun(_: None) -> None:
            self._read_board()

        self.write(lambda: launch(home, name, line), started)

    def do_retry(self) -> None:
        """Ask what found no answer once more, after saying what that costs."""
        assert self._board is not None

        def sure(answer: bool | None) -> None:
            if answer:
                self._launch(self._line({"retry_failed": True}))

        self.app.push_screen(Confirm(view.retrying(self._board)), sure)

    def do_stop(self) -> None:
        """Now, or after this epoch."""
        assert self._run is not None
        ending.stop(self, self._run.run.id, self._read_run)

    def do_kill(self) -> None:
        """By force, after a question."""
        assert self._run is not None
        ending.kill(self, self._run.run.id, self._read_run)

    def do_estimate(self) -> None:
        """What a run would still need, stage by stage."""
        assert self._board is not None
        self.remember("estimate", project=self.session.name)
        lines = [
            f"{step.status.step:<10} {step.what_is_left or 'nothing left'}"
            for step in self._board.steps
        ]
        self.app.push_screen(Message(Text("\n".join(lines))))

    def do_gate(self) -> None:
        """Let runs go on without every decision."""

        def work() -> None:
            from edt_core.actions.configuring import change

            change(self.session.project(), {"review.required": False})

        def then(_: None) -> None:
            self.remember(
                *("config", "--project", self.session.name, "set", "review.required", "false")
            )
            self.say("review.required is false now; {pipeline.start} starts the run.")
            self._read_board()

        self.write(work, then)

    def do_look(self) -> None:
        """The screen that shows what the stage holds."""
        at = self.query_one("#stages", VirtualTable).cursor_id
        if self._board is None or at is None:
            return
        mode = view.SCREENS[self._board.steps[at].status.step]
        if any(place.mode == mode for place in self.edt.places):
            self.edt.go(mode)
