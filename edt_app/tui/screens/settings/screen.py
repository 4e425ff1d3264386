"""The settings: looked at, changed in place, and what a change would take said beforehand."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Confirm, Message
from edt_app.tui.screens.settings.checking import asked_doctor, wrong_assignment
from edt_app.tui.screens.settings.editor import Editor
from edt_app.tui.screens.settings.view import COLUMNS, SettingsView, settings_of, told
from edt_app.tui.widgets.entry import Entry
from edt_app.tui.widgets.virtual_table import VirtualTable
from edt_core.errors import UsageError

if TYPE_CHECKING:
    from edt_core.actions.consequences import Consequences
    from edt_core.actions.describing import KeyDescription

_READING = "reading …"  # an older project is brought up to date first, which can take a while
_PAUSE = 0.15
"""Seconds without a letter before it is worked out what a value would make stale."""


class Searched(Vertical):
    """What the search line narrows: escape shows all of it again."""

    BINDINGS = [Binding("escape", "screen.back", show=False)]


class SettingsScreen(EdtScreen):
    """Every setting by section; enter edits the one under the cursor."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command(
            "settings.edit",
            "e",
            "Edit",
            "Change the setting; says what it would make stale first.",
            "edit",
        ),
        Command("settings.reset", "r", "Default", "Take the default back.", "reset"),
        Command("settings.undo", "u", "Undo", "Undo the last change of a setting.", "undo"),
        Command("settings.redo", "U", "Redo", "Change it once more.", "redo", footer=False),
        Command("settings.filter", "slash", "Filter", "Find settings by words.", "filter"),
        Command("settings.only_set", "s", "Only set", "Show what was changed, or all.", "only_set"),
        Command(
            "settings.assign",
            "equals_sign",
            "KEY=VALUE",
            "Type a setting by its name.",
            "assign",
        ),
        Command(
            "settings.test",
            "t",
            "Test provider",
            "Ask the providers whether they answer, as edt doctor does.",
            "test",
        ),
    )
    DEFAULT_CSS = """
    SettingsScreen #both { height: 1fr; }
    SettingsScreen VirtualTable { height: 1fr; }
    SettingsScreen #pane { height: 40%; min-height: 6; }
    SettingsScreen #detail { height: 1fr; }
    SettingsScreen #pane.-editing { height: auto; max-height: 75%; }
    SettingsScreen #pane.-editing #detail { height: auto; }
    SettingsScreen #search { display: none; height: 1; }
    SettingsScreen.-very-wide #both { layout: horizontal; }
    SettingsScreen.-very-wide VirtualTable { width: 1fr; height: 100%; }
    SettingsScreen.-very-wide #pane { width: 60; height: 100%; max-height: 100%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: SettingsView | None = None
        self._text = ""
        self._only_set = False
        self._done: list[dict[str, tuple[Any, Any]]] = []
        self._undone: list[dict[str, tuple[Any, Any]]] = []
        self._previewed: tuple[str, str] | None = None
        self._entered = False
        self._timer: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """The table, the search line, and the pane of the setting under the cursor."""
        with Searched():
            with Container(id="both"):
                yield VirtualTable(COLUMNS, self._rows, empty=_READING)
                with Vertical(id="pane", classes="pane"):
                    yield Static("", id="detail", markup=False)
                    yield Editor()
            yield Entry(placeholder="words in name, help or value", id="search", compact=True)

    def forget(self) -> None:
        """No settings, no filter, nothing to undo."""
        self._done, self._undone, self._view = [], [], None
        self._text, self._only_set = "", False
        search, table = self.query_one("#search", Input), self.query_one(VirtualTable)
        search.display, search.value, table.empty = False, "", _READING
        self._close_editor()
        table.set_ids([])
        self._tell()

    def reload(self) -> None:
        """Read the settings, changed elsewhere maybe; the cursor and what is typed stay."""
        self.read(lambda: settings_of(self.session.project()), self._show)

    def _show(self, view: SettingsView) -> None:
        self._view = view
        self._fill()

    def _fill(self) -> None:
        if self._view is None:
            return
        entries = self._view.entries(self._text, only_set=self._only_set)
        table = self.query_one(VirtualTable)
        table.empty = self._view.nothing(self._text, only_set=self._only_set)
        table.set_ids([entry.id for entry in entries])
        table.reload()
        if self._text and self._current is None and len(entries) > 1:
            table.move_to(entries[1].id)  # a heading is never what was looked for
        self._tell()
        if self.focused is None:
            table.focus()

    def _rows(self, ids: list[int]) -> Mapping[int, Any]:
        return {number: self._view.row(number) for number in ids} if self._view else {}

    def _tell(self) -> None:
        number = self.query_one(VirtualTable).cursor_id
        empty = self._view is None or number is None
        text = Text() if empty else self._view.detail(number)  # type: ignore[union-attr, arg-type]
        self.query_one("#detail", Static).update(text, layout=False)
        title = self._view.title() if self._view else ""
        if (pane := self.query_one("#pane")).border_title != title:
            pane.border_title = title

    @property
    def _current(self) -> "KeyDescription | None":
        number = self.query_one(VirtualTable).cursor_id
        return None if self._view is None or number is None else self._view.entry(number).key

    def on_virtual_table_highlighted(self) -> None:
        """The pane follows the cursor."""
        self._tell()

    def on_virtual_table_chosen(self) -> None:
        """Enter edits."""
        self.do(self.KEYS[0])

    def why_not(self, command: Command) -> str:
        """A heading is nothing to change."""
        if self._view is None:
            return "no setting is read." if self.session.name else "no project is open."
        key = self._current
        match command.action:
            case "edit" | "reset" if key is None:
                return "go to a setting of this section first."
            case "reset" if key is not None and not self._view.is_set(key):
                return "it has its default already."
            case "undo" if not self._done:
                return "nothing was changed here since the project was opened."
            case "redo" if not self._undone:
                return "nothing was undone."
        return ""

    def command_line(self) -> list[str]:
        """The setting under the cursor as ``edt config set``, or all of them."""
        base = ["config", "--project", self.session.name]
        editor, key = self.query_one(Editor), self._current
        if key is None or self._view is None:
            return [*base, "show"]
        from edt_core.actions.describing import written

        if editor.key is not None:
            return [*base, "set", "--dry-run", "--", editor.key.key, editor.line.value]
        return [*base, "set", "--", key.key, written(self._view.values[key.key])]

    def do_edit(self) -> None:
        """Edit in place."""
        from edt_core.actions.describing import written

        key = self._current
        if key is not None and self._view is not None:
            self.query_one(Editor).open(key, written(self._view.values[key.key]))

    def do_reset(self) -> None:
        """Type the default, so that what it makes stale is seen before it is kept."""
        from edt_core.actions.describing import written

        if (key := self._current) is not None:
            self.query_one(Editor).open(key, written(key.default))

    def do_undo(self) -> None:
        """Take the last change back."""
        changes = self._done.pop()
        self._undone.append(changes)
        self._set({key: before for key, (before, _) in changes.items()})

    def do_redo(self) -> None:
        """Change it once more."""
        changes = self._undone.pop()
        self._done.append(changes)
        self._set({key: after for key, (_, after) in changes.items()})

    def do_only_set(self) -> None:
        """Show what was changed alone, or everything."""
        self._only_set = not self._only_set
        self._fill()

    def do_filter(self) -> None:
        """Type words."""
        search = self.query_one("#search", Input)
        search.display = True
        self.set_focus(search)

    def do_assign(self) -> None:
        """Ask for KEY=VALUE; the editor opens with it."""

        def assigned(text: str | None) -> None:
            if text:
                key, _, value = text.partition("=")
                self._edit_key(key.strip(), value.strip())

        self.app.push_screen(Ask("KEY=VALUE", check=wrong_assignment), assigned)

    def _edit_key(self, name: str, value: str) -> None:
        if self._view is None:
            return
        self._text, self._only_set = "", False
        self._fill()
        number = [key.key for key in self._view.keys].index(name)
        self.query_one(VirtualTable).move_to(number)
        self.query_one(Editor).open(self._view.keys[number], value)

    def do_test(self) -> None:
        """Ask the providers, after a question where that may cost money."""

        def work() -> str:
            from edt_core.actions.doctor import consent

            return consent(self.session.project())

        def told(cost: str) -> None:
            if cost:
                question = f"{cost}\nAsk?"
                self.app.push_screen(Confirm(question), lambda sure: self._ask() if sure else None)
            else:
                self._ask()

        self.read(work, told, group="test")

    def _ask(self) -> None:
        """In a process of its own: it may take a while."""
        self.say("Asking the providers ...")
        self.remember("doctor", project=self.session.name)
        asked = partial(asked_doctor, self.session.home.folder, self.session.name)
        self.read(asked, self._tested, group="test")

    def _tested(self, text: Text) -> None:
        self.app.push_screen(Message(text))

    def on_input_changed(self, event: Input.Changed) -> None:
        """The table follows the words."""
        if event.input.id == "search":
            self._text = event.value
            self._fill()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to what was found."""
        if event.input.id == "search":
            self.query_one(VirtualTable).focus()

    def action_back(self) -> None:
        """One level back: the filter first."""
        search = self.query_one("#search", Input)
        if search.display or self._only_set:
            search.display = False
            self._only_set = False
            search.value = ""
            self._text = ""
            self._fill()
            self.query_one(VirtualTable).focus()
        else:
            self.edt.action_one_back()

    def on_editor_typed(self, event: Editor.Typed) -> None:
        """Check each letter; a pause says what would follow."""
        if self._timer is not None:
            self._timer.stop()
        self._previewed, self._entered = None, False
        editor = self.query_one(Editor)
        try:
            self._checked(event.key.key, event.text)
        except UsageError as error:
            editor.complain(error.message, f"Allowed: {event.key.allowed}.")
            return
        editor.say(Text("… working out what it would make stale"))
        self._timer = self.set_timer(_PAUSE, partial(self._preview, event.key.key, event.text))

    def _checked(self, key: str, text: str) -> None:
        from edt_core.config import Config

        values = self._view.values if self._view is not None else {}
        Config().changed(values).changed({key: text})

    def _preview(self, key: str, text: str) -> None:
        def work() -> "tuple[Consequences, bool]":
            from edt_core.actions.consequences import consequences

            project = self.session.project()
            return consequences(project, {key: text}), project.holder() is not None

        self.read(work, partial(self._show_preview, (key, text)), group="preview")

    def _show_preview(self, typed: tuple[str, str], found: "tuple[Consequences, bool]") -> None:
        editor = self.query_one(Editor)
        if editor.key is None or (editor.key.key, editor.line.value) != typed:
            return
        self._previewed = typed
        if self._entered:
            self._keep(*typed, found[0].told_after)
            return
        line = told(found[0], running=found[1])
        line.append("\nenter Keep   esc Leave as it is", style="not bold dim")
        editor.say(line)

    def on_editor_kept(self, event: Editor.Kept) -> None:
        """Keep the value, once it is known what that takes."""
        if self._view is None:
            return
        if self._previewed != (event.key.key, event.text):
            self._entered = True  # it counts when that is known
        else:
            self._keep(event.key.key, event.text, "{settings.undo} undoes it")

    def _keep(self, key: str, text: str, told: str) -> None:
        assert self._view is not None
        before = self._view.values[key]
        self._close_editor()

        def keep() -> Any:
            from edt_core.actions.configuring import change

            return change(self.session.project(), {key: text}).flat()[key]

        def kept(after: Any) -> None:
            if before != after:
                self._done.append({key: (before, after)})
                self._undone.clear()
                self._remember({key: after})
                self.say(f"{key} is changed; {told}.")
            self.project_changed()

        self.write(keep, kept)

    def _remember(self, settings: dict[str, Any]) -> None:
        from edt_core.actions.describing import written

        for key, value in settings.items():
            line = ("config", "--project", self.session.name, "set", "--", key, written(value))
            self.remember(*line)

    def on_editor_closed(self) -> None:
        """Back to the table."""
        self.query_one(VirtualTable).focus()

    def _close_editor(self) -> None:
        self._previewed = None
        self.query_one(Editor).close()
        self.set_focus(self.query_one(VirtualTable))

    def _set(self, settings: dict[str, Any]) -> None:
        """Keep settings that were kept before; what that makes stale is said afterwards."""

        def work() -> str:
            from edt_core.actions.configuring import change
            from edt_core.actions.consequences import consequences

            project = self.session.project()
            found = consequences(project, settings)
            change(project, settings)
            return found.told_after

        def then(sentence: str) -> None:
            self._remember(settings)
            self.say(f"{', '.join(settings)}: {sentence}.")
            self.project_changed()

        self.write(work, then)
