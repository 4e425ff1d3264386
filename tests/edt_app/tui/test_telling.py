"""What the app tells: errors with what to do about them, and what worked."""

import pytest
from finished import finished
from pilot import drive, press, settled, shown_strip, text_of
from rich.text import Text
from textual.widgets import Input

from edt_app.tui.dialogs import Ask, Choose, Confirm, Message
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


def test_an_error_is_not_hidden_by_what_worked_before_it(tmp_path):
    async def script(pilot, app):
        app.screen.say("This worked.")
        app.notify("A bug, described in a file.", severity="error")
        await pilot.pause()
        app.screen.fail(EdtError("It went wrong.", hint="Do this."))
        await pilot.pause()
        assert [told.severity for told in app._notifications] == ["error"]

    drive(tmp_path, script)


def test_the_keys_stay_in_sight_below_what_is_told(tmp_path):
    async def script(pilot, app):
        for text in ("alpha", "beta", "gamma"):
            app.screen.say(text)
        await pilot.pause()
        keys = text_of(app).splitlines()[-2:]
        assert "n New" in keys[0]
        assert "0-9 Screens" in keys[1]
        assert keys[1].endswith("? Help")

    drive(tmp_path, script)


def test_a_wrong_word_is_said_and_the_question_stays(tmp_path):
    finished(tmp_path).close()
    answers = []

    async def script(pilot, app):
        app.push_screen(Confirm("Sure?", typed="shop"), answers.append)
        await press(pilot, *"sho", "enter")
        assert "✗ That is not shop." in text_of(app)
        await press(pilot, "p", "enter")
        assert answers == [True]
        app.push_screen(Confirm("Sure?", typed="shop"), answers.append)
        await press(pilot, "enter")
        assert answers == [True, False]

    drive(tmp_path, script)


def test_a_file_that_is_asked_for_is_completed(tmp_path):
    (tmp_path / "decisions.jsonl").touch()
    answers = []

    async def script(pilot, app):
        app.push_screen(Ask("File", a_path=True), answers.append)
        await pilot.pause()
        assert "→ takes a suggestion" in text_of(app)
        app.screen.query_one(Input).value = f"{tmp_path}/dec"
        await settled(pilot)
        await press(pilot, "right", "enter")
        assert answers == [f"{tmp_path}/decisions.jsonl"]

    drive(tmp_path, script)


@pytest.mark.parametrize("place", ["pipeline", "review", "data", "train", "settings"])
def test_a_project_that_another_process_deleted_is_named_and_not_made_anew(tmp_path, place):
    finished(tmp_path).close()

    async def script(pilot, app):
        Home(tmp_path).delete("shop")
        app.screen.reload()
        await settled(pilot)
        assert "The project shop was deleted." in text_of(app)
        assert "Choose one: key 1." in text_of(app)
        app.screen.write(lambda: app.session.project())
        await settled(pilot)
        assert not (tmp_path / "shop").exists()

    drive(tmp_path, script, project="shop", start=place)
