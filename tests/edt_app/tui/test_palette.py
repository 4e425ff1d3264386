"""The palette: any action by a few letters of its name."""

import pytest
from finished import finished
from pilot import drive, press, settled, text_of
from textual.command import CommandList


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    finished(folder).close()
    return folder


async def choose(pilot, app, letters):
    """Type letters and take the first hit."""
    await press(pilot, "colon", *letters)
    for _ in range(100):
        if app.screen.query_one(CommandList).option_count and not app.screen._show_busy:
            break
        await pilot.pause(0.05)
    await press(pilot, "enter")
    await settled(pilot)


def test_an_action_of_the_screen_of_the_app_and_another_screen_are_found_by_name(home):
    async def script(pilot, app):
        await press(pilot, "colon")
        shown = text_of(app)
        assert "Estimate  [d]" in shown
        assert "What a run would still need." in shown
        await press(pilot, "escape")
        await choose(pilot, app, "estim")
        assert "nothing left" in text_of(app)
        await press(pilot, "escape")
        await choose(pilot, app, "settin")
        assert app.current_mode == "settings"
        await choose(pilot, app, "as comm")
        assert app.clipboard == f"edt --home {home} config --project shop show"

    drive(home, script, project="shop", start="pipeline", size=(120, 50))


def test_a_word_of_the_help_comes_before_letters_here_and_there(home):
    async def script(pilot, app):
        await choose(pilot, app, "tau")  # as in Back up
        assert app.current_mode == "tune"

    drive(home, script, project="shop")


def test_an_action_of_another_screen_is_found_by_name_or_help_and_done_there(home):
    async def script(pilot, app):
        await choose(pilot, app, "run without waiting")
        assert app.current_mode == "pipeline"
        assert "review.required" in told(app)
        await press(pilot, "1")
        await choose(pilot, app, "key=value")
        await settled(pilot)
        assert app.current_mode == "settings"
        assert "KEY=VALUE" in text_of(app)
        await press(pilot, "escape")
        assert "no project is open" not in told(app)
        await choose(pilot, app, "runs: delete")
        assert app.current_mode == "runs"
        assert "Delete run 3" in text_of(app)

    drive(home, script, project="shop", start="projects", size=(120, 50))


def told(app):
    return " ".join(notice.message for notice in app._notifications)


def test_what_an_action_needs_is_said_from_the_palette_too(home):
    async def script(pilot, app):
        await choose(pilot, app, "retry")
        assert any("no question failed" in told.message for told in app._notifications)

    drive(home, script, project="shop", start="pipeline")
