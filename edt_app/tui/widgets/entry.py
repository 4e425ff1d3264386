"""A line to type in: whatever stands in it or is suggested, nothing of it is obeyed."""

from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import Input

from edt_app.tui.widgets.cells import steady_text


class Entry(Input):
    """Textual's line writes its text to the terminal as it is; a stored one may hold anything."""

    def render_line(self, y: int) -> Strip:
        """The line, with what a terminal would act on made visible."""
        strip = super().render_line(y)
        if strip.text.isascii() and strip.text.isprintable():
            return strip
        parts = [Segment(steady_text(part.text), part.style) for part in strip]
        return Strip(parts).adjust_cell_length(strip.cell_length, self.rich_style)
