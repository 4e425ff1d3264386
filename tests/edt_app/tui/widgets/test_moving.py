import asyncio

from textual.app import App

from edt_app.tui.widgets.moving import Choices


def test_a_list_ends_at_its_ends():
    class Three(App):
        def compose(self):
            yield Choices("one", "two", "three")

    async def session():
        app = Three()
        async with app.run_test() as pilot:
            choices = app.query_one(Choices)
            choices.highlighted = 0
            seen = []
            for key in ("up", "down", "down", "down", "k", "up", "up"):
                await pilot.press(key)
                seen.append(choices.highlighted)
            assert seen == [0, 1, 2, 2, 1, 0, 0]

    asyncio.run(session())
