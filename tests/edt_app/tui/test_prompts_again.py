"""4 Prompts: another answer for a call, and the call in the user's editor."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_service import LlmService, serving
from paid_shop import paid_shop
from pilot import drive, press, text_of

from edt_core.actions.running import run_variant
from edt_core.actions.status import project_status
from edt_core.events import silence
from edt_core.store.calls import calls
from edt_core.store.home import Home

PRICED = {"llm.price_input": 1.0, "llm.price_output": 4.0}


@pytest.fixture
def service() -> Iterator[LlmService]:
    with serving(LlmService()) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, service: LlmService) -> Path:
    with paid_shop(tmp_path, service, PRICED, users=20) as project:
        run_variant(project, until="generate", seeds=[42], sink=silence, check=lambda: None)
    return tmp_path / "home"


def generate(home: Path) -> tuple[str, str]:
    with Home(home).open("small") as project:
        line = next(one for one in project_status(project).stages if one.step == "generate")
        return line.state, line.reason


def test_a_call_is_asked_again_after_a_question_and_the_new_one_is_shown(
    home: Path, service: LlmService
):
    asked = service.requests

    async def script(pilot, app):
        await press(pilot, "slash", *"status:answered", "enter", "j", "R")
        shown = text_of(app)
        assert f"Ask call {asked - 1} (generate/generate, user" in shown
        assert "about $0.00126" in shown
        assert "generate is stale" in shown
        await press(pilot, "n")
        assert service.requests == asked
        service.seconds = 0.5
        await press(pilot, "R")
        await pilot.press("y")
        while f"● asking call {asked - 1} again" not in text_of(app):
            await pilot.pause(0.01)
        await pilot.press("R")
        assert any("one at a time" in told.message for told in app._notifications)
        await press(pilot)
        assert service.requests == asked + 1
        assert f"call {asked + 1} " in text_of(app)
        assert "asking" not in text_of(app)
        assert app.screen.query_one("#calls").cursor_id == asked + 1
        again, listed = app.base_screen.shown_command_lines[1:]
        assert again.endswith(f"calls --project small again {asked - 1}")
        assert listed.endswith("--status answered")

    drive(home, script, project="small", start="prompts", size=(120, 36))
    assert generate(home) == (
        "stale", "1 answer was asked for again since; 'edt run' makes it anew",
    )  # fmt: skip


def test_the_answer_comes_home_when_the_app_is_closed_meanwhile(home: Path, service: LlmService):
    asked = service.requests
    service.seconds = 1.0

    async def script(pilot, app):
        await press(pilot, "R")
        await pilot.press("y")
        while service.requests == asked:
            await pilot.pause(0.01)

    drive(home, script, project="small", start="prompts", size=(120, 36))
    with Home(home).open("small") as project:
        deadline = time.monotonic() + 60
        while project.holder() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert calls(project, limit=1)[0].id == asked + 1
        assert calls(project, limit=1)[0].status == "answered"
    assert generate(home)[0] == "stale"


def test_a_filter_that_leaves_the_new_call_out_is_dropped(home: Path, service: LlmService):
    asked = service.requests
    service.faults = {"thousands": 1.0}

    async def script(pilot, app):
        await press(pilot, "slash", *"Thing", "enter", "G", "R", "y")
        assert app.screen.query_one("#calls").cursor_id == asked + 1

    drive(home, script, project="small", start="prompts", size=(120, 36))


def test_what_goes_wrong_is_told_and_the_old_answer_stands(home: Path, service: LlmService):
    service.faults = {"refusal": 1.0}

    async def script(pilot, app):
        await press(pilot, "R", "y")
        assert "No usable answer came: The model refuses to answer." in text_of(app)
        assert "asking" not in text_of(app)

    drive(home, script, project="small", start="prompts", size=(120, 36))
    assert generate(home)[0] == "fresh"


def test_the_stand_ins_call_is_refused_before_any_question(made):
    async def script(pilot, app):
        await press(pilot, "R")
        assert "stand-in's, which says the same every time" in text_of(app)
        assert len(app.screen_stack) == 1

    drive(made.home, script, project="small", start="prompts", size=(120, 36))


def test_the_editor_gets_the_whole_call_and_changes_nothing(made, monkeypatch):
    given = []

    def edited(app, text):
        given.append(text)
        return None if len(given) == 1 else text + "more"

    monkeypatch.setattr("edt_app.tui.screens.prompts.edited", edited)

    async def script(pilot, app):
        await press(pilot, "E")
        assert "== request ==" in given[0]
        assert not app._notifications
        await press(pilot, "E")
        assert any("your changes were dropped" in told.message for told in app._notifications)

    drive(made.home, script, project="small", start="prompts", size=(120, 36))
