"""What the interactive session costs and how soon it answers, on a pseudo-terminal of 160 x 48.

    python benchmarks/million.py --home DIR
    python benchmarks/app_responsiveness.py --home DIR [--project million] [--only start,queue]
        [--rounds 10] [--keys 200]

Every figure stands beside its bar; processor times say more where others use the cores. ``loaded``
repeats the keys while two processes at nice 10 use both cores, as a training does. Parts: start,
keys, loaded, queue, tuner, charts.
"""

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from pty_harness import Painted, Terminal, percentiles

HEAVY = re.compile(r"libtorch|/sklearn/|/polars|/pyarrow")
LOAD = "import os\nos.nice(10)\nimport numpy as np\na = np.ones((500, 500))\nwhile True: a @ a"
DOWN, PAGE_DOWN = "j", "\x1b[6~"
SOUGHT = {
    "a2b kept": ("filter to one direction and kept", 150),
    "kettle": ("search of titles", 300),
}
"""What is typed into the queue's filter, what that is, and its bar in milliseconds."""


@dataclass(frozen=True)
class Figure:
    """A measured value, the most it may be (None: told, not judged), and its unit."""

    what: str
    value: float
    most: float | None
    unit: str = "ms"

    def line(self) -> str:
        """For a reader."""
        bar = "" if self.most is None else f"<= {self.most:g}"
        word = "" if self.most is None else "ok" if self.value <= self.most else "MISSED"
        return f"{self.what:<58}{self.value:>9.1f} {self.unit:<6}{bar:>9}  {word}"


