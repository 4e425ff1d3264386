"""A table of a million rows that knows only its ids; rows are fetched where the eye is."""

import asyncio
from collections.abc import Collection, Sequence
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from edt_app.tui.commands import MOVING, own_bindings
from edt_app.tui.widgets.cells import fit
from edt_app.tui.widgets.table_message import TableMessage
from edt_app.tui.widgets.table_rows import (
    ASCII_GLYPHS,
    PAGE_ROWS,
    TABLE_CSS,
    Cell,
    Column,
    Fetch,
    Glyphs,
    Ids,
    Row,
    RowPages,
    RowPainter,
    in_either,
    narrowed,
)

__all__ = ["ASCII_GLYPHS", "Cell", "Column", "Fetch", "Glyphs", "Ids", "Row", "VirtualTable"]

STRIPS_KEPT = 200
HEADER_LINES = 1

READING = "reading …"


class VirtualTable(ScrollView, can_focus=True):
    """Rows named by ids, drawn line by line; only the pages around the view are held.

    ``fetch`` is called in a thread with at most 200 ids and answers their cells by id; an id that
    it leaves out is drawn as pending. The cursor is an id and stays in place when the ids change.
    """

    DEFAULT_CSS = TABLE_CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "virtual-table--header",
        "virtual-table--cursor",
        "virtual-table--marked",
        "virtual-table--pending",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *own_bindings(
            MOVING,
            down="move(1)",
            up="move(-1)",
            page_down="page(1)",
            page_up="page(-1)",
            first="end(0)",
            last="end(1)",
            open="choose",
            range="toggle_span",
            end_range="end_span",
        )
    ]

    class Highlighted(TableMessage):
        """The cursor came to a row."""

        def __init__(self, table: "VirtualTable", row_id: int) -> None:
            super().__init__(table)
            self.row_id = row_id

    class Chosen(Highlighted):
        """A row was opened."""

    class FetchFailed(TableMessage):
        """``fetch`` raised; its rows stay pending until ``reload`` or the next move."""

        def __init__(self, table: "VirtualTable", error: Exception) -> None:
            super().__init__(table)
            self.error = error

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Fetch,
        *,
        empty: str = "Nothing here.",
        markable: bool = False,
        glyphs: Glyphs | None = None,
        id: str | None = None,  # noqa: A002  # Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.empty = empty
        self.markable = markable
        self.glyphs = glyphs or Glyphs()
        self.marked: set[int] = set()
        self._fetch = fetch
        self._ids: Ids = np.empty(0, np.int64)
        self._cursor = 0  # a row number; the id at it is what is kept
        self._span_from: int | None = None
        self._pages = RowPages()
        self._strips: LRUCache[tuple[int, bool, bool, bool], Strip] = LRUCache(STRIPS_KEPT)
        self._part_styles: dict[str, Style] = {}
        self._painter: RowPainter | None = None
        self._snapshot = 0
        self._direction = 1
        self._loading = False

    @property
    def ids(self) -> Ids:
        """The rows' ids in order."""
        return self._ids

    def stop_reading(self) -> None:
        """Say no more that rows are being read."""
        if self.empty == READING:
            self.empty = ""
            self.refresh()

    @property
    def cursor_id(self) -> int | None:
        """The id under the cursor; None in an empty table."""
        return int(self._ids[self._cursor]) if len(self._ids) else None

    @property
    def cursor_row(self) -> int:
        """The row number under the cursor."""
        return self._cursor

    @property
    def fetching(self) -> bool:
        """Are rows being fetched?"""
        return self._loading

    def set_ids(self, ids: Ids | Sequence[int], *, cursor: int | None = None) -> None:
        """Show these rows, in this order; the cursor stays on its id, or goes to id ``cursor``.

        Rows on screen are drawn as they were until their pages are fetched again.
        """
        wanted = self.cursor_id if cursor is None else cursor
        above = self._cursor - round(self.scroll_y)
        before = self.cursor_id
        self._ids = narrowed(ids)
        found = self._row_of(wanted) if wanted is not None else None
        self._cursor = min(self._cursor, max(0, len(self._ids) - 1)) if found is None else found
        self._span_from = None
        self._forget()
        self.virtual_size = Size(0, len(self._ids) + HEADER_LINES)
        self._scroll_to_row(self._cursor - above)
        self._settle(before)

    def reload(self) -> None:
        """Fetch again what is shown, for rows whose content changed."""
        self._forget()
        self._want()
        self.refresh()

    def update_row(self, row_id: int, row: Row) -> None:
        """Show new content of one row at once, without a fetch."""
        at = self._row_of(row_id)
        if at is None:
            return
        self._pages.put(at, row_id, row)
        self._strips.clear()
        self.refresh_line(at + HEADER_LINES)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns, or other titles; the rows are fetched again."""
        self.columns = tuple(columns)
        self._painter = None
        self._pages = RowPages()
        self.reload()

    def move_to(self, row_id: int) -> bool:
        """Put the cursor on an id; False when it is not among the rows."""
        at = self._row_of(row_id)
        if at is not None:
            self._move(at)
        return at is not None

    def selection(self) -> Ids:
        """The marked rows and those of the open range, in order; else the one under the cursor."""
        low, high = self._span()
        if self.marked:
            return self._ids[in_either(self._ids, self.marked, low, high)]
        return self._ids[low:high] if high else self._ids[self._cursor : self._cursor + 1]

    def mark(self, ids: Collection[int]) -> None:
        """Make these the marked rows."""
        self.marked = set(ids)
        self.refresh()

    # keys and mouse

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The range keys belong to the screen where the table has no marks."""
        if action == "toggle_span":
            return self.markable
        if action == "end_span":
            return self._span_from is not None
        return super().check_action(action, parameters)

    def action_move(self, by: int) -> None:
        """Move by rows."""
        self._move(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move by screens; the cursor keeps its line on screen."""
        rows = by * self._shown
        self._scroll_to_row(round(self.scroll_y) + rows)
        self._move(self._cursor + rows)

    def action_end(self, side: int) -> None:
        """Go to the first row, or with 1 to the last."""
        self._move(side * len(self._ids))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if (row_id := self.cursor_id) is not None:
            self.post_message(self.Chosen(self, row_id))

    def action_toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor."""
        if (row_id := self.cursor_id) is not None:
            self.marked.symmetric_difference_update({row_id})
            self.refresh_line(self._cursor + HEADER_LINES)

    def action_toggle_span(self) -> None:
        """Open a range at the cursor, or mark the rows of the open one."""
        if self._span_from is None:
            self._span_from = self._cursor
        else:
            low, high = self._span()
            self.marked.update(self._ids[low:high].tolist())
            self._span_from = None
        self.refresh()

    def action_end_span(self) -> None:
        """Drop the open range."""
        self._span_from = None
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked row; a second click opens it."""
        row = round(self.scroll_y) + event.y - HEADER_LINES
        if event.y >= HEADER_LINES and row < len(self._ids):
            self._move(row)
            if event.chain == 2:
                self.action_choose()

    # moving

    @property
    def _shown(self) -> int:
        return max(1, self.size.height - HEADER_LINES)

    def _row_of(self, row_id: int) -> int | None:
        found = np.flatnonzero(self._ids == row_id)
        return int(found[0]) if len(found) else None

    def _span(self) -> tuple[int, int]:
        if self._span_from is None:
            return 0, 0
        low, high = sorted((self._span_from, self._cursor))
        return low, high + 1

    def _move(self, to: int) -> None:
        to = max(0, min(to, len(self._ids) - 1))
        if to == self._cursor or not len(self._ids):
            return
        self._direction = 1 if to > self._cursor else -1
        before, old = self.cursor_id, self._cursor
        self._cursor = to
        if self._span_from is None:
            self.refresh_line(old + HEADER_LINES)
            self.refresh_line(to + HEADER_LINES)
        else:
            self.refresh()
        self._settle(before)

    def _settle(self, before: int | None) -> None:
        """Bring the cursor into view, tell the owner, fetch what is missing."""
        top = round(self.scroll_y)
        if self._cursor < top:
            self._scroll_to_row(self._cursor)
        elif self._cursor >= top + self._shown:
            self._scroll_to_row(self._cursor - self._shown + 1)
        if (row_id := self.cursor_id) is not None and row_id != before:
            self.post_message(self.Highlighted(self, row_id))
        self._want()
        if before is None:
            self.refresh()

    def _scroll_to_row(self, row: int) -> None:
        self.scroll_to(y=max(0, row), animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint, and fetch what came into view."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def on_resize(self) -> None:
        """Cut the columns anew; more rows come into view, or the cursor's stays in it."""
        self._painter = None
        self._strips.clear()
        self._settle(self.cursor_id)

    def notify_style_update(self) -> None:
        """A new theme: every line is drawn again."""
        super().notify_style_update()
        self._part_styles.clear()
        self._strips.clear()

    # fetching

    def _forget(self) -> None:
        """Drop the pages, keeping the rows on screen to be drawn until they are there again."""
        top = max(0, self._cursor - self._shown)
        self._pages.forget(self._ids[top : self._cursor + self._shown + 1].tolist())
        self._strips.clear()
        self._snapshot += 1

    def _next_missing(self) -> int | None:
        top = round(self.scroll_y)
        bottom = min(top + self._shown, len(self._ids)) - 1
        return next(self._pages.missing(len(self._ids), top, bottom, self._direction), None)

    def _want(self) -> None:
        if not self._loading and self.is_running and self._next_missing() is not None:
            self._loading = True
            self.run_worker(self._load(), group="rows", exit_on_error=False)

    async def _load(self) -> None:
        """Fetch missing pages, one at a time, until none in view is: a later view goes first."""
        try:
            while (page := self._next_missing()) is not None:
                snapshot = self._snapshot
                ids = self._ids[page * PAGE_ROWS : (page + 1) * PAGE_ROWS].tolist()
                rows = await asyncio.to_thread(self._fetch, ids)
                if snapshot == self._snapshot:
                    self._pages.keep(page, rows)
                    if page * PAGE_ROWS < round(self.scroll_y) + self._shown:  # not one below it
                        self._strips.clear()
                        self.refresh()
        except Exception as error:  # noqa: BLE001  # whatever the owner's fetch raises, the app lives
            self.post_message(self.FetchFailed(self, error))
        finally:
            self._loading = False

    # drawing

    def render_line(self, y: int) -> Strip:
        """The header, a row, the empty text, or a blank line."""
        # up to the scroll bar: what lay under it would be cut off, and rich keeps every such half
        width = self.scrollable_content_region.width
        if self._painter is None or self._painter.width != width:
            self._painter = RowPainter(self.columns, width, self.glyphs, markable=self.markable)
            self._strips.clear()
        if y < HEADER_LINES:
            return self._painter.header(self._style("header"))
        row = round(self.scroll_y) + y - HEADER_LINES
        if row < len(self._ids):
            return self._row_strip(row, self._painter)
        text = f"  {self.empty}" if not len(self._ids) and y == HEADER_LINES + 1 else ""
        return Strip([Segment(fit(text, self.size.width), self._style(""))], self.size.width)

    def _row_strip(self, at: int, painter: RowPainter) -> Strip:
        row_id = int(self._ids[at])
        low, high = self._span()
        cursor, marked, spanned = at == self._cursor, row_id in self.marked, low <= at < high
        key = (row_id, cursor, marked, spanned)
        if (strip := self._strips.get(key)) is None:
            base = self._style("cursor" if cursor else "marked" if marked or spanned else "")
            strip = painter.row(
                self._pages.row(at, row_id), base, self._style("pending"), signs=key[1:]
            )
            self._strips[key] = strip
        return strip

    def _style(self, part: str) -> Style:
        """A part's style, kept until the theme or the focus changes: it is slow to work out."""
        if part not in self._part_styles:
            self._part_styles[part] = (
                self.get_component_rich_style(f"virtual-table--{part}", partial=part == "pending")
                if part
                else self.rich_style
            )
        return self._part_styles[part]
