"""What ``kill -9`` costs a reviewer: processes that decide, killed at random moments.

A process decides on one item after another by the function that the app's keys call, and reports
each decision once that function has returned, which is when the app shows it. It is killed at a
random moment and another one goes on. A decision that was reported and does not stand is lost.
At most one a kill may stand that was not reported: the kill came between the two.

    python benchmarks/review_kills.py --kills 1000
"""

import argparse
import contextlib
import os
import random
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from review_project import queue_project  # type: ignore[import-not-found]

from edt_core.store.database import connect
from edt_core.store.project import Project
from edt_core.store.review import decide

_ACTIONS = {"accept": "accepted", "reject": "rejected"}
_LONGEST = 0.15  # seconds that a process lives after its first decision


@dataclass(frozen=True)
class Cost:
    """What the kills cost."""

    kills: int
    reported: int
    """Decisions that were shown to have been made."""
    lost: int
    """Reported and not standing, or standing otherwise."""
    unreported: int
    """Standing and not reported; at most one a kill is to be expected."""
    whole: bool
    """SQLite finds nothing wrong with the file."""
    seconds: float


def killed(folder: Path, kills: int, seed: int = 42) -> Cost:
    """Kill deciding processes ``kills`` times and compare what they reported with what stands."""
    rng = random.Random(seed)
    n_items = 60 * kills
    queue_project(folder, n=n_items).close()
    path = folder / "queue"
    reported: dict[int, str] = {}
    unreported = next_item = 0
    started = time.monotonic()
    for _ in range(kills):
        told = _one_life(path, next_item + 1, n_items, rng)
        reported |= told
        standing = _standing(path)
        unreported = len(standing) - len(reported.keys() & standing.keys())
        next_item = max(standing, default=next_item)
    standing = _standing(path)
    lost = sum(standing.get(number) != decision for number, decision in reported.items())
    seconds = time.monotonic() - started
    return Cost(kills, len(reported), lost, unreported, _whole(path), seconds)


def _one_life(path: Path, first: int, last: int, rng: random.Random) -> dict[int, str]:
    """Fork a process that decides, kill it at a random moment; what it reported."""
    receiving, sending = os.pipe()
    process = os.fork()  # nothing is open here: no thread, no connection
    if process == 0:
        with contextlib.suppress(BaseException):
            _decide_on(path, first, last, sending)
        os._exit(1)
    os.close(sending)
    # most deaths while it decides, some while it still opens the project
    if rng.random() < 0.9:
        select.select([receiving], [], [], 30.0)
    time.sleep(rng.uniform(0.0, _LONGEST))
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit("a process ended before it was killed: more items are needed")
    with os.fdopen(receiving, encoding="ascii") as pipe:
        lines = [line.split() for line in pipe.read().splitlines(keepends=True) if line[-1] == "\n"]
    return {int(number): _ACTIONS[action] for number, action in lines}


def _decide_on(path: Path, first: int, last: int, sending: int) -> None:
    project = Project(path)
    for number in range(first, last + 1):
        action = ("accept", "reject")[number % 3 == 0]
        decide(project, action, [number], by="edt-app")
        os.write(sending, f"{number} {action}\n".encode("ascii"))


def _standing(path: Path) -> dict[int, str]:
    """Every decision that stands, by item, as a new process reads it."""
    reader = connect(path / "project.db", "ro")
    try:
        query = "SELECT id, decision FROM generated WHERE decision IS NOT NULL"
        return dict(reader.execute(query).fetchall())
    finally:
        reader.close()


def _whole(path: Path) -> bool:
    reader = connect(path / "project.db", "ro")
    try:
        return reader.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        reader.close()


def main() -> None:
    """Kill, and say what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edt-kills-") as folder:
        cost = killed(Path(folder), chosen.kills, chosen.seed)
    print(f"{cost.kills:,} times kill -9 in {cost.seconds:.0f} s")
    print(f"decisions reported: {cost.reported:,}; lost: {cost.lost}")
    print(f"standing though not reported: {cost.unreported} (ceiling: one a kill)")
    print(f"the database is whole: {cost.whole}")


if __name__ == "__main__":
    main()
