"""Screen 1: every project, with a detail of the one under the cursor."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.widget import Widget
from textual.widgets import DataTable, Static

from edt_app.terminal import safe_text, when
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Confirm
from edt_core.store.home import ProjectLine


class ProjectsScreen(EdtScreen):
    """Chooses, makes, copies and deletes projects."""

    NEEDS_PROJECT = False
    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("projects.open", "enter", "Open", "Open the project under the cursor.", "open"),
        Command("projects.new", "n", "New", "Make an empty project.", "new"),
        Command("projects.copy", "c", "Copy", "Copy the project with all that is in it.", "copy"),
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
    ProjectsScreen DataTable { height: 1fr; }
    ProjectsScreen #empty { display: none; padding: 1 2; height: 1fr; }
    ProjectsScreen.-empty DataTable { display: none; }
    ProjectsScreen.-empty #empty { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[ProjectLine] = []

    def body(self) -> Iterable[Widget]:
        """One table."""
        table: DataTable[Text] = DataTable(cursor_type="row", zebra_stripes=False)
        yield table
        yield Static(
            Text(
                "There is no project yet.\n\n"
                "  n          make an empty one, then import two domains (2 Data)\n"
                "  edt demo   in a terminal: a complete project in about two minutes"
            ),
            id="empty",
        )

    def on_mount(self) -> None:
        """The columns."""
        table = self.query_one(DataTable)
        for name in ("name", "data set", "size", "changed", "cost", "state"):
            table.add_column(name, key=name)
        table.focus()

    def reload(self) -> None:
        """Read the list; it imports no database library."""
        self.read(self.session.home.projects, self._show)

    def _show(self, lines: list[ProjectLine]) -> None:
        self._lines = lines
        self.set_class(not lines, "-empty")
        table = self.query_one(DataTable)
        row = table.cursor_row
        table.clear()
        for line in lines:
            cells = (
                safe_text(line.name),
                safe_text(line.dataset) or "no data yet",
                f"{line.bytes / 1e6:,.1f} MB",
                when(line.changed_at),
                f"${line.cost:.2f}" if line.cost else "-",
                "● running" if line.running else "",
            )
            table.add_row(*(Text(cell) for cell in cells), key=line.name)
        names = [line.name for line in lines]
        wanted = names.index(self.session.name) if self.session.name in names else row
        table.move_cursor(row=wanted)

    @property
    def _current(self) -> ProjectLine | None:
        row = self.query_one(DataTable).cursor_row
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def why_not(self, command: Command) -> str:
        """All but making one need a project."""
        if command.action != "new" and self._current is None:
            return "there is no project here."
        return ""

    def command_line(self) -> list[str]:
        """The list."""
        return ["projects"]

    def on_data_table_row_selected(self) -> None:
        """Enter in the table opens."""
        self.do_open()

    def do_open(self) -> None:
        """Open the project under the cursor."""
        if self._current is not None:
            self.session.choose(self._current.name)
            self.edt.go(self.edt.places[min(1, len(self.edt.places) - 1)].mode)

    def do_new(self) -> None:
        """Ask for a name and make an empty project."""

        def make(name: str | None) -> None:
            if name:
                self.write(
                    lambda: self.session.home.create(name).close(), lambda _: self._made(name)
                )

        self.app.push_screen(Ask("Name of the new project"), make)

    def do_copy(self) -> None:
        """Ask for a name and copy."""
        line = self._current
        if line is None:
            return

        def copy(name: str | None) -> None:
            if name:
                self.write(
                    lambda: self.session.home.copy(line.name, name).close(),
                    lambda _: self._made(name),
                )

        self.app.push_screen(Ask(f"Copy {line.name} as", f"{line.name}-copy"), copy)

    def do_delete(self) -> None:
        """Delete after the name was typed."""
        line = self._current
        if line is None:
            return

        def delete(sure: bool | None) -> None:
            if not sure:
                return
            if self.session.name == line.name:
                self.session.choose("")
            self.write(
                lambda: self.session.home.delete(line.name),
                lambda _: self._gone(line.name),
            )

        question = f"Delete {line.name} ({line.bytes / 1e6:,.1f} MB) with all that is in it?"
        self.app.push_screen(Confirm(question, typed=line.name), delete)

    def _made(self, name: str) -> None:
        self.session.choose(name)
        self.reload()
        self.say(f"{name} is made.")

    def _gone(self, name: str) -> None:
        self.reload()
        self.say(f"{name} is deleted.")
