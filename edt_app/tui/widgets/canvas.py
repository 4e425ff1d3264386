"""A widget of finished lines that repaints only the cells that changed."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Run = tuple[str, int]
"""Text and its role: a series from 0 on, or one of the names below."""
Line = list[Run]

PLAIN, FAINT, CURSOR, STRONG = -1, -2, -3, -4


def changed(old: Line, new: Line) -> tuple[int, int] | None:
    """The first and the last column + 1 in which two lines differ."""
    if old == new:
        return None
    before = [(letter, role) for text, role in old for letter in text]
    after = [(letter, role) for text, role in new for letter in text]
    least = min(len(before), len(after))
    start = next((at for at in range(least) if before[at] != after[at]), least)
    end = next((at for at in range(least - start) if before[-1 - at] != after[-1 - at]), 0)
    width = max(cell_len("".join(text for text, _ in line)) for line in (old, new))
    left = cell_len("".join(letter for letter, _ in after[:start]))
    right = cell_len("".join(letter for letter, _ in after[len(after) - end :])) if end else 0
    return left, max(left + 1, width - right)


class Canvas(Widget):
    """Shows lines of runs; a subclass draws them and names the style of each role."""

    lines: list[Line]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.lines = []

    def draw_lines(self, width: int, height: int) -> list[Line]:
        """The lines for this size."""
        raise NotImplementedError

    def role_style(self, role: int) -> Style:
        """The style of a role."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again, and repaint what came out different."""
        if not self.size:
            return
        old, self.lines = self.lines, self.draw_lines(*self.size)
        if len(old) != len(self.lines):
            self.refresh()
            return
        regions = [
            Region(span[0], y, span[1] - span[0], 1)
            for y, (before, after) in enumerate(zip(old, self.lines, strict=True))
            if (span := changed(before, after))
        ]
        if regions:
            self.refresh(*regions)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.lines = []
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """A line as it was drawn last."""
        line: Sequence[Run] = self.lines[y] if y < len(self.lines) else []
        base = self.rich_style
        styles = {role: base + self.role_style(role) for role in {role for _, role in line}}
        segments = [Segment(text, styles[role]) for text, role in line]
        return Strip(segments).adjust_cell_length(self.size.width, base)
