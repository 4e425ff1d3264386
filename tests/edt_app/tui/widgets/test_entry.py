"""A line to type in, on a screen that a stored or suggested text could take over."""

from pilot import drive, press
from standing import standing
from textual.suggester import SuggestFromList
from textual.widgets import Input

from edt_app.tui.dialogs import Ask
from edt_app.tui.screens.runs.pane import Pane

HOSTILE = "m\x1b[31m\x1b]52;c;aGk=\x07\x9b2J\u202e"


def shown(app) -> str:
    return "".join(strip.text for strip in app.screen._compositor.render_strips())


def harmless(app) -> bool:
    return not set(shown(app)) & set("\x1b\x07\x9b\u202e")


def test_a_stored_value_is_edited_without_being_obeyed(tmp_path):
    standing(tmp_path, settings={"llm.model": HOSTILE}).close()

    async def script(pilot, app):
        await press(pilot, "slash", *"llm.model", "enter", "e")
        assert app.screen.query_one("ValueInput").value == HOSTILE
        assert "m�" in shown(app)
        assert harmless(app)

    drive(tmp_path, script, project="shop", start="settings", size=(120, 36))


def test_a_suggestion_is_shown_without_being_obeyed(tmp_path):
    async def script(pilot, app):
        app.push_screen(Ask("File", ""))
        await press(pilot)
        line = app.screen.query_one(Input)
        line.suggester = SuggestFromList([HOSTILE])
        await press(pilot, "m")
        await pilot.pause(0.1)
        assert harmless(app)

    drive(tmp_path, script)


def test_the_name_of_a_curve_is_shown_without_being_obeyed(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        app.screen.query_one(Pane).plot(HOSTILE, [])
        await press(pilot)
        assert harmless(app)

    drive(tmp_path, script, project="shop", start="runs")
