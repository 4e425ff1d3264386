"""What the app tells: errors with what to do about them, and what worked."""

import pytest
from finished import finished
from pilot import drive, press, text_of

from edt_core.errors import EdtError


@pytest.mark.parametrize("words", [3, 90, 400])
def test_what_to_do_about_an_error_is_in_sight_however_long_it_is(tmp_path, words):
    async def script(pilot, app):
        app.screen.fail(
            EdtError("word " * words, hint="Do this about it. " + "word " * 40 + "End.")
        )
        await pilot.pause()
        assert "Do this about it." in text_of(app)
        assert "End." in text_of(app)
        assert "? Help" in text_of(app)

    drive(tmp_path, script)


@pytest.mark.parametrize("place", ["pipeline", "review", "settings", "user"])
def test_escape_takes_an_error_away_before_it_leaves_the_screen(tmp_path, place):
    finished(tmp_path).close()

    async def script(pilot, app):
        app.screen.fail(EdtError("It went wrong."))
        await pilot.pause()
        assert "It went wrong." in text_of(app)
        await press(pilot, "escape")
        assert "It went wrong." not in text_of(app)
        assert app.current_mode == place
        await press(pilot, "escape")
        assert app.current_mode == "projects"

    drive(tmp_path, script, project="shop", start=place)
