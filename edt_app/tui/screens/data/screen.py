"""The screen itself: the form on one side, the data set or a preview on the other."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from edt_app.launch import command_line, launch
from edt_app.terminal import when
from edt_app.tui.asking import ask
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Confirm
from edt_app.tui.screens.data import view
from edt_app.tui.screens.data.form import ImportForm, arguments
from edt_app.tui.widgets.text_pane import TextPane
from edt_core.errors import EdtError, MissingInput

if TYPE_CHECKING:
    from edt_core.actions.surveying import Description

_LOOK = 0.5
IMPORTING = "edt import"
"""What a process that imports calls itself."""


class DataScreen(EdtScreen):
    """Shows what is imported, previews what would be, and imports in a process of its own."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("data.form", "i,enter", "Form", "Fill in the import's form.", "form"),
        Command("data.preview", "f5", "Preview", "Read the files, keep nothing.", "preview"),
        Command("data.import", "f9", "Import", "Read the files into the project.", "import"),
        Command("data.back", "b", "Data set", "Show the imported data set again.", "back"),
    )
    AUTO_FOCUS = "TextPane"
    DEFAULT_CSS = """
    DataScreen #halves { height: 1fr; }
    DataScreen #form { width: 56; height: auto; }
    DataScreen #shown { width: 1fr; height: 1fr; }
    DataScreen.-narrow #halves { layout: vertical; }
    DataScreen.-narrow #form { width: 1fr; height: 8; border: none; }
    DataScreen.-narrow #shown { border: none; border-top: round $edge; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._importing = False
        self._launched = False
        self._preview = ""

    def body(self) -> Iterable[Widget]:
        """Form and text."""
        with Horizontal(id="halves"):
            form = ImportForm(id="form", classes="pane")
            form.border_title = "import"
            yield form
            yield TextPane(id="shown", classes="pane", wrap=False)

    def on_mount(self) -> None:
        """Look after a running import."""
        self.set_interval(_LOOK, self._look)

    def forget(self) -> None:
        """No data set, no import, an empty form."""
        self.query_one(ImportForm).reset()
        self._preview, self._importing, self._launched = "", False, False
        self._tell("data set", "")

    def reload(self) -> None:
        """Read the data set's description."""
        self._preview = ""
        self.read(self._description, self._described)

    def project_changed(self) -> None:
        """A preview stays until it is left, and what goes on until it has ended."""
        if not self._preview and not self._importing:
            self.reload()

    def _description(self) -> "Description | None":
        from edt_core.actions.surveying import survey

        try:
            return survey(self.session.project())
        except MissingInput:
            return None

    def _described(self, found: "Description | None") -> None:
        if self._importing:
            return
        pane = self.query_one("#shown", TextPane)
        pane.border_title = "data set"
        if found is None:
            pane.show(view.no_data(*(self.keyed(f"{{{one.id}}}") for one in self.KEYS[:3])))
        else:
            pane.show(view.described(found), keep_place=True)

    # ------------------------------------------------------------------ keys

    def why_not(self, command: Command) -> str:
        """One import at a time."""
        if command.action in {"import", "preview"}:
            if not self.session.name:
                return "no project is open."
            if self._importing:
                return "an import goes on."
            return arguments(self.query_one(ImportForm).values)[1]
        return ""

    def command_line(self) -> list[str]:
        """The form as ``edt import``."""
        words, missing = arguments(self.query_one(ImportForm).values)
        if missing:
            return ["report", "--project", self.session.name, "statistics"]
        return ["import", "--project", self.session.name, *words]

    def do_form(self) -> None:
        """Into the first field."""
        self.query(Input).first().focus()

    def do_back(self) -> None:
        """The data set again."""
        self.reload()

    def do_preview(self) -> None:
        """A dry run in a process of its own: reading files needs no more memory here."""
        words, _ = arguments(self.query_one(ImportForm).values)
        asked = ["import", "--project", self.session.name, *words, "--dry-run"]
        home = self.session.home.folder
        self._tell("preview", "Reading …")
        self.read(lambda: _reported(home, asked), self._previewed, group="preview")

    def _previewed(self, report: dict[str, Any] | EdtError) -> None:
        if isinstance(report, EdtError):
            self.reload()  # what was shown before
            self.fail(report)
            return
        self._preview = view.previewed(report, self.keyed)
        self._tell("preview", self._preview)
        self.query_one("#shown").focus()

    def do_import(self) -> None:
        """Ask first where a data set would be replaced."""

        def go(sure: bool | None) -> None:
            if sure:
                self._start()

        def ask(found: "Description | None") -> None:
            if found is None:
                self._start()
            else:
                question = f"Replace the data set {found.dataset.name}? Its results stay stored."
                self.app.push_screen(Confirm(question), go)

        self.read(self._description, ask, group="ask")

    def _start(self) -> None:
        words, _ = arguments(self.query_one(ImportForm).values)
        home, name = self.session.home, self.session.name
        line = command_line(home, "import", *words, project=name)

        def started(_: object) -> None:
            self._launched = True
            self.remember("import", "--project", name, *words)
            self._show_import("Reading …")

        self.write(lambda: launch(home, name, line), started)

    def _show_import(self, text: str) -> None:
        self._importing = True
        self._tell("import", f"{text}\n\nClosing edt-app does not stop it.")

    def _look(self) -> None:
        """Follow an import, whoever started it; one that was started here has to begin first."""
        if not (self.is_current and self.session.name):
            return
        from edt_core.store.liveness import exit_status, heartbeat

        folder = self.session.home.folder / self.session.name
        beating = heartbeat(folder)
        if beating is not None:
            if beating.holder.command == IMPORTING and not self._importing:
                since = when(beating.holder.since)
                self._show_import(
                    f"An import goes on since {since} (process {beating.holder.pid})."
                )
            return
        status = exit_status(folder)
        if self._importing and not (self._launched and status is None):
            self._importing = self._launched = False
            self._ended(status or 0)

    def _ended(self, status: int) -> None:
        from edt_core.store.liveness import log_lines

        folder = self.session.folder
        if status == 0:
            self.say("The import has ended. Next: {go.pipeline} Pipeline runs it.")
            self.reload()
            return
        told = [line for line in log_lines(folder, 6) if line.startswith(("edt:", "     "))]
        words = " ".join(" ".join(told).removeprefix("edt:").split())
        self.reload()
        self.fail(EdtError(words or "The import ended without a word.", hint="Nothing was kept."))

    def _tell(self, title: str, text: str) -> None:
        pane = self.query_one("#shown", TextPane)
        pane.border_title = title
        pane.show(text)


def _reported(home: Path, words: Sequence[str]) -> dict[str, Any] | EdtError:
    """The report of a dry run, or why there is none."""
    try:
        found: dict[str, Any] = ask(home, words)
    except EdtError as error:
        return error
    return found
