"""What the app tells: errors with what to do about them, and what worked."""

import pytest
from finished import finished
from pilot import drive, press, shown_strip, text_of
from rich.text import Text

from edt_app.tui.dialogs import Ask, Choose, Message
from edt_core.errors import EdtError
from edt_core.store.home import Home


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


def test_what_is_said_again_is_shown_once_and_of_many_the_newest(tmp_path):
    async def script(pilot, app):
        for text in ("alpha", "beta", "beta", "alpha", "gamma", "delta", "beta"):
            app.screen.say(text)
        await pilot.pause()
        assert [told.message for told in app._notifications] == ["gamma", "delta", "beta"]

    drive(tmp_path, script)


def test_dialogs_name_the_keys_that_close_them(tmp_path):
    async def script(pilot, app):
        for dialog, keys in (
            (Ask("What?"), "enter Go on   esc Leave"),
            (Choose("Which?", ["this", "that"]), "enter or its number Choose   esc Leave"),
            (Message(Text("Read.")), "esc Close"),
        ):
            await app.push_screen(dialog)
            await pilot.pause()
            assert keys in text_of(app)
            await press(pilot, "escape")
            assert len(app.screen_stack) == 1

    drive(tmp_path, script)


def test_a_project_that_another_process_deleted_has_no_run_in_the_line_at_the_top(tmp_path):
    finished(tmp_path).close()

    async def script(pilot, app):
        await shown_strip(pilot)
        assert "run 3 DONE" in text_of(app)
        Home(tmp_path).delete("shop")
        await shown_strip(pilot)
        assert "run 3" not in text_of(app).splitlines()[0]
        assert "the project was deleted" in text_of(app)

    drive(tmp_path, script, project="shop")
