"""Whether a run lives, and how it is asked to stop: always with a process that really does."""

import os
import signal
import subprocess
import sys
import time

import pytest

from edt_core.actions.reporting import run_detail, run_rows
from edt_core.actions.status import project_status
from edt_core.actions.stopping import kill, stop
from edt_core.errors import ProjectError, RunCancelled, StopAfterEpoch, UsageError
from edt_core.store.home import Home
from edt_core.store.liveness import Life, cause_of_death, heartbeat, launch_log
from edt_core.store.lock import Holder, process_start
from edt_core.store.pulse import Pulse, Stop, ask_to_stop, stopping
from edt_core.store.runs import NewRun, delete_run, liveness, run_line, start_run

RUN = """
import signal, sys, time
from pathlib import Path
from edt_core.errors import RunCancelled, StopAfterEpoch
from edt_core.store.project import Project
from edt_core.store.runs import NewRun, end_run, start_run
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with Project(Path(sys.argv[1])) as project, project.stages("edt run") as pulse:
    run = start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
    print(run, flush=True)
    for _ in range(6000):
        try:
            pulse.check()
        except StopAfterEpoch:
            print("epoch", flush=True)
        except RunCancelled as error:
            end_run(project, run, "interrupted", str(error))
            print("now", flush=True)
            break
        time.sleep(0.01)
"""


