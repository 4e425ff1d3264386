"""A run in another process: how soon it hears, how soon its death is seen, what looking costs.

    python benchmarks/background.py [--rounds 50] [--freezes 5]

The run multiplies matrices on every core while it is asked, as a training does. A frozen one is
stopped by SIGSTOP at any moment and let go on by SIGCONT; it is named when the session's header and
its list of runs do, and when ``edt runs`` would.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pty_harness import Terminal

from edt_core.actions.reporting import run_rows
from edt_core.actions.stopping import stop
from edt_core.store.home import Home
from edt_core.store.liveness import Life, heartbeat
from edt_core.store.project import Project
from edt_core.store.pulse import Stop
from edt_core.store.runs import liveness, run_lines

RUN = """
import sys
from pathlib import Path
import torch
from edt_core.store.project import Project
from edt_core.store.runs import NewRun, start_run
matrix = torch.randn(1500, 1500)
with Project(Path(sys.argv[1])) as project, project.stages("edt run"):
    start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
    print("ready", flush=True)
    while True:
        matrix = torch.nn.functional.normalize(matrix @ matrix)
"""


def started(folder: Path) -> "subprocess.Popen[str]":
    """A process that runs at full load."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    run.stdout.readline()
    return run


def heard(project: Project, rounds: int) -> list[float]:
    """Seconds until a request was heard; the run goes on all the same."""
    run = started(project.folder)
    rng = np.random.default_rng(0)
    took = []
    for _ in range(rounds):
        time.sleep(rng.uniform(0.1, 0.5))  # anywhere between two looks of the run
        took.append(stop(project, Stop.EPOCH).seconds)
    run.kill()
    run.wait()
    return took


def seen_dead(project: Project, rounds: int) -> list[float]:
    """Seconds from a kill to the reader's answer that the run is lost."""
    took = []
    for _ in range(rounds):
        run = started(project.folder)
        number = run_lines(project, limit=1)[0].id
        assert not liveness(project, number).ended
        killed = time.perf_counter()
        run.kill()
        while liveness(project, number).life is not Life.LOST:
            time.sleep(0.005)
        took.append(time.perf_counter() - killed)
        run.wait()
    return took


def frozen(project: Project, rounds: int) -> dict[str, list[float]]:
    """Seconds from a stop to its name, and from going on to that, on the screen and in a list."""
    run, rng = started(project.folder), np.random.default_rng(0)
    home = str(project.folder.parent)
    app = ["-m", "edt_app.tui", "--home", home, "--project", project.name, "--open", "runs"]
    took: dict[str, list[float]] = {}
    with Terminal([sys.executable, *app]) as terminal:
        terminal.wait_for("● running")
        for _ in range(rounds):
            time.sleep(rng.uniform(1.0, 2.0))  # anywhere between two beats and two looks
            for word, sent, life in (
                ("silent", signal.SIGSTOP, Life.SILENT),
                ("running", signal.SIGCONT, Life.LIVE),
            ):
                terminal.settle()
                terminal.shown()
                run.send_signal(sent)
                at, listed = time.perf_counter(), 0.0
                while not listed or not on_screen(terminal, life):
                    if not listed and run_rows(project)[0].state == word:
                        listed = time.perf_counter() - at
                    terminal.read(0.02)
                took.setdefault(f"{word}, on the screen", []).append(time.perf_counter() - at)
                took.setdefault(f"{word}, in a list", []).append(listed)
    run.kill()
    run.wait()
    return took


def on_screen(terminal: Terminal, life: Life) -> bool:
    """Does the header tell it, and the list of runs?"""
    header, *lines = terminal.shown()
    word = f"{'●' if life is Life.LIVE else '~'} {life.word}"
    return life.value.upper() in header and any(word in line for line in lines)


def looks(project: Project, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of a heartbeat, and of a run's whole liveness, while a run goes on."""
    run = started(project.folder)
    number = run_lines(project, limit=1)[0].id
    beats, lives = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        heartbeat(project.folder)
        middle = time.perf_counter()
        liveness(project, number)
        beats.append(middle - began)
        lives.append(time.perf_counter() - middle)
    run.kill()
    run.wait()
    return beats, lives


def say(what: str, took: list[float], bar: str) -> None:
    """A line with the median, the 95th percentile and the most."""
    p50, p95, most = np.percentile(np.array(took) * 1e3, [50, 95, 100])
    print(f"{what:28} p50 {p50:7.2f}  p95 {p95:7.2f}  most {most:7.2f} ms   {bar}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--freezes", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Home(folder).create("bench") as project:
        say("a request is heard", heard(project, given.rounds), "bar 300 ms")
        say("a killed run is seen lost", seen_dead(project, 5), "bar 3,000 ms")
        for what, took in frozen(project, given.freezes).items():
            say(what, took, "bar 15,000 ms" if what.startswith("silent") else "")
        beats, lives = looks(project, 10 * given.rounds)
        say("one look at the heartbeat", beats, "")
        say("one look at a run", lives, "")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
