"""A long text to read: prompts, answers, logs. Nothing in it is obeyed."""

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from edt_app.tui.commands import MOVING, SCROLLING, own_bindings
from edt_app.tui.widgets.cells import steady_text, wrapped

MOST_LETTERS = 2_000_000


class TextPane(ScrollView, can_focus=True):
    """Shows a text by lines, wrapped or not; only the lines in view are drawn."""

    DEFAULT_CSS = (
        "TextPane { height: 1fr; overflow-x: auto; overflow-y: auto; scrollbar-gutter: stable; }"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *own_bindings(MOVING, **SCROLLING, wrap="wrap"),
    ]

    def __init__(
        self,
        text: str = "",
        *,
        wrap: bool = True,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.wrap = wrap
        self._text = text
        self._lines: list[str] = []

    def show(self, text: str, *, keep_place: bool = False) -> None:
        """Show another text, from its start or, for one that grows, where the eye is."""
        if keep_place and text == self._text:
            return
        cut_off = len(text) - MOST_LETTERS
        self._text = text
        if cut_off > 0:
            self._text = f"{text[:MOST_LETTERS]}\n… {cut_off:,} more letters are not shown"
        if not keep_place:
            self.anchor(False)
            self.scroll_to(0, 0, animate=False, force=True)
        self._break()

    def follow(self, text: str) -> None:
        """Show a text that grows at its end, unless it was scrolled up from there.

        A hidden pane has no size to scroll by: the layout does it once it has one.
        """
        if not self.is_anchored:
            self.anchor()
        self.show(text, keep_place=True)

    def action_wrap(self) -> None:
        """Wrap long lines, or scroll sideways."""
        self.wrap = not self.wrap
        self._break()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._break()

    def _break(self) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        if self.wrap:
            self._lines = wrapped(self._text, width)
            widest = width
        else:
            self._lines = [steady_text(line) for line in self._text.split("\n")]
            widest = max(map(cell_len, self._lines))
        self.virtual_size = Size(widest, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line of the text, from the column scrolled to."""
        left, top = self.scroll_offset
        text = self._lines[top + y] if top + y < len(self._lines) else ""
        strip = Strip([Segment(text, self.rich_style)])
        return strip.crop_extend(left, left + self.size.width, self.rich_style)
