"""Another project is opened: no screen shows, or narrows by, anything of the one before."""

import asyncio
import threading

import pytest
from finished import finished
from pilot import drive, press, settled, shown_strip, text_of
from review_project import queue_project

from edt_app.tui.places import PLACES
from edt_core.store import calls
from edt_core.store.home import Home
from edt_core.store.questions import counts

BEFORE = {
    "prompts": ("f",),
    "review": ("slash", *"Ke", "enter", "V"),
    "settings": ("slash", *"gru", "enter", "s"),
    "runs": ("space", "j", "space", "c"),
    "tune": ("right", "A"),
    "user": ("n", "i", "2"),
    "train": ("b", "2"),
}
"""What narrows, marks, applies or compares on a screen."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    finished(folder).close()
    Home(folder).create("bare").close()
    return folder


async def shown(pilot, app):
    await pilot.pause(0.1)
    await settled(pilot)
    await shown_strip(pilot)
    return text_of(app)


def test_every_screen_looks_as_if_the_project_had_been_opened_first(home, monkeypatch):
    monkeypatch.setattr("edt_app.tui.app._TICK", 3600)
    fresh, switched = {}, {}

    async def opened_first(pilot, app):
        for place in PLACES[1:]:
            await press(pilot, place.key)
            fresh[place.mode] = await shown(pilot, app)

    async def opened_second(pilot, app):
        for place in PLACES[1:]:
            await press(pilot, place.key, *BEFORE.get(place.mode, ()))
        app.session.choose("bare")
        await press(pilot, "1")
        for place in PLACES[1:]:
            await press(pilot, place.key)
            switched[place.mode] = await shown(pilot, app)

    drive(home, opened_first, project="bare", start="projects", size=(160, 48))
    drive(home, opened_second, project="shop", start="projects", size=(160, 48))
    for mode, text in fresh.items():
        assert switched[mode] == text, mode


def test_what_is_read_slowly_is_not_shown_once_another_project_is_open(home, monkeypatch):
    read, begun, may_end = calls.call, threading.Event(), threading.Event()

    def slow(project, number):
        begun.set()
        assert may_end.wait(20)
        return read(project, number)

    monkeypatch.setattr(calls, "call", slow)

    async def script(pilot, app):
        await pilot.press("4")
        await asyncio.to_thread(begun.wait, 20)
        app.session.choose("bare")
        await pilot.press("1", "4")
        may_end.set()
        await settled(pilot)
        assert "0 calls" in text_of(app)
        assert "user u00" not in text_of(app)

    drive(home, script, project="shop", start="projects")


def test_the_header_does_not_go_on_from_another_projects_run_of_the_same_number(home):
    async def script(pilot, app):
        await shown_strip(pilot)
        assert app.followed is not None
        app.session.choose("bare")
        assert app.followed is None

    drive(home, script, project="shop", start="runs")


def test_a_decision_that_waits_is_not_made_in_another_project(tmp_path):
    for name in ("one", "two"):
        queue_project(tmp_path, name).close()
    may_go_on = threading.Event()

    async def script(pilot, app):
        app.session.write(lambda: may_go_on.wait(20))
        await pilot.press("a")
        app.session.choose("two")
        may_go_on.set()
        await settled(pilot)
        assert "Another project was opened" in text_of(app)

    drive(tmp_path, script, project="one", start="review")
    for name in ("one", "two"):
        with Home(tmp_path).open(name) as project:
            assert counts(project).accepted == 0
