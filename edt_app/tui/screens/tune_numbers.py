"""What changes with the cut, beside the histograms."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll

from edt_app.tui.commands import MOVING, SCROLLING, own_bindings

_LINES = 16
"""Of the numbers with all that is told below them."""


class Numbers(VerticalScroll, inherit_bindings=False):
    """What changes, scrolled where it is longer than its room; left and right move the cut."""

    BINDINGS: ClassVar[list[BindingType]] = [*own_bindings(MOVING, **SCROLLING)]

    @property
    def all_seen(self) -> bool:
        """Has everything room?"""
        return self.size.height >= _LINES
