"""Small parts of screens: a progress line, a block of names and values."""

from collections.abc import Mapping
from itertools import zip_longest

from rich.cells import cell_len
from rich.segment import Segment
from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from edt_app.tui.widgets.cells import cut, fit, steady_text

PARTS = " ▏▎▍▌▋▊▉█"


def time_left(seconds: float) -> str:
    """A duration as one would say it: 40 s, 12m54, 1h04."""
    if not 0 <= seconds < 1e8:
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}"
    return f"{whole // 3600}h{whole % 3600 // 60:02}"


def bar(share: float, width: int, *, plain: bool = False) -> str:
    """A bar of ``width`` cells filled to ``share`` of 1, in eighths of a cell."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    if plain:
        return "#" * (eighths // 8) + "." * (width - eighths // 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (PARTS[rest] if rest else "")).ljust(width)


def progress_line(
    done: int, total: int, width: int, *, rate: float = 0.0, unit: str = "", plain: bool = False
) -> str:
    """How far something is: bar, share, counts, rate a second and time left, in ``width`` columns.

    ``total`` 0 means that nobody knows; what has no room is left out from the right.
    """
    unit = steady_text(unit)
    if total <= 0:
        parts = [f"{done:,} {unit}".strip(), f"{rate:,.1f}/s" if rate else ""]
        return cut("  ".join(part for part in parts if part), width)
    parts = [f"{100 * done / total:.1f}%", f"{done:,} / {total:,} {unit}".strip()]
    if rate > 0:
        parts += [f"{rate:,.1f}/s", f"{time_left((total - done) / rate)} left"]
    while len(parts) > 1 and width - cell_len("  ".join(parts)) < 12:
        parts.pop()
    text = "  ".join(parts)
    room = max(4, min(40, width - cell_len(text) - 3))
    return cut(f"[{bar(done / total, room, plain=plain)}] {text}", width)


def pairs(known: Mapping[str, object]) -> Text:
    """Names in one column, values in the next; both plain text."""
    shown = [(steady_text(str(name)), steady_text(str(value))) for name, value in known.items()]
    width = max((cell_len(name) for name, _ in shown), default=0)
    text = Text()
    for at, (name, value) in enumerate(shown):
        text.append("\n" if at else "")
        text.append(fit(name, width), style="dim")
        text.append(f"  {value}")
    return text


class Lines(Widget):
    """A text by lines; only those that changed are painted again, and nothing is laid out anew."""

    DEFAULT_CSS = "Lines { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: list[Text] = []

    def show(self, text: Text) -> None:
        """Show this; what is longer than a line is cut."""
        before, self._lines = self._lines, list(text.split(allow_blank=True))
        if len(before) != len(self._lines) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        changed = [
            Region(0, y, self.size.width, 1)
            for y, (old, new) in enumerate(zip_longest(before, self._lines))
            if old != new
        ]
        if changed:
            self.refresh(*changed)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One row a line, where the height is left to the text."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """A line of the text."""
        width, base = self.size.width, self.rich_style
        if y >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[y].copy()
        line.truncate(width, overflow="ellipsis")
        segments = Segment.apply_style(line.render(self.app.console), base)
        return Strip(segments).adjust_cell_length(width, base)
