"""The training monitor on a pseudo-terminal of 160 x 48, beside a process that writes points.

    python benchmarks/app_monitor.py [--seconds 60] [--points 1000000] [--rounds 5]

The writer holds a project's stage lock as a run does, and twice a second adds a point to each of
eight curves by the trainer's own ``Recorder``. A point's moment is the one at which its transaction
had ended; it is on the curve when the terminal got the bytes that show its value in the legend.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyte
from pty_harness import Terminal, percentiles

from edt_core.events import Point
from edt_core.store.home import Home
from edt_core.store.runs import NewRun, end_run, run_folder, start_run
from edt_core.store.telemetry import Recorder

NAMES = (
    "total", "ndcg@10", "ndcg@10.a", "ndcg@10.b", "utilisation", "examples_per_second",
    "gradient_norm", "alignment",
)  # fmt: skip
BEFORE = 400
"""Points of each curve that are there already."""
FIRST = 1001
"""Of the first timed point; a whole number of four digits is shown as it is."""
EPOCH = 100
PROJECT = "bench"


def points(step: int, value: float, at: float, noise: np.ndarray) -> list[tuple[float, Point]]:
    """One of each curve: ``value`` of the first, noise around something of the others."""
    values = [value, *(0.5 + 0.1 * noise[1:])]
    place = ("pretrain", 42, 1 + step // EPOCH, step % EPOCH)
    return [(at, Point(*place, name, float(one))) for name, one in zip(NAMES, values, strict=True)]


def write(home: str, seconds: float) -> None:
    """Be a run: write points twice a second and say when each was in the file."""
    rng = np.random.default_rng(0)
    with Home(home).open(PROJECT) as project, project.stages("edt run"):
        recorder = Recorder(
            run_folder(project, start_run(project, NewRun("b", "pretrain", [42], {})))
        )
        old = [
            one
            for step in range(BEFORE)
            for one in points(
                step, 1000 * np.exp(-step / 90), time.time() + step - BEFORE, rng.normal(size=8)
            )
        ]
        recorder.write(old)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(int(2 * seconds)):
            recorder.write(points(BEFORE + number, FIRST + number, time.time(), rng.normal(size=8)))
            print(FIRST + number, time.perf_counter(), flush=True)
            time.sleep(0.5 + 0.05 * rng.normal())


def shown_at(chunks: list[tuple[float, bytes]], before: bytes) -> dict[int, float]:
    """When each timed value first stood on the screen; the terminal is interpreted afterwards."""
    screen = pyte.Screen(160, 48)
    stream = pyte.ByteStream(screen)
    foreign = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]+\$p")
    stream.feed(foreign.sub(b"", before))
    found: dict[int, float] = {}
    for at, chunk in chunks:
        stream.feed(foreign.sub(b"", chunk))
        for number in re.findall(r"total (\d{4})", "".join(screen.display[2:6])):
            found.setdefault(int(number), at)
    return found


def live(home: str, seconds: float) -> None:
    """Latency, processor time and bytes of eight charts at 2 Hz."""
    writer = subprocess.Popen(
        [sys.executable, __file__, "--write", home, "--seconds", str(seconds + 20)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stdin is not None
    writer.stdout.readline()
    with app(home, "--open", "train") as terminal:
        terminal.wait_for("total", 60)
        terminal.settle(quiet=0.6, timeout=3)
        writer.stdin.write("go\n")
        writer.stdin.flush()
        warm = time.perf_counter() + 5
        while time.perf_counter() < warm:
            terminal.read(0.2)
        before, chunks, cpu = bytes(terminal.raw), [], terminal.cpu()
        start = time.perf_counter()
        while (left := start + seconds - time.perf_counter()) > 0:
            got = terminal.read(left)
            if got:
                chunks.append((time.perf_counter(), got))
        used = (terminal.cpu() - cpu) / seconds
        sent = sum(len(chunk) for _, chunk in chunks) / seconds
        foreign, rss = terminal.foreign(), terminal.rss()
    writer.kill()
    written = {
        int(number): float(at)
        for number, at in (line.split() for line in writer.stdout.read().splitlines())
    }
    found = shown_at(chunks, before)
    late = [at - written[n] for n, at in found.items() if n in written and written[n] > start]
    told = percentiles(late)
    spread = "  ".join(f"{name} {told[name]:.0f}" for name in ("p50", "p95", "max"))
    print(f"a point written, until on the curve ({len(late)} points)")
    print(f"  {spread} ms   bar p95 250 ms")
    load = f"{100 * used:.1f} % of a core, {sent / 1e3:.1f} kB/s"
    print(f"eight charts at 2 Hz: {load}   bar 5 %, 30 kB/s")
    print(f"memory {rss:.0f} MB, foreign bytes {foreign}")


def attach(home: str, n: int, rounds: int) -> None:
    """From the digit of the screen, and from the process's start, to the curves of a long run."""
    rng = np.random.default_rng(0)
    with Home(home).open(PROJECT) as project:
        run = start_run(project, NewRun("b", "pretrain", [42], {}))
        recorder = Recorder(run_folder(project, run))
        each = n // len(NAMES)
        for first in range(0, each, 10_000):
            many = range(first, min(each, first + 10_000))
            recorder.write(
                [p for s in many for p in points(s, 1234.0, 0.2 * s, rng.normal(size=8))]
            )
        recorder.close()
        end_run(project, run, "done")
    opened, started, worked = [], [], []
    for _ in range(rounds):
        with app(home) as terminal:
            terminal.wait_for(PROJECT, 60)
            terminal.settle(quiet=0.6, timeout=10)
            before = terminal.cpu()
            opened.append(terminal.until("7", r"total 1234", 60))
            worked.append(terminal.cpu() - before)
        with app(home, "--open", "train") as terminal:
            started.append(terminal.wait_for("total 1234", 60))
    for what, took, bar in (
        ("key to curves", opened, "   bar 700 ms"),
        ("  its processor time", worked, ""),
        ("process start to curves", started, ""),
    ):
        median, most = np.median(took) * 1e3, max(took) * 1e3
        print(f"{n:,} points, {what:24} {median:6.0f} ms, most {most:.0f}{bar}")


def app(home: str, *options: str) -> Terminal:
    """The session in its terminal."""
    line = [sys.executable, "-m", "edt_app.tui", "--home", home, "-p", PROJECT, *options]
    return Terminal(line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", metavar="HOME", help="what the writer is started with")
    given = parser.parse_args()
    if given.write:
        write(given.write, given.seconds)
        return
    for measure, how_much in ((live, (given.seconds,)), (attach, (given.points, given.rounds))):
        with tempfile.TemporaryDirectory() as folder:
            Home(folder).create(PROJECT).close()
            measure(folder, *how_much)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
