"""A table of a million rows that knows only its ids; rows are fetched where the eye is."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from edt_app.tui.widgets.cells import Align, fit

Cell = str | tuple[str, Style | str]
Row = Sequence[Cell]
Ids = NDArray[np.int64]
Fetch = Callable[[list[int]], Mapping[int, Row]]

PAGE_ROWS = 200
PAGES_KEPT = 50
STRIPS_KEPT = 1000
HEADER_LINES = 1
LEAST_FLEXIBLE = 8


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


class VirtualTable(ScrollView, can_focus=True):
    """Rows named by ids, drawn line by line; only the pages around the view are held.

    ``fetch`` is called in a thread with at most 200 ids and answers their cells by id; an id that
    it leaves out is drawn as pending. The cursor is an id and stays in place when the ids change.
    """

    DEFAULT_CSS = """
    VirtualTable { height: 1fr; overflow-x: hidden; overflow-y: auto; }
    VirtualTable > .virtual-table--header { text-style: bold; background: $panel; }
    VirtualTable > .virtual-table--cursor { background: $surface-lighten-2; text-style: bold; }
    VirtualTable:focus > .virtual-table--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    VirtualTable > .virtual-table--marked { background: $boost; text-style: italic; }
    VirtualTable > .virtual-table--pending { color: $text-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "virtual-table--header",
        "virtual-table--cursor",
        "virtual-table--marked",
        "virtual-table--pending",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
        Binding("home,g", "first", "First", show=False, id="table.first"),
        Binding("end,G", "last", "Last", show=False, id="table.last"),
        Binding("enter", "choose", "Open", show=False, id="table.choose"),
        Binding("v", "toggle_span", "Range", show=False, id="table.range"),
        Binding("escape", "end_span", "End range", show=False, id="table.end_range"),
    ]

    class Highlighted(Message):
        """The cursor came to a row."""

        def __init__(self, table: "VirtualTable", row_id: int) -> None:
            super().__init__()
            self.table = table
            self.row_id = row_id

        @property
        def control(self) -> "VirtualTable":
            """The table, for ``@on`` selectors."""
            return self.table

    class Chosen(Highlighted):
        """A row was opened."""

    class FetchFailed(Message):
        """``fetch`` raised; its rows stay pending until ``reload`` or the next move."""

        def __init__(self, table: "VirtualTable", error: Exception) -> None:
            super().__init__()
            self.table = table
            self.error = error

        @property
        def control(self) -> "VirtualTable":
            """The table, for ``@on`` selectors."""
            return self.table

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
        self._pages: OrderedDict[int, dict[int, Row]] = OrderedDict()
        self._stale: dict[int, Row] = {}
        self._strips: OrderedDict[tuple[int, bool, bool, bool], Strip] = OrderedDict()
        self._snapshot = 0
        self._direction = 1
        self._loading = False

    # what the owner sets and asks

    @property
    def ids(self) -> Ids:
        """The rows' ids in order."""
        return self._ids

    @property
    def cursor_id(self) -> int | None:
        """The id under the cursor; None in an empty table."""
        return int(self._ids[self._cursor]) if len(self._ids) else None

    @property
    def cursor_row(self) -> int:
        """The row number under the cursor."""
        return self._cursor

    def set_ids(self, ids: Ids | Sequence[int], *, cursor: int | None = None) -> None:
        """Show these rows, in this order; the cursor stays on its id, or goes to id ``cursor``.

        Rows on screen are drawn as they were until their pages are fetched again.
        """
        wanted = self.cursor_id if cursor is None else cursor
        above = self._cursor - round(self.scroll_y)
        before = self.cursor_id
        self._ids = np.asarray(ids, np.int64)
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
        page = self._pages.get(at // PAGE_ROWS, self._stale)
        page[row_id] = row
        self._strips.clear()
        self.refresh_line(at + HEADER_LINES)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns, or other titles; the rows are fetched again."""
        self.columns = tuple(columns)
        self._stale = {}
        self._pages.clear()
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
        chosen = self._ids[low:high]
        if self.marked:
            marks = np.fromiter(self.marked, np.int64, len(self.marked))
            chosen = self._ids[np.isin(self._ids, np.union1d(marks, chosen))]
        return chosen if len(chosen) else self._ids[self._cursor : self._cursor + 1]

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

    def action_first(self) -> None:
        """Go to the first row."""
        self._move(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._move(len(self._ids) - 1)

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
        """Cut the columns anew; a taller table shows more rows."""
        self._strips.clear()
        self._want()

    def notify_style_update(self) -> None:
        """A new theme: every line is drawn again."""
        super().notify_style_update()
        self._strips.clear()

    # fetching

    def _forget(self) -> None:
        """Drop the pages, keeping the rows on screen to be drawn until they are there again."""
        for page in self._pages.values():
            self._stale |= page
        kept = set(self._ids_on_screen())
        self._stale = {row_id: row for row_id, row in self._stale.items() if row_id in kept}
        self._pages.clear()
        self._strips.clear()
        self._snapshot += 1

    def _ids_on_screen(self) -> list[int]:
        top = max(0, self._cursor - self._shown)
        shown: list[int] = self._ids[top : self._cursor + self._shown + 1].tolist()
        return shown

    def _missing(self) -> Iterator[int]:
        """The pages to fetch: those in view, then the next in the direction of travel."""
        top = round(self.scroll_y)
        last = (len(self._ids) - 1) // PAGE_ROWS
        first_seen, last_seen = top // PAGE_ROWS, (top + self._shown) // PAGE_ROWS
        ahead = last_seen + 1 if self._direction > 0 else first_seen - 1
        for page in (*range(first_seen, last_seen + 1), ahead):
            if 0 <= page <= last and page not in self._pages:
                yield page

    def _want(self) -> None:
        if not self._loading and self.is_running and next(self._missing(), None) is not None:
            self._loading = True
            self.run_worker(self._load(), group="rows", exit_on_error=False)

    async def _load(self) -> None:
        """Fetch missing pages, one at a time, until none in view is: a later view goes first."""
        try:
            while (page := next(self._missing(), None)) is not None:
                snapshot = self._snapshot
                ids = self._ids[page * PAGE_ROWS : (page + 1) * PAGE_ROWS].tolist()
                rows = await asyncio.to_thread(self._fetch, ids)
                if snapshot == self._snapshot:
                    self._keep(page, dict(rows))
        except Exception as error:  # noqa: BLE001  # whatever the owner's fetch raises, the app lives
            self.post_message(self.FetchFailed(self, error))
        finally:
            self._loading = False

    def _keep(self, page: int, rows: dict[int, Row]) -> None:
        self._pages[page] = rows
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        top = round(self.scroll_y)
        if page * PAGE_ROWS <= top + self._shown and top <= (page + 1) * PAGE_ROWS:
            self._strips.clear()
            self.refresh()

    # drawing

    def render_line(self, y: int) -> Strip:
        """The header, a row, the empty text, or a blank line."""
        if y < HEADER_LINES:
            return self._header()
        row = round(self.scroll_y) + y - HEADER_LINES
        if row < len(self._ids):
            return self._row_strip(row)
        text = self.empty if not len(self._ids) and y == HEADER_LINES + 1 else ""
        return Strip([Segment(fit(f"  {text}", self.size.width), self.rich_style)], self.size.width)

    def _row_strip(self, at: int) -> Strip:
        row_id = int(self._ids[at])
        low, high = self._span()
        key = (row_id, at == self._cursor, row_id in self.marked, low <= at < high)
        if (strip := self._strips.get(key)) is None:
            strip = self._draw_row(self._row(at // PAGE_ROWS, row_id), *key[1:])
            self._strips[key] = strip
            if len(self._strips) > STRIPS_KEPT:
                self._strips.popitem(last=False)
        return strip

    def _row(self, page: int, row_id: int) -> Row | None:
        rows = self._pages.get(page)
        if rows is None:
            return self._stale.get(row_id)
        self._pages.move_to_end(page)
        return rows.get(row_id)

    def _draw_row(self, row: Row | None, cursor: bool, marked: bool, spanned: bool) -> Strip:
        base = self._base_style(cursor, marked or spanned)
        segments = [Segment(self._gutter(cursor, marked, spanned), base)]
        pending = self.get_component_rich_style("virtual-table--pending", partial=True)
        for at, width, align in self._layout():
            if row is None:
                text, style = fit(self.glyphs.more, width, align), base + pending
            else:
                text, style = self._cell(row[at] if at < len(row) else "", base)
                text = fit(text, width, align, self.glyphs.more)
            segments += [Segment(text, style), Segment(" ", base)]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _cell(self, cell: Cell, base: Style) -> tuple[str, Style]:
        if isinstance(cell, str):
            return cell, base
        text, style = cell
        return text, base + (Style.parse(style) if isinstance(style, str) else style)

    def _base_style(self, cursor: bool, chosen: bool) -> Style:
        if cursor:
            return self.get_component_rich_style("virtual-table--cursor")
        if chosen:
            return self.get_component_rich_style("virtual-table--marked")
        return self.rich_style

    def _gutter(self, cursor: bool, marked: bool, spanned: bool) -> str:
        point = self.glyphs.cursor if cursor else " "
        if not self.markable:
            return f"{point} "
        sign = self.glyphs.mark if marked else self.glyphs.span if spanned else " "
        return f"{point}{sign} "

    def _header(self) -> Strip:
        style = self.get_component_rich_style("virtual-table--header")
        titles = [fit(self.columns[at].title, width, align) for at, width, align in self._layout()]
        text = " " * (3 if self.markable else 2) + " ".join(titles)
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)

    def _layout(self) -> list[tuple[int, int, Align]]:
        """Columns shown: their place in a row, width and side."""
        total = self.size.width - (3 if self.markable else 2)
        shown = [
            at for at, column in enumerate(self.columns) if self.size.width >= column.from_width
        ]
        fixed = sum(self.columns[at].width + 1 for at in shown if not self.columns[at].flexible)
        room = max(LEAST_FLEXIBLE, total - fixed - 1)
        return [
            (
                at,
                room if self.columns[at].flexible else self.columns[at].width,
                self.columns[at].align,
            )
            for at in shown
        ]