@dataclass(frozen=True)
class Bench:
    """The app, its project and how often to ask."""

    home: str
    project: str
    rounds: int
    keys: int

    def app(self, *options: str) -> Terminal:
        """A session in its terminal."""
        return Terminal([sys.executable, "-m", "edt_app.tui", "--home", self.home, *options])

    def start(self) -> Iterator[Figure]:
        """From the process's start to the list of projects; what it loads; leaving."""
        painted, settled, worked, left = [], [], [], []
        for _ in range(self.rounds):
            with self.app() as app:
                painted.append(app.wait_for("Projects"))
                settled.append(app.wait_for(rf"{self.project}.*[MG]B"))
                app.settle()
                worked.append(app.cpu())
                heavy = loaded(app)
                left.append(app.leave("q"))
                foreign = app.foreign()
        yield Figure("start to first paint, p50", percentiles(painted)["p50"], 250)
        yield Figure("start to first paint, p95", percentiles(painted)["p95"], 400)
        yield Figure("start to the list with data, p50", percentiles(settled)["p50"], 700)
        yield Figure("processor time of a start, p50", percentiles(worked)["p50"], None)
        yield Figure(f"heavy libraries loaded {heavy or ''}", len(heavy), 0, "")
        yield Figure("leaving, p50", percentiles(left)["p50"], 300)
        yield Figure("foreign bytes", foreign, 0, "")

    def keys_idle(self) -> Iterator[Figure]:
        """A cursor through the settings, nothing else at work."""
        yield from self._keys("idle", {"p50": 8, "p99": 33})

    def keys_loaded(self) -> Iterator[Figure]:
        """The same beside two busy processes."""
        with busy():
            yield from self._keys("loaded", {"p50": 10, "p99": 50, "max": 100})

    def _keys(self, how: str, bars: dict[str, float]) -> Iterator[Figure]:
        with self.app("--project", self.project, "--open", "settings") as app:
            app.wait_for("threshold")
            app.settle(0.6)
            before = app.cpu()
            # longer than the last pane takes, which is no answer to the next key
            answers = [app.press(key, quiet=0.06) for key in [DOWN, "k"] * (self.keys // 2)]
            worked = 1e3 * (app.cpu() - before) / self.keys
            times = percentiles([one.first for one in answers])
            yield from (Figure(f"key to paint, {how}, {at}", times[at], bars[at]) for at in bars)
            whole = percentiles([one.last for one in answers])
            yield Figure(f"key to the last pane's paint, {how}, p50", whole["p50"], None)
            yield Figure(f"key to the last pane's paint, {how}, p99", whole["p99"], None)
            yield Figure(f"processor time of a key, {how}", worked, None)

    def queue(self) -> Iterator[Figure]:
        """A million items: open, page, filter, search, memory."""
        with self.app("--project", self.project) as app:
            app.wait_for(self.project)
            app.settle(0.6)
            yield Figure("queue of 1,000,000: rows and item", 1e3 * app.until("5", "verdict"), 600)
            app.settle(0.6)
            pages = percentiles(painted(app, [PAGE_DOWN] * self.keys))
            yield Figure("page down, p50", pages["p50"], None)
            yield Figure("page down, p95", pages["p95"], 75)
            yield Figure("end", 1e3 * app.press("G").last, 75)
            yield Figure("home", 1e3 * app.press("g").last, 75)
            app.settle(0.6)
            took: dict[str, list[float]] = {words: [] for words in SOUGHT}
            for words in [*SOUGHT] * 5:
                app.send("/")
                app.settle(0.3)
                for keys in ("\x01", "\x0b", words):  # apart: textual does actions after letters
                    app.send(keys)
                    app.settle(0.3)
                took[words].append(1e3 * app.until("\r", rf"\d {words}"))
                app.settle(0.6)
            for words, (what, most) in SOUGHT.items():
                yield Figure(f"queue: {what}, p50 of 5", statistics.median(took[words]), most)
                yield Figure(f"queue: {what}, the first", took[words][0], None)
            yield Figure("memory with the queue open", app.rss(), 110, "MB")
            yield Figure("idle: bytes a second", app.watch(4.0)[0], None, "B/s")
            yield Figure("foreign bytes", app.foreign(), 0, "")

    def tuner(self) -> Iterator[Figure]:
        """The threshold over a million scores, moved by one key."""
        with self.app("--project", self.project, "--open", "tune") as app:
            app.wait_for("items kept", 60)
            app.settle(0.6)
            moves = [app.press(",", quiet=0.02) for _ in range(self.keys)]
            first = percentiles([one.first for one in moves])
            yield Figure("threshold move to first answer, p50", first["p50"], None)
            yield Figure("threshold move to first answer, p99", first["p99"], 33)
            last = percentiles([one.last for one in moves])
            yield Figure("threshold move to the last byte, p99", last["p99"], None)
            yield Figure("memory with the tuner open", app.rss(), None, "MB")
            yield Figure("foreign bytes", app.foreign(), 0, "")

    def charts(self) -> Iterator[Figure]:
        """Eight curves with a new point each, twice a second."""
        widgets = os.path.join(os.path.dirname(__file__), "app_widgets.py")  # noqa: PTH118, PTH120
        with Terminal([sys.executable, widgets, "charts"]) as app:
            app.wait_for("metric 7")
            app.settle(0.3, 2.0)
            sent, core = app.watch(20.0)
            yield Figure("eight charts at 2 Hz: share of a core", 100 * core, 5, "%")
            yield Figure("eight charts at 2 Hz: to the terminal", sent / 1e3, 30, "kB/s")


def painted(app: Terminal, keys: list[str]) -> list[float]:
    """Seconds from each key to the last byte of its answer."""
    found: list[Painted] = [app.press(key) for key in keys]
    return [one.last for one in found if np.isfinite(one.last)]


def loaded(app: Terminal) -> list[str]:
    """Heavy libraries mapped into the app's process."""
    with open(f"/proc/{app.process.pid}/maps", encoding="utf-8") as maps:  # noqa: PTH123
        return sorted(set(HEAVY.findall(maps.read())))


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Two processes at nice 10 that do nothing but multiply."""
    at_work = [subprocess.Popen([sys.executable, "-c", LOAD]) for _ in range(2)]
    try:
        time.sleep(1.0)
        yield
    finally:
        for one in at_work:
            one.kill()
            one.wait()


def main() -> int:
    """Measure what was asked for; 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True)
    parser.add_argument("--project", default="million")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--only", default="start,keys,loaded,queue,tuner,charts")
    chosen = parser.parse_args()
    bench = Bench(chosen.home, chosen.project, chosen.rounds, chosen.keys)
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "start": bench.start,
        "keys": bench.keys_idle,
        "loaded": bench.keys_loaded,
        "queue": bench.queue,
        "tuner": bench.tuner,
        "charts": bench.charts,
    }
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    missed = 0
    for name in chosen.only.split(","):
        try:
            for figure in parts[name]():
                print(figure.line(), flush=True)
                missed += figure.most is not None and not figure.value <= figure.most
        except TimeoutError as error:
            print(f"{name}: {error}")
            missed += 1
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
