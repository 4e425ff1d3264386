"""A run in the background: found, watched, stopped, and nobody's child."""

import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
from shell import Shell, prepare

from edt_app.launch import Asked, command_line, launch, shell_text
from edt_core.errors import EdtError, ProjectBusy, ProjectNotFound
from edt_core.store.home import Home
from edt_core.store.liveness import Life, exit_status, heartbeat, launch_log
from edt_core.store.lock import holder
from edt_core.store.runs import liveness, run_lines

ENDLESS = ("--set=pretraining.epochs=100000", "--set=pretraining.patience=100000")


def test_a_command_is_what_a_user_would_type(tmp_path, monkeypatch):
    monkeypatch.setenv("EDT_HOME", str(tmp_path))
    line = command_line(
        Home(), "run", project="my shop", from_="filter", seed=[42, 44], json=False, max_cost=1.5,
        set={"evaluation.cutoffs": [1, 5], "generator.enabled": True}, until="", background=True,
    )  # fmt: skip
    assert line == [
        "edt", "run", "--project", "my shop", "--from", "filter", "--seed", "42", "--seed", "44",
        "--max-cost", "1.5", "--set", "evaluation.cutoffs=1,5", "--set", "generator.enabled=true",
        "--background",
    ]  # fmt: skip
    assert shlex.split(shell_text(line)) == line
    elsewhere = command_line(Home(tmp_path / "x"), "stop", project="a")
    assert elsewhere == ["edt", "--home", str(tmp_path / "x"), "stop", "--project", "a"]


def test_what_a_process_answers_is_its_document_or_its_own_words(tmp_path):
    home = Home(tmp_path / "home")
    home.create("small").close()
    (line,) = Asked(command_line(home, "projects")).answer()
    assert line["name"] == "small"
    asked = Asked(command_line(home, "review", "score", 7, project="small"))
    with pytest.raises(EdtError) as told:
        asked.answer()
    assert told.value.message == "There is no generated item with the id 7."
    assert asked.ended
    assert "edt items" in told.value.hint
    # doctor's status tells what it found
    nobody = ("config", "--project", "small", "set")
    for key, value in (("llm.provider", "vllm"), ("llm.base_url", "http://127.0.0.1:9/v1")):
        Asked(command_line(home, *nobody, key, value)).answer()
    findings = Asked(command_line(home, "doctor", project="small")).answer()
    assert "bad" in {finding["state"] for finding in findings}


def test_a_project_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ProjectNotFound):
        launch(Home(tmp_path), "none", ["edt", "run", "--project", "none"])


@pytest.fixture
def small(edt: Shell, shop: list[str]):
    """A prepared project; whatever still runs in it at the end is killed, and said to be."""
    prepare(edt, shop)
    yield edt
    told = edt("stop", "--project", "small", "--kill")
    living = holder(edt.home / "small")
    if living is not None:  # an endless run would take a core from every test that follows
        os.kill(living.pid, signal.SIGKILL)
    assert living is None, (told.status, told.out, told.err)


def started(edt: Shell) -> int:
    """Start an endless training in the background and wait until it trains; its run's number."""
    done = edt("run", "--project", "small", "--seed", 42, "--background", *ENDLESS)
    assert done.status == 0, done.err
    assert "--background" not in done.out
    with Home(edt.home).open("small") as project:
        deadline = time.monotonic() + 90
        while not any(project.folder.glob("scratch/*/training.safetensors")):
            assert time.monotonic() < deadline, launch_log(project.folder).read_text()
            time.sleep(0.1)
        return run_lines(project)[0].id


def test_a_run_outlives_the_session_that_started_it(small: Shell):
    script = "import subprocess, sys, time; subprocess.run(sys.argv[1:]); time.sleep(60)"
    terminal = subprocess.Popen(
        [sys.executable, "-c", script,
         *small.command(["run", "--project", "small", "--seed", 42, "--background", *ENDLESS])],
        env=small.environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    folder = small.home / "small"
    deadline = time.monotonic() + 60
    # the launching process may hold the lock for a moment, to bury the run before
    while (beat := heartbeat(folder)) is None or not beat.holder.group:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run = beat.holder
    assert os.getsid(run.pid) not in {os.getsid(0), terminal.pid}
    assert os.getpriority(os.PRIO_PROCESS, run.pid) >= 10
    os.killpg(terminal.pid, signal.SIGHUP)
    os.killpg(terminal.pid, signal.SIGKILL)
    terminal.wait()
    time.sleep(0.5)
    assert heartbeat(folder).holder == run


def test_a_run_in_the_background_is_watched_and_stopped_after_its_epoch(small: Shell):
    run = started(small)
    home = Home(small.home)
    with pytest.raises(ProjectBusy):
        launch(home, "small", command_line(home, "run", project="small"))
    watcher = subprocess.Popen(
        small.command(["watch", "--project", "small"]), stdout=subprocess.PIPE,
        env=small.environment(), text=True,
    )  # fmt: skip
    assert watcher.stdout.readline().startswith(f"Run {run}: ")
    told = small("stop", "--project", "small", "--after", "epoch", "--json").document()
    assert told["heard"]
    said, _ = watcher.communicate(timeout=60)
    assert watcher.returncode == 130
    assert said.splitlines()[-1].startswith(f"Run {run}: interrupted.")
    with home.open("small") as project:
        assert liveness(project, run).life == Life.INTERRUPTED
    deadline = time.monotonic() + 30
    while exit_status(home.path("small")) != 130:
        assert time.monotonic() < deadline, launch_log(home.path("small")).read_text()
        time.sleep(0.05)
    assert small("stop", "--project", "small").out == "Nothing runs in small.\n"


def test_a_killed_run_is_lost_and_its_log_says_why(small: Shell):
    run = started(small)
    with Home(small.home).open("small") as project:
        os.kill(project.holder().pid, signal.SIGKILL)
        deadline = time.monotonic() + 3
        while "SIGKILL" not in liveness(project, run).cause:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert liveness(project, run).life == Life.LOST
    assert small("watch", "--project", "small").status == 1


def test_a_launch_that_fails_at_once_passes_its_reason_on(small: Shell):
    told = small("run", "--project", "small", "--set", "no.such=1", "--background")
    assert told.status == 2
    assert "no.such" in told.err
