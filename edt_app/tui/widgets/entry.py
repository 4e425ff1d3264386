"""A line to type in: whatever stands in it or is suggested, nothing of it is obeyed."""

from pathlib import Path

from rich.segment import Segment
from textual.strip import Strip
from textual.suggester import Suggester
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


def completed(text: str) -> str:
    """The first file or folder that begins like ``text``; empty without one."""
    try:
        path = Path(text).expanduser()
        folder, start = (path, "") if text.endswith("/") else (path.parent, path.name)
        found = sorted(one.name for one in folder.iterdir() if one.name.startswith(start))
    except (OSError, RuntimeError):
        return ""
    visible = [name for name in found if start or not name.startswith(".")]
    if not visible:
        return ""
    whole = text + visible[0][len(start) :]
    return f"{whole}/" if (folder / visible[0]).is_dir() else whole


class PathSuggester(Suggester):
    """Completes a path as it is typed; → takes the suggestion."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The completed path, or None."""
        return completed(value) or None if value else None
