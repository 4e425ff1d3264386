"""The line in which a value is typed, with what is wrong with it or what it would take below."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from edt_app.terminal import safe_text
from edt_app.tui.screens.settings.view import next_choice
from edt_app.tui.widgets.entry import Entry
from edt_core.actions.describing import KeyDescription


class ValueInput(Entry):
    """A line that can be left, and in which arrows go through the choices."""

    BINDINGS = [
        Binding("escape", "leave", show=False),
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
    ]

    class Left(Message):
        """Nothing is to be kept."""

    class Turned(Message):
        """An arrow asks for another choice."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_leave(self) -> None:
        """Leave without a change."""
        self.post_message(self.Left())

    def action_choose(self, by: int) -> None:
        """The next or previous choice."""
        self.post_message(self.Turned(by))


class Editor(Vertical):
    """Edits one setting. Its owner checks what is typed and says what would follow."""

    DEFAULT_CSS = """
    Editor { height: auto; display: none; }
    Editor ValueInput { background: $panel; margin: 1 0; }
    Editor Static { height: auto; min-height: 1; }
    """

    class Typed(Message):
        """Another text stands in the line."""

        def __init__(self, key: KeyDescription, text: str) -> None:
            super().__init__()
            self.key, self.text = key, text

    class Kept(Typed):
        """Enter was pressed."""

    class Closed(Message):
        """It was left."""

    def __init__(self) -> None:
        super().__init__()
        self.key: KeyDescription | None = None

    def compose(self) -> ComposeResult:
        """The line, and what is said about it."""
        yield ValueInput(compact=True)
        yield Static("", id="told", markup=False)

    @property
    def line(self) -> ValueInput:
        """The line."""
        return self.query_one(ValueInput)

    def open(self, key: KeyDescription, text: str) -> None:
        """Edit ``key``, starting with ``text``."""
        self.key = key
        self.say(Text())
        self._show(on=True)
        self.line.suggester = SuggestFromList(key.choices) if key.choices else None
        self.line.value = ""  # so that the same text is told once more
        self.line.value = text
        self.line.cursor_position = len(text)
        self.screen.set_focus(self.line)  # at once: the next key belongs to it
        self.post_message(self.Typed(key, text))

    def close(self) -> None:
        """Take the line away."""
        self.key = None
        self._show(on=False)

    def _show(self, *, on: bool) -> None:
        """Make room in the pane around it, or give it back."""
        self.display = on
        if self.parent is not None:
            self.parent.set_class(on, "-editing")

    def say(self, text: Text) -> None:
        """Below the line."""
        self.query_one("#told", Static).update(text)

    def complain(self, message: str, hint: str = "") -> None:
        """What is wrong with what stands there."""
        self.say(Text(f"✗ {safe_text(message)}" + (f" {safe_text(hint)}" if hint else "")))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Every letter is checked."""
        event.stop()
        if self.key is not None:
            self.post_message(self.Typed(self.key, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        if self.key is not None:
            self.post_message(self.Kept(self.key, event.value))

    def on_value_input_left(self) -> None:
        """Escape."""
        self.close()
        self.post_message(self.Closed())

    def on_value_input_turned(self, event: ValueInput.Turned) -> None:
        """An arrow."""
        if self.key is not None:
            self.line.value = next_choice(self.key, self.line.value, event.by)
            self.line.cursor_position = len(self.line.value)
