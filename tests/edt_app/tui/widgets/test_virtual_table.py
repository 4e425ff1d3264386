import asyncio
from collections.abc import Callable, Coroutine

import numpy as np
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from edt_app.tui.widgets.table_rows import PAGE_ROWS, PAGES_KEPT, Column
from edt_app.tui.widgets.virtual_table import VirtualTable

COLUMNS = [Column("id", 7, "right"), Column("title", 10, flexible=True), Column("kept", 4)]


class Rows(App[None]):
    """A table and what it said."""

    def __init__(self, ids, *, markable: bool = False, fetch=None) -> None:
        super().__init__()
        self.asked: list[list[int]] = []
        self.said: list[tuple[str, int]] = []
        self.failed: list[Exception] = []
        self.start = ids
        self.table = VirtualTable(COLUMNS, fetch or self.rows, markable=markable, empty="No items")

    def rows(self, ids: list[int]):
        self.asked.append(ids)
        return {at: (str(at), f"item {at}", ("yes", "bold")) for at in ids}

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_ids(self.start)
        self.table.focus()

    def on_virtual_table_highlighted(self, message: VirtualTable.Highlighted) -> None:
        self.said.append(("at", message.row_id))

    def on_virtual_table_chosen(self, message: VirtualTable.Chosen) -> None:
        self.said.append(("open", message.row_id))

    def on_virtual_table_fetch_failed(self, message: VirtualTable.FetchFailed) -> None:
        self.failed.append(message.error)


def drive(app: Rows, path: Callable[[Pilot[None]], Coroutine[None, None, None]]) -> None:
    async def go() -> None:
        async with app.run_test(size=(60, 12)) as pilot:
            await settled(pilot)
            await path(pilot)

    asyncio.run(go())


async def settled(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def shown(app: Rows, y: int) -> str:
    return app.table.render_line(y).text


def test_opens_on_the_first_row_and_fetches_one_page_and_the_next() -> None:
    app = Rows(np.arange(1_000_000) * 2)

    async def path(pilot) -> None:
        assert shown(app, 0).split() == ["id", "title", "kept"]
        assert shown(app, 1).startswith("▌")
        assert shown(app, 2).split() == ["2", "item", "2", "yes"]
        assert len(shown(app, 2)) == app.table.scrollable_content_region.width
        assert [ids[0] for ids in app.asked] == [0, 2 * PAGE_ROWS]
        assert app.said == [("at", 0)]

    drive(app, path)


def test_keys_move_by_row_page_and_to_the_ends() -> None:
    app = Rows(np.arange(100_000))

    async def path(pilot) -> None:
        await pilot.press("j", "down", "k", "pagedown")
        assert app.table.cursor_id == 1 + 11
        assert shown(app, 2).startswith("▌")
        await pilot.press("G", "enter")
        await settled(pilot)
        assert app.said[-2:] == [("at", 99_999), ("open", 99_999)]
        assert shown(app, 11).split() == ["▌", "99999", "item", "99999", "yes"]
        await pilot.press("home", "up")
        assert app.table.cursor_id == 0

    drive(app, path)


def test_the_cursor_stays_on_its_id_and_line_when_the_ids_change() -> None:
    app = Rows(np.arange(1000))

    async def path(pilot) -> None:
        await pilot.press("pagedown", "pagedown", "j")
        at, line = app.table.cursor_id, app.table.cursor_row - round(app.table.scroll_y)
        app.table.set_ids(np.arange(1, 1000, 2))
        assert app.table.cursor_id == at
        assert app.table.cursor_row - round(app.table.scroll_y) == line
        app.table.set_ids(np.arange(0, 1000, 2))
        assert app.table.cursor_row == at // 2
        app.table.set_ids([])
        assert app.table.cursor_id is None
        assert "No items" in shown(app, 2)

    drive(app, path)


def test_rows_on_screen_stay_until_they_are_fetched_again() -> None:
    app = Rows(np.arange(1000))

    async def path(pilot) -> None:
        app.table.set_ids(np.arange(0, 1000, 2))
        assert shown(app, 2).split() == ["2", "item", "2", "yes"]
        await settled(pilot)
        app.table.update_row(2, ("2", "edited", "no"))
        assert shown(app, 2).split() == ["2", "edited", "no"]

    drive(app, path)


def test_a_row_that_is_not_there_is_pending() -> None:
    app = Rows([1, 2], fetch=lambda ids: {1: ("1", "one", "")})

    async def path(pilot) -> None:
        assert shown(app, 2).split() == ["…", "…", "…"]

    drive(app, path)


def test_a_fetch_that_fails_is_told_and_asked_again() -> None:
    app = Rows(np.arange(50))

    def broken(ids):
        raise OSError("disk")

    app.table._fetch = broken

    async def path(pilot) -> None:
        assert isinstance(app.failed[0], OSError)
        app.table._fetch = app.rows
        app.table.reload()
        await settled(pilot)
        assert "item 1" in shown(app, 2)

    drive(app, path)


def test_a_range_becomes_marks_and_escape_drops_it() -> None:
    app = Rows(np.arange(10, 60), markable=True)

    async def path(pilot) -> None:
        assert app.table.selection().tolist() == [10]
        await pilot.press("v", "j", "j")
        assert app.table.selection().tolist() == [10, 11, 12]
        assert shown(app, 2).startswith(" ┃")
        await pilot.press("escape")
        assert app.table.selection().tolist() == [12]
        await pilot.press("v", "j", "v", "g")
        assert app.table.selection().tolist() == [12, 13]
        assert shown(app, 3).startswith(" ◆")
        app.table.mark({59, 20})
        assert app.table.selection().tolist() == [20, 59]

    drive(app, path)


def test_a_long_journey_keeps_few_pages() -> None:
    app = Rows(np.arange(100_000))

    async def path(pilot) -> None:
        for at in range(0, 100_000, 1000):
            app.table.move_to(at)
            await app.workers.wait_for_complete()
        assert len(app.table._pages) <= PAGES_KEPT

    drive(app, path)


def test_escapes_and_markup_in_cells_are_shown() -> None:
    app = Rows([1], fetch=lambda ids: {1: ("1", "\x1b[31m[@click=app.quit]日本", "y")})

    async def path(pilot) -> None:
        line = app.table.render_line(1)
        assert "\x1b" not in line.text
        assert "[@click=app.quit]日本" in line.text
        assert line.cell_length == app.table.size.width

    drive(app, path)


def test_narrow_tables_leave_columns_out() -> None:
    app = Rows([1])
    app.table.set_columns([Column("id", 5), Column("note", 9, from_width=90)])

    async def path(pilot) -> None:
        assert shown(app, 0).split() == ["id"]

    drive(app, path)
