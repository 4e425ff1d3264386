"""Textual's own lists and scrolled texts, with the keys that move everywhere."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import OptionList

from edt_app.tui.commands import MOVING, SCROLLING, own_bindings


class Choices(OptionList):
    """Lines to choose from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *own_bindings(
            MOVING,
            down="cursor_down",
            up="cursor_up",
            page_down="page_down",
            page_up="page_up",
            first="first",
            last="last",
            open="select",
        )
    ]

    def action_cursor_up(self) -> None:
        """The line before; the first one stays, as in every table."""
        if self.highlighted != 0:
            super().action_cursor_up()

    def action_cursor_down(self) -> None:
        """The line after; the last one stays."""
        if self.highlighted != self.option_count - 1:
            super().action_cursor_down()


class Scrolled(VerticalScroll):
    """A text that may be longer than its room."""

    BINDINGS: ClassVar[list[BindingType]] = [*own_bindings(MOVING, **SCROLLING)]
