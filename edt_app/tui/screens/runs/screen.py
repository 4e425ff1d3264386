"""Screen 8: every run; those marked are compared, grouped, plotted and exported."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.widget import Widget

from edt_app.terminal import safe_text
from edt_app.tui.asking import ask
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import CURVES, MOVING, Command
from edt_app.tui.dialogs import Confirm
from edt_app.tui.screens.runs import view
from edt_app.tui.screens.runs.asking import ask_field
from edt_app.tui.screens.runs.copying import lines_for
from edt_app.tui.screens.runs.keys import KEYS
from edt_app.tui.screens.runs.pane import MOST_CURVES, MOST_POINTS, Pane, series_of
from edt_app.tui.widgets.virtual_table import READING, Row, VirtualTable
from edt_core.errors import EdtError


class RunsScreen(EdtScreen):
    """A table above, and below it what was asked about its runs."""

    KEYS: ClassVar[tuple[Command, ...]] = KEYS
    INSIDE: ClassVar[tuple[Command, ...]] = (*MOVING, *CURVES)
    DEFAULT_CSS = """
    RunsScreen VirtualTable { height: 5; max-height: 40%; }
    RunsScreen Pane { height: 1fr; }
    RunsScreen.-short.-reading VirtualTable { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, dict[str, Any]] = {}
        self._cells: dict[int, Row] = {}
        self._reference: int | None = None
        self._metric = ""
        self._compared: dict[tuple[int, ...], Any] = {}
        self._topic = "details"
        self._asked: tuple[int, ...] = ()
        self._traced = 0

    def body(self) -> Iterable[Widget]:
        """The table and the pane."""
        yield VirtualTable(
            view.columns([]),
            lambda ids: {one: self._cells[one] for one in ids if one in self._cells},
            empty=READING,
            markable=True,
        )
        yield Pane(self._left)

    def on_mount(self) -> None:
        """Keys go to the table first."""
        self.table.focus()

    @property
    def table(self) -> VirtualTable:
        """The runs."""
        return self.query_one(VirtualTable)

    @property
    def pane(self) -> Pane:
        """What was asked about them."""
        return self.query_one(Pane)

    def forget(self) -> None:
        """No run, and nothing asked about one."""
        self._compared.clear()
        self._asked = ()
        self._reference, self._metric, self._topic = None, "", "details"
        self.rows, self._cells = {}, {}
        self.table.mark([])
        self.table.empty = READING
        self.table.set_ids([])
        self.pane.tell("", Text(""))

    def reload(self) -> None:
        """Read the runs."""
        self.project_changed()

    def project_changed(self) -> None:
        """Read the runs; marks and cursor stay."""

        def work() -> tuple[list[str], dict[int, dict[str, Any]]]:
            from edt_core.actions.reporting import run_rows
            from edt_core.store.datasets import dataset_of

            project = self.session.project()
            dataset = dataset_of(project)
            return dataset.domain_names if dataset else [], view.as_rows(run_rows(project))

        self.read(work, self._show)

    def _show(self, found: tuple[list[str], dict[int, dict[str, Any]]]) -> None:
        domains, self.rows = found
        self._cells = {number: view.cells(row, domains) for number, row in self.rows.items()}
        table = self.table
        table.empty = self.keyed(view.NO_RUN)
        columns = view.columns(domains)
        if list(table.columns) != columns:
            table.set_columns(columns)
        table.styles.height = max(5, len(self.rows) + 2)
        table.set_ids(list(self.rows))
        table.mark(table.marked & self.rows.keys())
        if self._topic == "details":
            self._read_details()

    # ------------------------------------------------------------------ which runs

    @property
    def chosen(self) -> tuple[int, ...]:
        """The marked runs by number, the reference first; the one under the cursor without any."""
        numbers = sorted(int(one) for one in self.table.selection())
        if self._reference in numbers:
            numbers.sort(key=lambda number: number != self._reference)
        return tuple(numbers)

    def why_not(self, command: Command) -> str:
        """What a command still needs."""
        if not self.rows:
            return "there is no run yet."
        if command.action in {"compare", "groups"} and len(self.chosen) < 2:
            return "mark two or more runs with {runs.mark}."
        if command.action in {"compare", "groups"} and (without := self._without_result):
            return f"run {without} has no result."
        if command.action == "delete" and self.rows[self.current]["state"] in {"running", "silent"}:
            return "it goes on; stop it first."
        if command.action.startswith("metric") and self._topic != "curves":
            return "plot curves first: p."
        if command.action == "prompts" and not self._prompts:
            return "there is no such screen."
        return ""

    @property
    def _without_result(self) -> int | None:
        """The first of the chosen runs that was not evaluated."""
        return next((one for one in self.chosen if self.rows[one]["ndcg"] is None), None)

    def command_lines(self) -> list[list[str]]:
        """What the pane shows, and what compares the marked runs, as commands."""
        project = self.session.name
        return lines_for(project, self._topic, self.chosen, self.current, self._metric)

    @property
    def current(self) -> int:
        """The run under the cursor."""
        return self.table.cursor_id or 0

    @on(VirtualTable.Highlighted)
    def _moved(self) -> None:
        if self._topic == "details" or (
            self._topic == "lineage" and self._traced != self.table.cursor_id
        ):
            self._read_details()

    @on(VirtualTable.Chosen)
    def _opened(self) -> None:
        self.do_details()
        self._to_pane()

    def _left(self) -> None:
        """Back to the table, before the next key is read."""
        self.remove_class("-reading")
        self.table.focus()

    # ------------------------------------------------------------------ what a user does

    def do_mark(self) -> None:
        """Mark or unmark, and go on to the next run."""
        self.table.action_toggle_mark()
        self.table.action_move(1)

    def do_reference(self) -> None:
        """The run that the others are tested against."""
        self._reference = self.current
        self.table.mark(self.table.marked | {self.current})
        self.say(f"Run {self.current} is the reference.")
        comparing = self._topic in {"compare", "groups"} and len(self.chosen) > 1
        if comparing and self._without_result is None:
            self._compare(self._topic)

    def do_compare(self) -> None:
        """Compare in a process of its own: the tests need scipy."""
        self._compare("compare")

    def do_groups(self) -> None:
        """The same by groups of users."""
        self._compare("groups")

    def _compare(self, topic: str) -> None:
        self._topic = topic
        self._to_pane()
        numbers, home = self.chosen, self.session.home.folder
        if numbers in self._compared:
            self._show_compared(numbers)
            return
        self.pane.wait(f"Runs {_listed(numbers)}", "testing user by user, in a process of its own")
        if numbers == self._asked:  # the answer is on its way, for whichever view is asked for
            return
        self._asked = numbers

        def show(found: Any) -> None:
            self._compared[numbers] = found
            self._asked = ()
            self._show_compared(numbers)

        words = ["runs", "compare", *map(str, numbers), "--project", self.session.name, "--groups"]
        self.read(lambda: ask(home, words), show, group="compare")

    def _show_compared(self, numbers: tuple[int, ...]) -> None:
        """The comparison, when it is still what is looked at."""
        if self.chosen != numbers or self._topic not in {"compare", "groups"}:
            return
        found, width = self._compared[numbers], self.pane.text_width
        if self._topic == "compare":
            title = f"Runs {_listed(numbers)}: compared"
            self.pane.tell(title, view.comparison(found, numbers, width))
        else:
            title = f"Runs {_listed(numbers)}: by groups of users"
            self.pane.tell(title, view.groups(found, width))

    def fail(self, error: EdtError) -> None:
        """Show an error in place; whatever was asked for may be asked for again."""
        self._asked = ()
        self.pane.give_up()
        super().fail(error)

    def do_curves(self) -> None:
        """The chosen runs' curves of one metric."""
        self._plot(0)

    def do_metric_after(self) -> None:
        """The next metric."""
        self._plot(1)

    def do_metric_before(self) -> None:
        """The metric before."""
        self._plot(-1)

    def _plot(self, step: int) -> None:
        self._topic = "curves"
        numbers = self.chosen

        def work() -> dict[str, Any]:
            from edt_core.actions.curves import run_curves

            return dict(run_curves(self.session.project(), numbers, MOST_POINTS))

        def show(found: dict[str, Any]) -> None:
            if self._topic != "curves":
                return
            names = list(found)
            if not names:
                self.pane.tell("Curves", Text("These runs wrote no curves: they trained nothing."))
                return
            if self._metric not in names:
                self._metric = next((name for name in names if "ndcg" in name), names[0])
            self._metric = names[(names.index(self._metric) + step) % len(names)]
            curves = found[self._metric]
            title = f"{self._metric}   [ ] {names.index(self._metric) + 1} of {len(names)}"
            if len(curves) > MOST_CURVES:
                title += f"   the first {MOST_CURVES} of {len(curves)} curves"
            self.pane.plot(title, series_of(curves))

        self._to_pane()
        self.read(work, show, group="pane")

    def do_details(self) -> None:
        """The run under the cursor."""
        self._topic = "details"
        self._read_details()

    def _read_details(self) -> None:
        number = self.table.cursor_id
        if number is None:
            self.pane.tell("", Text(""))
            return
        self._topic = "details"

        def work() -> Any:
            from edt_core.actions.reporting import run_detail

            return run_detail(self.session.project(), number)

        def show(found: Any) -> None:
            if self._topic == "details":
                title = f"Run {found.id}: {safe_text(found.label)}, {found.state}"
                self.pane.tell(title, view.details(found, self.pane.text_width))

        self.read(work, show, group="pane")

    def do_lineage(self) -> None:
        """From the run's metrics to the prompts behind them."""
        number, home, project = self.current, self.session.home.folder, self.session.name
        self._topic, self._traced = "lineage", number
        title = f"Run {number}: what wrote its training data"
        self.pane.wait(title, "reading what the run was trained on")
        self._to_pane()

        def show(found: Any) -> None:
            if self._topic == "lineage":
                text = view.lineage(found, self.pane.text_width)
                if self._prompts and found["calls"]:
                    text.append("\nP goes to these prompts and answers.")
                self.pane.tell(title, text)

        words = ["runs", "lineage", str(number), "--project", project]
        self.read(lambda: ask(home, words), show, group="pane")

    @property
    def _prompts(self) -> str:
        """The mode of the screen of calls; empty where there is none."""
        return next((place.mode for place in self.edt.places if place.key == "4"), "")

    def do_prompts(self) -> None:
        """The calls that the lineage counts: they wrote inserted items and profiles."""
        self.edt.go(self._prompts, f"behind:{self.current}")

    def do_export(self) -> None:
        """Write the comparison and the figure, and say where."""
        metric = ["--metric", self._metric] if self._topic == "curves" and self._metric else []
        words = ["runs", "export", *map(str, self.chosen), "--project", self.session.name, *metric]

        def show(paths: list[str]) -> None:
            folder = Path(paths[0]).parent
            names = "".join(f"  {safe_text(Path(path).name)}\n" for path in paths)
            self._topic = "export"
            self.remember(*words)
            self.pane.tell("Exported", Text(f"In {safe_text(folder)}:\n\n{names}"))
            self.say(f"{len(paths)} files written to {folder}")

        self.say("Writing tables and figure …")
        # a group of its own: moving on in the table must not end the writing
        self.read(lambda: ask(self.session.home.folder, words), show, group="export")

    def do_tag(self) -> None:
        """Ask for a tag."""
        ask_field(self, "Tag of run", "tag")

    def do_note(self) -> None:
        """Ask for a note."""
        ask_field(self, "Note on run", "note")

    def do_delete(self) -> None:
        """Forget the run after a word was typed."""
        number, label = self.current, self.rows[self.current]["label"]

        def work() -> None:
            from edt_core.store.runs import delete_run

            delete_run(self.session.project(), number)

        def gone(_: None) -> None:
            self._compared = {
                key: found for key, found in self._compared.items() if number not in key
            }
            self.remember("runs", "delete", number, project=self.session.name, yes=True)
            self.say(f"Run {number} is deleted.")
            self.project_changed()

        def answer(sure: bool | None) -> None:
            if sure:
                self.write(work, gone)

        question = (
            f"Delete run {number} ({label}) with its curves and metrics?\n"
            "What its stages made stays stored; other runs may share it."
        )
        self.app.push_screen(Confirm(question, typed="delete"), answer)

    def do_pane(self) -> None:
        """Between the table and the pane."""
        if self.has_class("-reading"):
            self._left()
        else:
            self._to_pane()

    def _to_pane(self) -> None:
        self.add_class("-reading")
        self.pane.take_focus()


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers)