@pytest.fixture
def running(project):
    """Start a run of ``project`` in a process of its own: the process and the run's number."""
    children = []

    def start(kind="hearing"):
        child = subprocess.Popen(
            [sys.executable, "-c", RUN, str(project.folder), kind],
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child, int(child.stdout.readline())

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def eventually(true, seconds):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_that_lives_beats(project, running):
    _, run = running()
    found = liveness(project, run)
    assert (found.life, found.ended, found.stopping) == (Life.LIVE, False, None)
    assert found.age < 3
    first = (project.folder / "stages.beat").stat().st_mtime
    eventually(lambda: (project.folder / "stages.beat").stat().st_mtime > first, 5)


def test_a_killed_run_is_lost_though_its_row_says_running(project, running):
    child, run = running()
    child.kill()
    child.wait()
    eventually(lambda: liveness(project, run).life == Life.LOST, 3)
    assert run_line(project, run).state == "lost"
    assert liveness(project, run).age < 10
    assert heartbeat(project.folder) is None


def test_the_next_run_buries_a_dead_one_with_what_is_known(project, running):
    child, run = running()
    child.kill()
    child.wait()
    log = launch_log(project.folder)
    log.parent.mkdir(exist_ok=True)
    log.write_text("edt: exit status 137\n")
    assert "SIGKILL" in liveness(project, run).cause
    with project.stages():
        found = liveness(project, run)
        assert found.life == Life.INTERRUPTED
        assert "SIGKILL" in found.cause
        line = run_line(project, run)
        assert line.started_at - 1 < line.finished_at < time.time() + 1


def test_what_becomes_of_a_later_launch_explains_no_earlier_death(project, running):
    child, run = running()
    project.bury_dead_runs()
    assert liveness(project, run).life == Life.LIVE
    child.kill()
    child.wait()
    log = launch_log(project.folder)
    log.parent.mkdir(exist_ok=True)
    log.write_text("edt: exit status 137\n")
    project.bury_dead_runs()
    log.write_text("edt: exit status 2\n")
    assert "SIGKILL" in liveness(project, run).cause


def test_an_older_log_does_not_explain_a_later_death(project, running):
    log = launch_log(project.folder)
    log.parent.mkdir(exist_ok=True)
    log.write_text("edt: exit status 1\n")
    os.utime(log, (time.time() - 60,) * 2)
    child, _ = running()
    child.kill()
    child.wait()
    assert cause_of_death(project.folder) == "Its process ended without a word."


def test_a_frozen_run_is_quiet_then_silent_and_live_again_when_it_goes_on(project, running):
    child, run = running()
    child.send_signal(signal.SIGSTOP)
    eventually(lambda: liveness(project, run).life == Life.QUIET, 6)
    beat = project.folder / "stages.beat"
    os.utime(beat, (time.time() - 12.5,) * 2)  # seconds that need not be waited for
    assert liveness(project, run).life == Life.SILENT
    assert not liveness(project, run).ended
    child.send_signal(signal.SIGCONT)
    eventually(lambda: liveness(project, run).life == Life.LIVE, 5)


def test_every_list_names_a_frozen_run_and_takes_it_back_when_it_goes_on(project, running):
    child, run = running()
    assert "frozen" not in project_status(project).note
    child.send_signal(signal.SIGSTOP)
    os.utime(project.folder / "stages.beat", (time.time() - 13,) * 2)
    told = project_status(project)
    assert told.running
    assert "13 s ago: it may be frozen" in told.note
    assert [row.state for row in run_rows(project)] == ["silent"]
    assert run_detail(project, run).state == "silent"
    (line,) = Home(project.folder.parent).projects()
    assert (line.running, line.life, line.last_run) == (True, "silent", "LLM-EDT silent")
    with pytest.raises(UsageError):  # it may go on
        delete_run(project, run)
    child.send_signal(signal.SIGCONT)
    eventually(lambda: run_rows(project)[0].state == "running", 5)
    (line,) = Home(project.folder.parent).projects()
    assert (line.life, line.last_run) == ("running", "LLM-EDT running")


def test_a_run_hears_at_once_and_says_so(project, running):
    child, run = running()
    told = stop(project)
    assert told.heard
    assert child.stdout.readline() == "now\n"
    assert child.wait(timeout=10) == 0
    assert liveness(project, run).life == Life.INTERRUPTED
    assert not list(project.folder.glob("stages.[bjs][eto]*"))


def test_stopping_after_an_epoch_is_told_apart_and_can_become_now(project, running):
    child, run = running()
    stop(project, Stop.EPOCH)
    assert child.stdout.readline() == "epoch\n"
    assert liveness(project, run).stopping == Stop.EPOCH
    stop(project, Stop.NOW)
    assert child.wait(timeout=10) == 0


def test_a_request_meant_for_a_dead_run_stops_no_later_one(tmp_path):
    dead, living = Holder(1, "here", 1.0, ""), Holder(1, "here", 2.0, "")
    with Pulse(tmp_path, living).beating() as pulse:
        assert ask_to_stop(tmp_path, dead, Stop.NOW)
        pulse.check()
        assert stopping(tmp_path) is None
        assert ask_to_stop(tmp_path, living, Stop.EPOCH)
        with pytest.raises(StopAfterEpoch):
            pulse.check()
        (tmp_path / "stages.stop").write_text("{")
        eventually(lambda: not (tmp_path / "stages.stop").exists(), 2)
        assert ask_to_stop(tmp_path, living, Stop.NOW)
        assert ask_to_stop(tmp_path, living, Stop.EPOCH)
        with pytest.raises(RunCancelled) as told:
            pulse.check()
        assert told.type is RunCancelled
    assert not list(tmp_path.iterdir())


def test_a_frozen_run_does_not_hear_and_the_hint_says_what_helps(project, running):
    child, _ = running()
    child.send_signal(signal.SIGSTOP)
    with pytest.raises(ProjectError, match="--kill"):
        stop(project)


def test_a_run_that_ignores_everything_is_ended_by_force(project, running):
    child, run = running("deaf")
    assert kill(project, grace=0.5).ended
    assert child.wait(timeout=5) == -signal.SIGKILL
    found = liveness(project, run)
    assert (found.life, found.cause[:6]) == (Life.INTERRUPTED, "Killed")
    with project.stages():  # the lock is free
        pass


def test_no_process_is_killed_by_its_number_alone(project, running):
    child, _ = running()
    told = project.folder / "stages.json"
    told.write_text(told.read_text().replace(process_start(child.pid), "1"))
    with pytest.raises(ProjectError, match="can't be told"):
        kill(project)
    told.write_text(told.read_text().replace('"host": "', '"host": "far-'))
    with pytest.raises(ProjectError, match="another machine"):
        kill(project)
    assert child.poll() is None


def test_nothing_to_stop_is_no_error(project):
    run = start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
    assert not stop(project).running
    assert not kill(project).running
    assert liveness(project, run).life == Life.LOST
