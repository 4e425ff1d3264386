import asyncio

from textual.app import App
from textual.screen import Screen

from edt_app.tui.widgets.text_pane import TextPane


class Log(App):
    """A pane that fills a small screen."""

    def compose(self):
        yield TextPane()


def lines(count):
    return "\n".join(f"line {number}" for number in range(count))


def drive(script):
    async def session():
        app = Log()
        async with app.run_test(size=(20, 5)) as pilot:
            await script(pilot, app, app.query_one(TextPane))

    asyncio.run(session())


def test_a_log_that_filled_while_another_screen_was_shown_stands_at_its_end():
    async def script(pilot, app, pane):
        for first in (True, False):  # the second time as after another project was chosen
            pane.show("")
            app.push_screen(Screen())
            await pilot.pause()
            for count in (2, 20, 60):
                pane.follow(lines(count))
                await pilot.pause()
            app.pop_screen()
            await pilot.pause()
            assert pane.scroll_offset.y == 55, first
            pane.follow(lines(61))
            await pilot.pause()
            assert pane.scroll_offset.y == 56

    drive(script)


def test_a_log_stays_where_it_was_scrolled_to_and_goes_on_from_its_end():
    async def script(pilot, app, pane):
        pane.focus()
        pane.follow(lines(30))
        await pilot.pause()
        await pilot.press("home")
        await pilot.pause()
        pane.follow(lines(40))
        await pilot.pause()
        assert pane.scroll_offset.y == 0
        await pilot.press("end")
        await pilot.pause()
        pane.follow(lines(50))
        await pilot.pause()
        assert pane.scroll_offset.y == 45

    drive(script)
