from itertools import pairwise

import pytest
from finished import finished
from pilot import drive, press
from textual.widgets import Input

from edt_app.tui.app import KEYS_OF_APP
from edt_app.tui.commands import FORBIDDEN_KEYS, Command, footer_lines
from edt_app.tui.dialogs import text_room
from edt_app.tui.helping import help_text
from edt_app.tui.places import PLACES

SCREENS = [place.make() for place in PLACES]


def command(label, keys="x"):
    return Command(f"t.{label}", keys, label, "Does it.", "act")


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: type(screen).__name__)
def test_no_key_of_a_screen_clashes_or_is_lost_in_tmux(screen):
    taken = {place.key for place in PLACES}
    for one in (*screen.KEYS, *KEYS_OF_APP):
        for key in one.keys.split(","):
            assert key not in taken, f"{one.id}: {key}"
            assert key not in FORBIDDEN_KEYS
            assert "alt" not in key
            assert "shift" not in key
            taken.add(key)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: type(screen).__name__)
def test_every_command_of_a_screen_does_something_and_says_what(screen):
    for one in screen.KEYS:
        assert callable(getattr(screen, f"do_{one.action}"))
        assert one.help.endswith(".")
        assert one.id.count(".") == 1


def test_every_command_has_a_name_of_its_own():
    names = sorted(one.id for screen in SCREENS for one in screen.KEYS)
    assert all(first != second for first, second in pairwise(names))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: type(screen).__name__)
@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_footer_cuts_no_entry_and_ends_with_the_last(screen, width):
    commands = (*screen.KEYS, command("Help", "question_mark"))
    lines = footer_lines(commands, {}, width)
    assert len(lines) <= 2
    assert all(len(line) <= width for line in lines)
    assert lines[-1].endswith("? Help")
    shown = " ".join(lines)
    entries = [f"{one.keys_by({})[0]} {one.label}" for one in commands]
    for word in shown.split("  "):
        assert not word.strip() or any(word.strip() in entry or entry in word for entry in entries)


SAME = {
    ("pipeline.look", "enter"): "Chosen",
    ("runs.details", "enter"): "Chosen",
    ("projects.open", "enter"): "OptionSelected",
    ("review.range", "v"): "the table's own range",
    ("review.back", "escape"): "drops an open range first",
}
"""Keys that a widget takes before the screen, to the same end: how."""


def taken_by_widgets(screen):
    """Every key that a widget of the screen would take before the screen could."""
    for widget in screen.query("*"):
        if not isinstance(widget, Input):
            for key, bindings in widget._bindings.key_to_bindings.items():
                yield from ((key, widget, one.action) for one in bindings)


def test_no_widget_takes_a_key_that_its_screen_or_the_app_has_another_use_for(tmp_path):
    finished(tmp_path).close()

    async def script(pilot, app):
        found = []
        for place in PLACES:
            await press(pilot, place.key)
            own = {k: c.id for c in (*app.screen.KEYS, *KEYS_OF_APP) for k in c.keys.split(",")}
            own |= {one.key: one.mode for one in PLACES}
            found += [
                (own[key], key, type(widget).__name__, action)
                for key, widget, action in taken_by_widgets(app.screen)
                if key in own and (own[key], key) not in SAME
            ]
        assert found == []

    drive(tmp_path, script, project="shop")


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: type(screen).__name__)
def test_the_help_of_a_screen_stands_in_two_columns_at_eighty(screen):
    room = text_room(80)
    everywhere = (*(place.command for place in PLACES), *KEYS_OF_APP)
    parts = {"Help": screen.KEYS, "Inside": screen.INSIDE, "Everywhere": everywhere}
    lines = help_text(parts, {}, room).plain.splitlines()
    told = [line for line in lines if line.startswith("  ")]
    assert all(len(line) <= room for line in told)
    for line in told:
        assert line[:14].strip() or line[:14] == " " * 14  # keys, or the rest of a sentence
        assert line[14] != " "


def test_a_footer_shows_the_key_that_the_user_chose():
    (line,) = footer_lines((command("Accept", "a"), command("Help", "?")), {"t.Accept": "y"}, 80)
    assert "y Accept" in line
    assert "a Accept" not in line
