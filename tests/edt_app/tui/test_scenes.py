"""What is asked and told before a screen, and the screens that no other test has a picture of.

A theme changes no letter, so both are held to one picture; and in both every letter can be read.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from contrast import unreadable
from finished import STARTED, finished
from pilot import drive, press, same_as_golden, settled, text_of

from edt_app.tui.preferences import Preferences

GOLDENS = Path(__file__).parent / "goldens"
SIZES = [(80, 24), (160, 48)]


@dataclass(frozen=True)
class Scene:
    """Where to start, what to press, and what is there in the end."""

    start: str
    keys: tuple[str, ...]
    marker: str
    before: str = ""
    """What has to be there before the last key."""


SCENES = {
    "projects": Scene("projects", ("G",), "calls kept"),
    "projects-damaged": Scene("projects", ("g",), "can't be read"),
    "data": Scene("data", (), "domain ratio"),
    "help": Scene("runs", ("question_mark",), "Mark the run"),
    "palette": Scene("runs", ("colon",), "Compare"),
    "confirm": Scene("projects", ("G", "f8"), "to go on, esc to leave", "calls kept"),
    "ask": Scene("runs", ("n",), "Note on run"),
    "choose": Scene("user", ("i",), "Look at users by"),
    "copied": Scene("runs", ("C",), "Copied"),
    "start-run": Scene("pipeline", ("s",), "enter starts"),
    "edit": Scene("review", ("e",), "enter saves"),
    "reason": Scene("review", ("X",), "another reason"),
    "bulk": Scene("review", ("b",), "accept all"),
    "anchor": Scene("review", ("m",), "enter chooses"),
    "reading": Scene("review", ("p",), "esc goes back"),
    "tour": Scene("projects", ("G", "T"), "1 of 9"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A finished project between two that can't be opened, by a clock that stands still."""
    folder = tmp_path_factory.mktemp("home")
    with finished(folder) as project, project.database.write() as session:
        session.connection().exec_driver_sql("UPDATE dataset SET imported_at = ?", (STARTED,))
    for name, ours in (("a-broken-one", True), ("of-another", False)):
        (folder / name).mkdir()
        (folder / name / "project.db").write_bytes(b"no database")
        if ours:
            (folder / name / "write.lock").touch()
    for database in folder.glob("*/project.db"):
        os.utime(database, (STARTED, STARTED))
    return folder


@pytest.fixture(autouse=True)
def same_surroundings(home, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("EDT_HOME", str(home))  # so that no copied command names the folder
    monkeypatch.setattr("edt_app.tui.app._TICK", 3600)  # nothing comes in between


async def _shown(pilot, app, marker):
    for _ in range(500):
        if marker in text_of(app):
            return await settled(pilot)
        await pilot.pause(0.02)
    raise AssertionError(f"{marker!r} did not come:\n{text_of(app)}")


@pytest.mark.parametrize("theme", ["edt-dark", "edt-light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_the_scene_looks_as_agreed_and_can_be_read(home, name, size, theme):
    scene = SCENES[name]

    async def script(pilot, app):
        await press(pilot, *scene.keys[:-1])
        await _shown(pilot, app, scene.before)
        await press(pilot, *scene.keys[-1:])
        await _shown(pilot, app, scene.marker)
        await same_as_golden(pilot, GOLDENS / f"{name}-{size[0]}x{size[1]}.txt")
        assert unreadable(app) == []

    project = "" if scene.start == "projects" else "shop"
    preferences = Preferences(theme=theme)
    drive(home, script, project=project, start=scene.start, size=size, preferences=preferences)
