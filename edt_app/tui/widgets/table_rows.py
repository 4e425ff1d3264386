"""The rows of a big table: how one is drawn, and which of them are held."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from edt_app.tui.widgets.cells import Align, fit

Ids = NDArray[np.int32] | NDArray[np.int64]
Cell = str | tuple[str, Style | str]
Row = Sequence[Cell]
Fetch = Callable[[list[int]], Mapping[int, Row]]

PAGE_ROWS = 200
PAGES_KEPT = 8
LEAST_FLEXIBLE = 8

TABLE_CSS = """
VirtualTable { height: 1fr; overflow-x: hidden; overflow-y: auto; }
VirtualTable > .virtual-table--header { text-style: bold; background: $panel; }
VirtualTable > .virtual-table--cursor { background: $surface-lighten-2; text-style: bold; }
VirtualTable:focus > .virtual-table--cursor {
    background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
}
VirtualTable > .virtual-table--marked { background: $boost; text-style: italic; }
VirtualTable > .virtual-table--pending { text-style: dim; }
"""
"""The parts of a table by name, in the theme's colours."""


@dataclass(frozen=True)
class Column:
    """A column of ``width`` terminal columns.

    The flexible one takes the room that is left; a column is left out of a table narrower than
    ``from_width``.
    """

    title: str
    width: int
    align: Align = "left"
    flexible: bool = False
    from_width: int = 0


@dataclass(frozen=True)
class Glyphs:
    """The signs in front of a row: never colour alone."""

    cursor: str = "▌"
    mark: str = "◆"
    span: str = "┃"
    more: str = "…"


ASCII_GLYPHS = Glyphs(">", "*", "|", "~")


class RowPainter:
    """Draws rows of these columns in ``width`` terminal columns."""

    def __init__(
        self, columns: Sequence[Column], width: int, glyphs: Glyphs, *, markable: bool
    ) -> None:
        self.width = width
        self._glyphs = glyphs
        self._markable = markable
        self._margin = 3 if markable else 2
        shown = [(at, one) for at, one in enumerate(columns) if width >= one.from_width]
        fixed = self._margin + sum(one.width + 1 for _, one in shown if not one.flexible)
        room = max(LEAST_FLEXIBLE, width - fixed - 1)
        self._layout: list[tuple[int, int, Align]] = [
            (at, room if one.flexible else one.width, one.align) for at, one in shown
        ]
        # what the parts of a line take: measuring their letters again costs most of a page
        self._used = self._margin + sum(width + 1 for _, width, _ in self._layout)
        self._titles = [one.title for one in columns]

    def header(self, style: Style) -> Strip:
        """The titles."""
        titles = [fit(self._titles[at], width, align) for at, width, align in self._layout]
        return self._line([(" " * self._margin + " ".join(titles) + " ", style)], style)

    def row(
        self, row: Row | None, base: Style, pending: Style, *, signs: tuple[bool, bool, bool]
    ) -> Strip:
        """A row; None is one that isn't there yet. ``signs``: cursor, marked, in the range."""
        parts = [(self._gutter(*signs), base)]
        for at, width, align in self._layout:
            if row is None:
                text, style = self._glyphs.more, base + pending
            else:
                text, style = _styled(row[at] if at < len(row) else "", base, plain=signs[0])
            parts.append((fit(text, width, align, self._glyphs.more), style))
            parts.append((" ", base))
        return self._line(parts, base)

    def _gutter(self, cursor: bool, marked: bool, spanned: bool) -> str:
        point = self._glyphs.cursor if cursor else " "
        if not self._markable:
            return f"{point} "
        sign = self._glyphs.mark if marked else self._glyphs.span if spanned else " "
        return f"{point}{sign} "

    def _line(self, parts: list[tuple[str, Style]], base: Style) -> Strip:
        """One strip as wide as the table; neighbours of one style are painted as one."""
        parts.append((" " * (self.width - self._used), base))
        segments = [
            Segment("".join(text for text, _ in run), style)
            for style, run in groupby(parts, key=itemgetter(1))
        ]
        return Strip(segments, max(self.width, self._used)).crop(0, self.width)


def _styled(cell: Cell, base: Style, *, plain: bool) -> tuple[str, Style]:
    """A cell's text and style; ``plain`` leaves its colour out, which no cursor's colour suits."""
    if isinstance(cell, str):
        return cell, base
    text, style = cell
    own = Style.parse(style) if isinstance(style, str) else style
    return text, base + (own.without_color if plain else own)


class RowPages:
    """The pages fetched, the least used of them dropped, and what was on screen before them."""

    def __init__(self) -> None:
        self._pages: OrderedDict[int, dict[int, Row]] = OrderedDict()
        self._before: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def row(self, at: int, row_id: int) -> Row | None:
        """The row number ``at``; None where it was never fetched or is not there."""
        rows = self._pages.get(at // PAGE_ROWS)
        if rows is None:
            return self._before.get(row_id)
        self._pages.move_to_end(at // PAGE_ROWS)
        return rows.get(row_id)

    def keep(self, page: int, rows: Mapping[int, Row]) -> None:
        """Hold a page."""
        self._pages[page] = dict(rows)
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)

    def put(self, at: int, row_id: int, row: Row) -> None:
        """Other content of the row number ``at``."""
        self._pages.get(at // PAGE_ROWS, self._before)[row_id] = row

    def forget(self, on_screen: Collection[int]) -> None:
        """Drop the pages; rows with these ids are answered as they were until they are back."""
        held = self._before
        for page in self._pages.values():
            held |= page
        self._before = {row_id: held[row_id] for row_id in on_screen if row_id in held}
        self._pages.clear()

    def missing(self, n_rows: int, top: int, bottom: int, direction: int) -> Iterator[int]:
        """The pages to fetch: those of the rows in view, then the next in the way one travels."""
        first, last = top // PAGE_ROWS, bottom // PAGE_ROWS
        ahead = last + 1 if direction > 0 else first - 1
        for page in (*range(first, last + 1), ahead):
            if 0 <= page * PAGE_ROWS < n_rows and page not in self._pages:
                yield page


def narrowed(ids: Ids | Sequence[int]) -> Ids:
    """The ids as they are held, ``[n]``: a million in four bytes each, where these hold them."""
    wide = np.asarray(ids, np.int64)
    narrow = wide.astype(np.int32)
    return narrow if np.array_equal(narrow, wide) else wide


def in_either(ids: Ids, marked: Collection[int], low: int, high: int) -> NDArray[np.bool_]:
    """Which of ``ids`` are marked or lie in the rows ``low`` to ``high``."""
    chosen = np.isin(ids, np.fromiter(marked, np.int64, len(marked)))
    chosen[low:high] = True
    return chosen
