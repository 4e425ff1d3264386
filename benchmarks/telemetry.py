"""Telemetry: its cost to a training, how soon a point is read, how soon a long run is drawn.

    python benchmarks/telemetry.py [--seconds 30] [--points 1000000]

A training of phase 1 (the trainee, loop, meter and journal of ``edt run``) goes on in this process;
a reader in another looks ten times a second, as a screen does.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import torch
from real_data import corpus, without_validation

from edt_core.config import PretrainingSettings
from edt_core.errors import RunCancelled
from edt_core.events import Point
from edt_core.stage import Context
from edt_core.store.home import Home
from edt_core.store.journal import Journal
from edt_core.store.runs import NewRun, run_folder, start_run
from edt_core.store.telemetry import Points, Recorder
from edt_core.training.loop import Limits, Run, Training
from edt_core.training.meter import Meter
from edt_core.training.shared import SharedTrainee

READER = "--read"
LOOK_SECONDS = 0.1


class Spent:
    """Time spent in wrapped functions, the outermost call alone."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.inside = False

    def in_(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted."""

        @wraps(function)
        def timed(*values: Any) -> Any:
            if self.inside:
                return function(*values)
            self.inside = True
            started = time.perf_counter()
            try:
                return function(*values)
            finally:
                self.seconds += time.perf_counter() - started
                self.inside = False

        return timed


def train(folder: Path, data: str, seconds: float) -> None:
    """Train for ``seconds`` with a reader beside it, and print what telemetry cost."""
    spent = Spent()
    for name in ("add", "finish", "tell"):
        setattr(Meter, name, spent.in_(getattr(Meter, name)))
    torch.manual_seed(0)
    settings = PretrainingSettings()
    trainee = SharedTrainee(without_validation(corpus(data)), settings, None, 0, "cpu")
    optimizer = torch.optim.Adam(trainee.module.parameters(), lr=1e-3, fused=True)
    with Home(folder).create("bench") as project:
        run = start_run(project, NewRun("LLM-EDT", "pretrain", [42], {}))
        where = run_folder(project, run)
        where.mkdir(parents=True)
        reader = subprocess.Popen(
            [sys.executable, __file__, READER, str(where), "--seconds", str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert reader.stdout is not None
        reader.stdout.readline()  # it is ready
        deadline = time.monotonic() + seconds
        steps = 0

        def check() -> None:
            nonlocal steps
            steps += 1
            if time.monotonic() > deadline:
                raise RunCancelled("Enough.")

        with Journal(project, run) as journal:
            nothing: Any = None
            ctx = Context(nothing, folder, journal, "cpu", nothing, nothing, check)
            started = time.perf_counter()
            training = Training(trainee, optimizer, Run(ctx, "f" * 40, "pretrain", 42))
            with suppress(RunCancelled):
                training.fit(Limits(999, 999))
            wall = time.perf_counter() - started
            clock = time.pthread_getcpuclockid(journal._thread.ident or 0)
            writing = time.clock_gettime(clock)
        told = json.loads(reader.communicate()[0])
    print(f"phase-1 training, {data}, {steps / wall:.1f} steps/s for {wall:.0f} s")
    print(f"  measuring       {spent.seconds / wall:8.3%} of the step's time")
    print(f"  writer thread   {writing / wall:8.3%} of a core")
    print(f"  together        {(spent.seconds + writing) / wall:8.3%}   bar 0.5 %")
    print(f"reader, {told['points']} points, a look every {LOOK_SECONDS:.1f} s")
    print(
        f"  measured to read  p50 {told['p50']:.0f} ms, p95 {told['p95']:.0f} ms   bar p95 250 ms"
    )
    print(f"  of a core       {told['cpu']:8.3%}   bar 1 %")


def read(where: Path, seconds: float) -> None:
    """Tail every curve as a screen does; print the latencies as JSON."""
    points = Points(where)
    places: dict[int, tuple[int, int]] = {}
    late: list[float] = []
    version = -1
    print("ready", flush=True)
    started, worked = time.monotonic(), time.process_time()
    while time.monotonic() - started < seconds:
        time.sleep(LOOK_SECONDS)
        now = points.version()
        if now == version:
            continue
        version = now
        for series in points.series():
            curve = points.curve(series.id, places.get(series.id, (-1, -1)))
            if len(curve.at):
                places[series.id] = (int(curve.epochs[-1]), int(curve.steps[-1]))
                late += (time.time() - curve.at).tolist()
    cpu = (time.process_time() - worked) / (time.monotonic() - started)
    p50, p95 = np.percentile(np.array(late) * 1e3, [50, 95])
    print(json.dumps({"points": len(late), "p50": p50, "p95": p95, "cpu": cpu}))


def attach(folder: Path, n: int, n_series: int) -> None:
    """Draw a run of ``n`` points at five a second from nothing, and print how long that takes."""
    recorder = Recorder(folder)
    rng = np.random.default_rng(0)
    names = [f"series {number}" for number in range(n_series)]
    per_series = n // n_series
    for start in range(0, per_series, 10_000):
        values = rng.normal(size=(10_000, n_series))
        recorder.write(
            [
                (0.2 * step, Point("pretrain", 42, 1 + step // 1000, step % 1000, name, value))
                for step, row in enumerate(values.tolist(), start)
                for name, value in zip(names, row, strict=True)
            ]
        )
    recorder.close()
    took = []
    for _ in range(5):
        started = time.perf_counter()
        points = Points(folder)
        rows = [len(points.overview(series.id).mean) for series in points.series()]
        took.append(time.perf_counter() - started)
        points.close()
    size = (folder / "telemetry.db").stat().st_size / 1e6
    print(f"{n:,} points in {n_series} curves, {size:.0f} MB, at most {max(rows):,} rows a curve")
    usual, worst = np.median(took) * 1e3, max(took) * 1e3
    print(f"  drawn after     {usual:.0f} ms, at most {worst:.0f}   bar 700 ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="food-kitchen-order")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(READER, type=Path, metavar="FOLDER", help="what the reader is started with")
    given = parser.parse_args()
    if given.read:
        read(given.read, given.seconds)
        return
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder), given.data, given.seconds)
    for n_series in (10, 1):
        with tempfile.TemporaryDirectory() as folder:
            attach(Path(folder), given.points, n_series)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
