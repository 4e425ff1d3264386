"""One process runs stages; its lock dies with it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from edt_core.errors import ProjectBusy
from edt_core.store.lock import holder, stage_lock
from edt_core.store.runs import NewRun, run_line, start_run

HOLD = """
import sys, time
from pathlib import Path
from edt_core.store.lock import stage_lock
with stage_lock(Path(sys.argv[1]), "edt run --project toy"):
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(folder):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_process_is_refused_quickly_and_told_who_holds_it(tmp_path):
    with start_holder(tmp_path) as child:
        started = time.monotonic()
        with pytest.raises(ProjectBusy, match=str(child.pid)), stage_lock(tmp_path):
            pass
        assert time.monotonic() - started < 1.0
        assert holder(tmp_path).command == "edt run --project toy"
        child.kill()


def test_a_killed_process_frees_the_lock_at_once(tmp_path):
    with start_holder(tmp_path) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert holder(tmp_path) is None
        with stage_lock(tmp_path):
            assert holder(tmp_path).pid == os.getpid()
    assert holder(tmp_path) is None


def test_a_broken_introduction_harms_nobody(tmp_path):
    with stage_lock(tmp_path):
        (tmp_path / "stages.json").write_text("{")
        assert holder(tmp_path).pid == 0
        with pytest.raises(ProjectBusy), stage_lock(tmp_path):
            pass


def test_a_run_of_a_dead_process_is_shown_as_lost_and_ends_as_interrupted(project):
    run = start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
    assert run_line(project, run).state == "lost"
    with project.stages():
        live = start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
        assert run_line(project, run).state == "interrupted"
        assert run_line(project, live).state == "running"
