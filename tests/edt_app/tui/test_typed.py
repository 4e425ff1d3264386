"""Keys typed without a pause: each finds what the one before it opened."""

import pytest
from finished import finished
from pilot import drive, press, settled
from textual import events
from textual.widgets import Input


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    finished(folder).close()
    return folder


async def at_once(pilot, app, *keys):
    """As a terminal sends what is typed in one burst, which ``pilot.press`` never does."""
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else None)
        event.set_sender(app)
        app._driver.send_message(event)
    await settled(pilot)


def test_keys_behind_a_screens_digit_are_the_new_screens(home):
    async def script(pilot, app):
        await press(pilot, "8", "1")
        runs = app.screen.app._screen_stacks["runs"][0]
        newest = runs.table.cursor_id
        await at_once(pilot, app, "8", "j", "j")
        assert app.current_mode == "runs"
        assert runs.table.cursor_id == newest - 2
        await at_once(pilot, app, "1", "j", "8", "k")
        assert runs.table.cursor_id == newest - 1
        # never seen before: it has to be made first
        await at_once(pilot, app, "0", "question_mark", "escape", "7", "f8", "8", "G")
        assert runs.table.cursor_id == 1

    drive(home, script, project="shop", start="projects", size=(120, 36))


def test_a_question_gets_what_is_typed_behind_the_key_that_asks_it(home):
    async def script(pilot, app):
        await at_once(pilot, app, "4", "slash", *"abc", "left", "x", "end", "y", "home", "z")
        assert app.screen.query_one(Input).value == "zabxcy"
        await at_once(pilot, app, "escape", "8", "slash")
        assert app.current_mode == "runs"

    drive(home, script, project="shop", start="projects", size=(120, 36))


def test_a_key_behind_one_whose_reader_is_taken_away_is_not_lost(home):
    async def script(pilot, app):
        await press(pilot, "4", "slash", *"abc")
        line = app.screen.query_one(Input)
        await at_once(pilot, app, "d")
        app.screen.dismiss(None)
        await at_once(pilot, app, "8")
        await pilot.pause(0.4)
        assert not line.is_attached
        assert app.current_mode == "runs"

    drive(home, script, project="shop", start="projects", size=(120, 36))
