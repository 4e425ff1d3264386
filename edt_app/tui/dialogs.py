"""Small questions in front of a screen: confirm, ask for a text, choose, read."""

from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from edt_app.terminal import safe_text
from edt_app.tui.widgets.cells import hanging
from edt_app.tui.widgets.entry import Entry, PathSuggester
from edt_app.tui.widgets.moving import Choices, Scrolled

_CSS = """
{name} {{ align: center middle; }}
{name} > Vertical {{ width: auto; min-width: 50; max-width: 90%; height: auto; max-height: 90%;
  border: {border}; background: $surface; padding: 1 2; }}
{name} VerticalScroll {{ height: auto; max-height: 100%; width: auto; max-width: 100%; }}
{name} Static {{ width: auto; max-width: 100%; }}
{name} OptionList {{ height: auto; max-height: 16; width: 60; }}
{name} Input {{ width: 60; max-width: 100%; }}
"""


_LIST_ROOM = 54
"""Columns of a line of a list: its width without frame, padding and scroll bar."""


def text_room(width: int) -> int:
    """Columns of a line of text in a dialog on a screen of ``width`` columns."""
    return width * 9 // 10 - 8


class Confirm(ModalScreen[bool]):
    """Something hard to take back. Where a ``typed`` word is asked for, only it says yes."""

    DEFAULT_CSS = _CSS.format(name="Confirm", border="heavy $error")
    BINDINGS = [
        Binding("escape,n", "answer(False)", show=False),
        Binding("y", "answer(True)", show=False),
    ]

    def __init__(self, question: str, *, typed: str = "") -> None:
        super().__init__()
        self._question, self._typed = question, typed

    def compose(self) -> ComposeResult:
        """The question, and how to answer."""
        with Vertical():
            lines = map(safe_text, self._question.split("\n"))
            yield Static(Text("\n".join(lines)), markup=False)
            if self._typed:
                yield Static(Text(f"Type {safe_text(self._typed)} to go on, esc to leave."))
                yield Entry()
                yield Static("", id="wrong", markup=False)
            else:
                yield Static(Text("y Yes    n No (esc)"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Only the very word says yes; nothing at all says no."""
        if event.value in {"", self._typed}:
            self.dismiss(event.value == self._typed)
        else:
            told = f"✗ That is not {safe_text(self._typed)}."
            self.query_one("#wrong", Static).update(Text(told))

    def action_answer(self, answer: bool) -> None:
        """Answer by one key; a typed word can't be skipped."""
        if not (answer and self._typed):
            self.dismiss(answer)


class Ask(ModalScreen[str | None]):
    """A line of text; None when left."""

    DEFAULT_CSS = _CSS.format(name="Ask", border="round $primary")
    BINDINGS = [Binding("escape", "leave", show=False)]

    def __init__(
        self,
        question: str,
        value: str = "",
        *,
        check: Callable[[str], str] | None = None,
        a_path: bool = False,
    ) -> None:
        super().__init__()
        self._question, self._value, self._check = question, safe_text(value), check
        self._a_path = a_path

    def compose(self) -> ComposeResult:
        """The question above the line."""
        with Vertical() as box:
            takes = "→ takes a suggestion   " if self._a_path else ""
            box.border_subtitle = f"{takes}enter Go on   esc Leave"
            yield Static(Text(safe_text(self._question)))
            yield Entry(self._value, suggester=PathSuggester() if self._a_path else None)
            yield Static("", id="wrong", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line back when nothing is wrong with it."""
        wrong = self._check(event.value) if self._check else ""
        if wrong:
            self.query_one("#wrong", Static).update(Text(safe_text(wrong)))
        else:
            self.dismiss(event.value)

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Choose(ModalScreen[int | None]):
    """One of several lines, by number or arrow; None when left."""

    DEFAULT_CSS = _CSS.format(name="Choose", border="round $primary")
    BINDINGS = [Binding("escape,q", "leave", show=False)]

    def __init__(self, question: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._question, self._lines = question, lines

    def compose(self) -> ComposeResult:
        """The lines, numbered."""
        with Vertical() as box:
            box.border_subtitle = "enter or its number Choose   esc Leave"
            yield Static(Text(safe_text(self._question)))
            yield Choices(
                *(
                    Option(Text(hanging(f"{number if number < 10 else '':<2}", line, _LIST_ROOM)))
                    for number, line in enumerate(self._lines, 1)
                )
            )

    def on_key(self, event: events.Key) -> None:
        """A digit chooses at once, and is no screen's digit meanwhile."""
        if event.key.isdigit():
            event.stop()
            if 0 < int(event.key) <= len(self._lines):
                self.dismiss(int(event.key) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter chooses."""
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        """Leave without a choice."""
        self.dismiss(None)


class Message(ModalScreen[None]):
    """A text to read: help, a command line, a report's place."""

    DEFAULT_CSS = _CSS.format(name="Message", border="round $primary")
    BINDINGS = [Binding("escape,q,enter,question_mark", "leave", show=False)]

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, scrolled by the arrows where it is long."""
        with Vertical() as box, Scrolled():
            box.border_subtitle = "esc Close"
            yield Static(self._text)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)
