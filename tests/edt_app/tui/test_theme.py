"""What can be read: contrast in both themes, no colour at all, ASCII alone."""

import pytest
from contrast import LEAST, contrast, unreadable
from finished import finished
from pilot import drive, press, settled, text_of
from rich.color import Color
from rich.style import Style

from edt_app.tui.places import PLACES
from edt_app.tui.plain import in_ascii
from edt_app.tui.preferences import Preferences
from edt_app.tui.theme import (
    ANSI_ON_DARK,
    ANSI_ON_LIGHT,
    DARK,
    DOMAIN_STYLES,
    LIGHT,
    MARKS,
    STATE_STYLES,
)
from edt_app.tui.widgets.chart import COLOURS, COLOURS_ON_LIGHT


def rgb(name, terminal=None):
    return tuple(Color.parse(name).get_truecolor(terminal))


@pytest.mark.parametrize(
    ("theme", "terminal", "curves"),
    [(DARK, ANSI_ON_DARK, COLOURS), (LIGHT, ANSI_ON_LIGHT, COLOURS_ON_LIGHT)],
    ids=["dark", "light"],
)
def test_every_colour_of_a_theme_can_be_read_on_its_grounds(theme, terminal, curves):
    named = {Style.parse(style).color.name for style in (*STATE_STYLES.values(), *DOMAIN_STYLES)}
    for ground in (theme.background, theme.surface):
        for name in named:
            assert contrast(rgb(name, terminal), rgb(ground)) >= LEAST, (name, ground)
        for colour in (*curves, theme.primary, theme.error, theme.variables["edge"]):
            assert contrast(rgb(colour), rgb(ground)) >= LEAST, (colour, ground)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    finished(folder).close()
    return folder


@pytest.mark.parametrize("theme", ["edt-dark", "edt-light"])
def test_every_screen_can_be_read_frames_and_cursor_rows_included(home, theme):
    async def script(pilot, app):
        for place in PLACES:
            await press(pilot, place.key)
            await pilot.pause(0.1)
            await settled(pilot)
            assert unreadable(app) == [], place.mode
        await press(pilot, "question_mark")
        assert unreadable(app) == []

    preferences = Preferences(theme=theme)
    drive(home, script, project="shop", start="runs", size=(160, 48), preferences=preferences)


def test_ascii_alone_is_as_wide_as_the_marks_that_it_stands_for():
    assert in_ascii("╭─ a ┃ ▸ ✓ done █▌ ⠿ é ─╮") == "+- a | > + done #> . é -+"
    assert all(in_ascii(mark).isascii() for mark in MARKS.values())
    assert len({in_ascii(mark) for mark in "✓●◌‖✗"}) == 5


def test_with_ascii_no_screen_draws_anything_else(home):
    async def script(pilot, app):
        for place in PLACES:
            await press(pilot, place.key)
            await pilot.pause(0.1)
            await settled(pilot)
            assert text_of(app).isascii(), place.mode
        await press(pilot, "question_mark")
        assert text_of(app).isascii()

    drive(home, script, project="shop", start="runs", preferences=Preferences(ascii=True))
