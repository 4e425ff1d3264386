import asyncio

import numpy as np
import pytest
from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult

from edt_app.tui.widgets.cells import hanging, wrapped
from edt_app.tui.widgets.fields import Lines, bar, pairs, progress_line, time_left
from edt_app.tui.widgets.text_pane import TextPane


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.6, "1m00"), (774, "12m54"), (3870, "1h04"), (np.inf, "?"), (-1, "?")],
)
def test_time_left(seconds, said) -> None:
    assert time_left(seconds) == said


def test_progress_says_share_counts_rate_and_time_left() -> None:
    line = progress_line(7118, 10302, 90, rate=4.1, unit="calls")
    assert line.endswith("69.1%  7,118 / 10,302 calls  4.1/s  12m57 left")
    assert line.startswith("[█")


@pytest.mark.parametrize("width", [8, 20, 40, 120])
def test_progress_keeps_to_its_width(width) -> None:
    assert cell_len(progress_line(7118, 10302, width, rate=4.1, unit="日本")) <= width
    assert progress_line(3, 9, width, plain=True).isascii()


def test_progress_without_a_total() -> None:
    assert progress_line(1200, 0, 40, rate=2, unit="rows") == "1,200 rows  2.0/s"


def test_bars_fill() -> None:
    assert bar(0, 4) == "    "
    assert bar(0.5, 4) == "██  "
    assert bar(2, 4, plain=True) == "####"


def test_wraps_at_spaces_and_between_wide_letters() -> None:
    assert wrapped("one two three", 8) == ["one two ", "three"]
    assert wrapped("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrapped("日本語", 5) == ["日本", "語"]
    assert wrapped("a\n\nb", 5) == ["a", "", "b"]
    assert wrapped("日本", 1) == ["日本"]
    assert len(wrapped("x" * 1_000_000, 80)) == 12_500


def test_what_follows_a_first_line_is_indented_below_its_text():
    assert hanging("5 ", "one two three", 10) == "5 one two\n  three"
    assert hanging("日 ", "one", 10) == "日 one"


class Reading(App[None]):
    def compose(self) -> ComposeResult:
        yield Lines()
        yield TextPane()


def test_panes_show_text_as_it_is() -> None:
    async def go() -> None:
        app = Reading()
        async with app.run_test(size=(40, 10)) as pilot:
            pane, values = app.query_one(TextPane), app.query_one(Lines)
            values.show(pairs({"model": "[b]x[/x]", "カ": "\x1b[31m"}))
            pane.show("\x1b]52;c;eA==\x07 [@click=app.quit]\n" + "word " * 400)
            pane.focus()
            await pilot.pause()
            assert "[b]x[/x]" in values.render_line(0).text
            assert "\x1b" not in values.render_line(1).text
            assert "[@click=app.quit]" in pane.render_line(0).text
            assert "\x1b" not in pane.render_line(0).text
            assert pane.virtual_size.height > 2000 // 40
            await pilot.press("w")
            assert tuple(pane.virtual_size) == (2000, 2)

    asyncio.run(go())


class Painted(Lines):
    """Tells what is painted again."""

    def refresh(self, *regions, **how):
        self.asked = regions
        return super().refresh(*regions, **how)


def test_only_lines_that_changed_are_painted_again_and_long_ones_are_cut() -> None:
    class Showing(App[None]):
        def compose(self) -> ComposeResult:
            yield Painted()

    async def go() -> None:
        app = Showing()
        async with app.run_test(size=(10, 4)) as pilot:
            lines = app.query_one(Painted)
            lines.show(Text("one\ntwo\nthree"))
            await pilot.pause()
            lines.show(Text("one\n2\nthree, and more than fits"))
            assert [(region.y, region.height) for region in lines.asked] == [(1, 1), (2, 1)]
            await pilot.pause()
            shown = [lines.render_line(y).text for y in range(4)]
            assert shown == ["one       ", "2         ", "three, an…", " " * 10]
            lines.show(Text("one"))
            assert [region.y for region in lines.asked] == [1, 2]

    asyncio.run(go())
