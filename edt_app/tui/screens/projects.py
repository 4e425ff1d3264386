"""Screen 1: every project, with a detail of the one under the cursor."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from edt_app.paths import typed_path
from edt_app.terminal import safe_text, size
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.screens import projects_asking as asking
from edt_app.tui.screens import projects_view as view
from edt_app.tui.theme import state
from edt_app.tui.widgets.moving import Choices

if TYPE_CHECKING:
    from edt_core.actions.status import ProjectStatus
    from edt_core.store.listing import ProjectLine

_DEMO = "demo"
_EMPTY = (
    "No project yet.  {projects.new} makes an empty one, {projects.demo} makes the demo "
    "(about two minutes).  {projects.tour} then walks through every screen."
)
_LOOK = 1.0
"""Seconds between two looks at the runs, and whether the demo is done."""


class ProjectsScreen(EdtScreen):
    """Chooses, makes, copies, backs up and deletes projects."""

    NEEDS_PROJECT = False
    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("projects.open", "enter", "Open", "Open the project under the cursor.", "open"),
        Command("projects.new", "n", "New", "Make an empty project.", "new"),
        Command("projects.demo", "D", "Demo", "Make the demo project and run all of it.", "demo"),
        Command("projects.tour", "T", "Tour", "See every screen on this project.", "tour"),
        Command("projects.copy", "c", "Copy", "Copy the project with all that is in it.", "copy"),
        Command("projects.backup", "b", "Back up", "Write the project into a file.", "backup"),
        Command("projects.restore", "R", "Restore", "Make a project of such a file.", "restore"),
        Command(
            "projects.delete",
            "f8",
            "Delete",
            "Delete the project; asks for its name.",
            "delete",
            danger=True,
        ),
    )
    DEFAULT_CSS = """
    ProjectsScreen #names { height: 1; padding: 0 1; text-style: bold; color: $text-muted; }
    ProjectsScreen OptionList, ProjectsScreen OptionList:focus { height: 1fr; border: none;
      padding: 0 1; background: $background; }
    ProjectsScreen OptionList > .option-list--option-highlighted { text-style: bold reverse; }
    ProjectsScreen #stages { height: auto; max-height: 14; padding: 0 1;
      border-top: round $edge; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[ProjectLine] = []
        self._goal = ""
        self._demo: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """The list, and the stages of the project under the cursor."""
        yield Static(id="names", markup=False)
        yield Choices()
        yield Static(id="stages", markup=False)

    def on_mount(self) -> None:
        """The clock."""
        self.set_interval(_LOOK, self._look_at_runs)

    def _look_at_runs(self) -> None:
        """A run that freezes or dies writes nothing, nor is every project the open one."""
        lines = self._lines

        def work() -> bool:
            from edt_core.store.liveness import heartbeat

            beats = [(line.life, heartbeat(line.folder)) for line in lines]
            return any(life != (beat.life.word if beat else "") for life, beat in beats)

        if self.is_current:
            self.poll(work, lambda changed: self.reload() if changed else None, group="look")

    def reload(self) -> None:
        """Read the list, once the screen is painted: what reads it is imported then."""
        self.call_after_refresh(self.read, self.session.home.projects, self._show)

    def project_changed(self) -> None:
        """Sizes, states and costs move while a run goes on."""
        self.reload()

    def on_resize(self) -> None:
        """Columns come and go with the width."""
        self._draw()

    def _show(self, lines: "list[ProjectLine]") -> None:
        self._goal = self._goal or (self._current.name if self._current else self.session.name)
        self._lines = lines
        self._draw()

    def _draw(self) -> None:
        """The rows in the columns that there is room for; the cursor stays on its project."""
        goal = self._goal or (self._current.name if self._current else "")
        wide = self.size.width >= sum(view.WIDTHS)
        self.query_one("#names", Static).update("".join(view.heading(wide)))
        table = self.query_one(OptionList)
        table.clear_options()
        table.add_options([Option(Text("".join(view.row(line, wide)))) for line in self._lines])
        names = [line.name for line in self._lines]
        if names:
            table.highlighted = names.index(goal) if goal in names else 0
        else:
            table.add_option(Option(Text(self.keyed(_EMPTY)), disabled=True))
            self.query_one("#stages", Static).update("")
        self._goal = ""

    @property
    def _current(self) -> "ProjectLine | None":
        at = self.query_one(OptionList).highlighted
        return self._lines[at] if at is not None and at < len(self._lines) else None

    def on_option_list_option_highlighted(self) -> None:
        """Read the stages of the project that is looked at, a moment after the list stands."""
        line = self._current
        if line is None or not line.dataset or line.standing:
            self.query_one("#stages", Static).update(
                "" if line is None else self.keyed(view.told(line))
            )
            return
        self.set_timer(0.3, lambda: self._read_stages(line))

    def _read_stages(self, line: "ProjectLine") -> None:
        if self._current is None or self._current.name != line.name:
            return

        def work() -> "ProjectStatus":
            self.session.prepare()
            from edt_core.actions.status import project_status

            if line.name == self.session.name:
                return project_status(self.session.project())
            with self.session.home.open(line.name) as project:
                return project_status(project)

        self.read(work, self._show_stages, group="stages")

    def _show_stages(self, found: "ProjectStatus") -> None:
        lines = [
            f"{one.step:<9} {state(one.state):<10} {one.stored:>2}/{one.total:<2} "
            f"{safe_text(one.told)}"
            for one in found.stages
        ]
        tail = f"{found.calls:,} calls kept, ${found.cost:.4f}. {safe_text(found.note)}"
        self.query_one("#stages", Static).update(Text("\n".join([*lines, tail])))

    # ------------------------------------------------------------------ keys

    def why_not(self, command: Command) -> str:
        """Most keys need a project."""
        line = self._current
        if command.action == "tour" and (line is None or not line.dataset):
            return "there is nothing to see yet; {projects.demo} makes the demo that it is about."
        if command.action not in {"new", "demo", "restore"} and line is None:
            return "there is no project here."
        if line is not None and command.action in {"open", "tour", "copy", "backup"}:
            return view.unopened(line)[1]
        return ""

    def command_line(self) -> list[str]:
        """The list."""
        return ["projects"]

    def on_option_list_option_selected(self) -> None:
        """Enter in the list opens."""
        self.do(self.KEYS[0])

    def do_open(self) -> None:
        """Open the project under the cursor: its pipeline, or the import where it is empty."""
        if self._current is not None:
            self.session.choose(self._current.name)
            self.edt.go("pipeline" if self._current.dataset else "data")

    def do_new(self) -> None:
        """Ask for a name and make an empty project."""

        def make(name: str | None) -> None:
            if name:
                home = self.session.home
                self.write(
                    lambda: home.create(name).close(), lambda _: self._made(name, "new", name)
                )

        self._ask("Name of the new project", partial(asking.wrong_name, self.session.home), make)

    def do_demo(self) -> None:
        """Start ``edt demo`` in a process of its own, after a question where there is one."""
        from edt_app.tui.dialogs import Confirm

        if all(line.name != _DEMO for line in self._lines):
            self._start_demo("The demo is made")
            return

        def answer(sure: bool | None) -> None:
            if sure:
                self._start_demo(f"The demo goes on with {_DEMO}")

        question = f"There is a project {_DEMO} already. Run the demo's models in it?"
        self.app.push_screen(Confirm(f"{question}\nWhat is stored there is kept and used."), answer)

    def _start_demo(self, told: str) -> None:
        from edt_app.launch import command_line, launch

        home = self.session.home

        def started(_: object) -> None:
            self.remember("demo", project=_DEMO)
            self.session.choose(_DEMO)
            self.reload()
            self.say(
                f"{told}; closing edt-app does not stop it. {{go.pipeline}} shows how far it is."
            )
            if self._demo is None:
                self._demo = self.set_interval(_LOOK, self._look_for_demo)

        line = command_line(home, "demo", project=_DEMO)
        self.write(lambda: launch(home, _DEMO, line), started)

    def _look_for_demo(self) -> None:
        """Offer the tour once the demo that was started here is done."""
        from edt_core.store.liveness import exit_status, heartbeat

        folder = self.session.home.folder / _DEMO
        if not folder.is_dir() or heartbeat(folder) is not None:
            return
        status = exit_status(folder)
        if status is not None and self._demo is not None:
            self._demo.stop()
            self._demo = None
            if status == 0:
                from edt_app.tui.tour import offer

                offer(self.edt, _DEMO)

    def do_tour(self) -> None:
        """Walk through the screens."""
        from edt_app.tui.tour import walk

        if self._current is not None:
            walk(self.edt, self._current.name)

    def do_copy(self) -> None:
        """Ask for a name and copy."""
        line = self._current
        if line is None:
            return

        def copy(name: str | None) -> None:
            if name:
                home = self.session.home
                self.write(
                    lambda: home.copy(line.name, name).close(),
                    lambda _: self._made(name, "copy", line.name, name),
                )

        check = partial(asking.wrong_name, self.session.home)
        self._ask(f"Copy {line.name} as", check, copy, f"{line.name}-copy")

    def do_backup(self) -> None:
        """Ask for a file and write the project into it."""
        line = self._current
        if line is None:
            return

        def save(name: str | None) -> None:
            if not name:
                return
            file = typed_path(name)

            def saved(_: None) -> None:
                self.remember("backup", file, project=line.name)
                self.say(f"{line.name} is in {name}.")

            self.write(lambda: asking.back_up(line.folder, file), saved)

        check = partial(asking.wrong_target, self.session)
        self._ask(f"Back up {line.name} into", check, save, f"{line.name}.zip", a_path=True)

    def do_restore(self) -> None:
        """Ask for a file and a name, and make a project of them."""
        home = self.session.home

        def named(name: str | None, file: Path) -> None:
            if name:
                words = ("restore", file, "--as", name)
                self.write(
                    lambda: asking.restore(home, file, name), lambda made: self._made(made, *words)
                )

        def chosen(text: str | None) -> None:
            if text and text.strip():
                file = typed_path(text)
                check, free = partial(asking.wrong_name, home), asking.suggested_name(home, file)
                self._ask(f"Restore {file.name} as", check, partial(named, file=file), free)

        check = partial(asking.wrong_backup, self.session)
        self._ask("Restore from the file", check, chosen, a_path=True)

    def do_delete(self) -> None:
        """Delete after the name was typed."""
        from edt_app.tui.dialogs import Confirm

        line = self._current
        if line is None:
            return

        def delete(sure: bool | None) -> None:
            if not sure:
                return
            if self.session.name == line.name:
                self.session.choose("")
            self.write(lambda: self.session.home.delete(line.name), lambda _: self._gone(line.name))

        question = f"Delete {line.name} ({size(line.bytes)}) with all that is in it?"
        self.app.push_screen(Confirm(question, typed=line.name), delete)

    def _ask(
        self,
        question: str,
        check: Callable[[str], str],
        then: Callable[[str | None], None],
        value: str = "",
        *,
        a_path: bool = False,
    ) -> None:
        from edt_app.tui.dialogs import Ask

        self.app.push_screen(Ask(question, value, check=check, a_path=a_path), then)

    def _made(self, name: str, *words: object) -> None:
        self.remember(*words)
        self.session.choose(name)
        self._goal = name
        self.reload()
        self.say(f"{name} is made.")

    def _gone(self, name: str) -> None:
        self.remember("delete", name, yes=True)
        self.reload()
        self.say(f"{name} is deleted.")
