"""What changes with the cut, beside the histograms."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

_LINES = 14
"""Of the numbers with all that is told below them."""


class Numbers(VerticalScroll, inherit_bindings=False):
    """What changes, scrolled where it is longer than its room; left and right move the cut."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", show=False),
        Binding("up,k", "scroll_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
    ]

    @property
    def all_seen(self) -> bool:
        """Has everything room?"""
        return self.size.height >= _LINES
