"""Keys that a user chose: they act, and every place that names a key names these."""

import pytest
from pilot import drive, press, text_of
from review_project import queue_project
from textual.widgets import OptionList

from edt_app.tui.preferences import read_preferences
from edt_core.errors import EdtError
from edt_core.store.home import Home
from edt_core.store.review_queue import Wanted, generated_count

KEYMAP = """
theme = "edt-dark"
[keymap]
"review.accept" = "f2"
"go.tune" = "f3"
"list.down" = "ctrl+d"
"app.help" = "f4"
"""


@pytest.fixture
def preferences(tmp_path):
    file = tmp_path / "app.toml"
    file.write_text(KEYMAP)
    return read_preferences(file)


@pytest.fixture
def home(tmp_path):
    queue_project(tmp_path / "home").close()
    return tmp_path / "home"


def accepted(home):
    with Home(home).open("queue") as project:
        return generated_count(project, Wanted(verdict="accepted"))


def test_the_chosen_keys_act_and_the_old_ones_do_not(home, preferences):
    async def script(pilot, app):
        table = app.screen.table
        first = table.cursor_row
        await press(pilot, "ctrl+d")
        assert table.cursor_row == first + 1
        await press(pilot, "j")
        assert table.cursor_row == first + 1
        await press(pilot, "a")
        assert accepted(home) == 0
        await press(pilot, "f2")
        assert accepted(home) == 1
        await press(pilot, "6")
        assert app.current_mode == "review"
        await press(pilot, "f3")
        assert app.current_mode == "tune"

    drive(home, script, project="queue", start="review", preferences=preferences)


def test_help_footer_and_palette_name_the_chosen_keys(home, preferences):
    async def script(pilot, app):
        footer = " ".join(text_of(app).splitlines()[-2:])
        assert "F2 Accept" in footer
        assert footer.rstrip().endswith("F4 Help")
        await press(pilot, "f4")
        shown = text_of(app)
        for line in (
            "F2          Insert the item",
            "F3          Tune: ",
            "ctrl+d      One line down.",
            "F4          Every key of this screen.",
        ):
            assert line in shown
        await press(pilot, "escape", "colon")
        for _ in range(100):
            if "Accept  [F2]" in text_of(app):
                break
            await pilot.pause(0.05)
        assert "Accept  [F2]" in text_of(app)

    drive(home, script, project="queue", start="review", preferences=preferences, size=(160, 90))


def test_what_a_screen_says_names_the_chosen_keys(home, preferences):
    async def script(pilot, app):
        assert "no decision yet · F2 accepts, x rejects" in text_of(app)
        await press(pilot, "f3")
        assert "F3 Tune" in text_of(app).splitlines()[0]
        assert "0-9 Screens" not in text_of(app)
        app.screen.fail(EdtError("It went wrong.", hint="See {go.tune}, or {no.command}."))
        await pilot.pause()
        assert "See F3, or {no.command}." in text_of(app)

    drive(home, script, project="queue", start="review", preferences=preferences)


@pytest.mark.parametrize("keys", [("j", "k", "G", "g"), ("down", "up", "end", "home")])
def test_every_list_is_moved_in_by_the_same_keys(tmp_path, keys):
    for name in ("a", "b", "c"):
        Home(tmp_path).create(name).close()

    async def script(pilot, app):
        projects = app.screen.query_one(OptionList)
        places = []
        for key in keys:
            await press(pilot, key)
            places.append(projects.highlighted)
        assert places == [1, 0, 2, 0]

    drive(tmp_path, script)
