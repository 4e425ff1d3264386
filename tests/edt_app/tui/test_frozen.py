"""A run that is stopped by a signal is named on every screen that lists it, and goes on again."""

import os
import signal
import subprocess
import sys
import time

import pytest
from pilot import drive, text_of

from edt_core.store.home import Home

RUN = """
import sys, time
from pathlib import Path
from edt_core.store.project import Project
from edt_core.store.runs import NewRun, start_run
with Project(Path(sys.argv[1])) as project, project.stages("edt run"):
    print(start_run(project, NewRun("LLM-EDT", "evaluate", [42], {})), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def child(tmp_path):
    Home(tmp_path).create("shop").close()
    line = [sys.executable, "-c", RUN, str(tmp_path / "shop")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        yield process
        process.kill()


async def until(pilot, app, *texts):
    deadline = time.monotonic() + 20
    while not all(text in text_of(app) for text in texts):
        assert time.monotonic() < deadline, text_of(app)
        await pilot.pause(0.05)


def freeze(home, child):
    """Stop the run's process, twelve seconds ago."""
    child.send_signal(signal.SIGSTOP)
    os.utime(home / "shop" / "stages.beat", (time.time() - 12.5,) * 2)


def test_a_frozen_run_is_named_until_it_goes_on_and_a_dead_one_is_not_shown_as_running(
    tmp_path, child
):
    async def script(pilot, app):
        await until(pilot, app, "● running", "run 1 LIVE")
        freeze(tmp_path, child)
        await until(pilot, app, "~ silent", "run 1 SILENT")
        await pilot.press("7")
        await until(pilot, app, "~ SILENT", "frozen?")
        child.send_signal(signal.SIGCONT)
        await until(pilot, app, "● LIVE")
        await pilot.press("8")
        await until(pilot, app, "● running", "run 1 LIVE")
        child.kill()
        await until(pilot, app, "? lost", "run 1 LOST")

    drive(tmp_path, script, project="shop", start="runs", size=(120, 30))


def test_the_list_of_projects_tells_it_of_a_project_that_is_not_open(tmp_path, child):
    async def script(pilot, app):
        await until(pilot, app, "● LLM-EDT running")
        freeze(tmp_path, child)
        await until(pilot, app, "~ LLM-EDT silent")
        child.kill()
        await until(pilot, app, "LLM-EDT lost")

    drive(tmp_path, script, start="projects", size=(120, 30))
