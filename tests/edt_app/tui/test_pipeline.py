import asyncio
import re
import time
from pathlib import Path

import pytest
from pilot import drive, press, same_as_golden, settled, text_of

from edt_app.tui.screens.pipeline.start import options
from edt_core.store.home import Home
from edt_core.store.runs import run_lines

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_whole_screen(made, size):
    async def script(pilot, app):
        await press(pilot, "j", "j")
        while "run 1 DONE" not in text_of(app):  # the header follows the run by itself
            await pilot.pause(0.05)
        same_as_golden(app, GOLDENS / f"pipeline-{size[0]}x{size[1]}.txt")

    drive(made.home, script, project="small", start="pipeline", size=size)


def test_a_form_becomes_the_options_of_a_run():
    values = {"until": "", "from_": " pretrain ", "seed": "42, 44", "max_cost": "3"}
    assert options(values) == {"from_": "pretrain", "seed": ["42", "44"], "max_cost": "3"}


def test_a_run_is_started_in_a_process_of_its_own_and_followed_to_its_end(copied):
    async def script(pilot, app):
        await press(pilot, "x")
        assert any("nothing runs" in told.message for told in app._notifications)
        await press(pilot, "s")
        app.screen.query_one("#from_").value = "evaluate"
        app.screen.query_one("#seed").value = "42"
        await press(pilot, "enter")
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            await settled(pilot)
            if re.search(r"✓ run \d+ DONE", text_of(app)) and _newest_done(copied.home):
                break
        assert "10 of 10 stages" in text_of(app) or "fresh" in text_of(app)
        assert _newest_done(copied.home)

    drive(copied.home, script, project="small", start="pipeline", size=(120, 36))


def test_without_data_a_run_is_not_started(edt):
    edt("new", "empty")

    async def script(pilot, app):
        await press(pilot, "s")
        assert any("nothing is imported yet" in told.message for told in app._notifications)
        assert "nothing is imported yet" in text_of(app)

    drive(edt.home, script, project="empty", start="pipeline")


def _newest_done(home: Path) -> bool:
    with Home(home).open("small") as project:
        return run_lines(project)[0].state == "done"
