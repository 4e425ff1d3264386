"""The core filter: EDT's loop beside the same loop in polars and, in numpy, without integer ids.

    python benchmarks/core_filter.py --polars-python /path/to/venv/bin/python

All run the published loop to its end on the same made-up interactions and must keep equally many.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from side_by_side import Bar, Contender, compare, timed

from edt_core.data.cores import hybrid_core

POLARS = """
import sys, time
import numpy, polars
with numpy.load(sys.argv[1]) as arrays:
    events = polars.DataFrame({"u": arrays["users"], "i": arrays["items"]})
for _ in sys.stdin:
    started = time.perf_counter()
    left = events
    while len(left):
        left = left.with_columns(
            polars.len().over("u").alias("of_user"), polars.len().over("i").alias("of_item")
        )
        if left["of_user"].min() >= 5 and left["of_item"].min() >= 3:
            break
        left = left.filter((polars.col("of_user") > 5) & (polars.col("of_item") > 3))
        left = left.select("u", "i")
    print(time.perf_counter() - started, len(left), flush=True)
"""


def made_up(events: int) -> tuple[np.ndarray, np.ndarray]:
    """Users and items with long tails, about ten events a user."""
    rng = np.random.default_rng(5)
    users = (events / 5 * rng.random(events) ** 2).astype(np.uint32)
    items = (events / 20 * rng.random(events) ** 3).astype(np.uint32)
    return users, items


def by_unique(users: np.ndarray, items: np.ndarray) -> int:
    """The loop with numpy's sort-based counts."""
    while len(users):
        of_user, of_item = (
            np.unique(codes, return_inverse=True, return_counts=True) for codes in (users, items)
        )
        if of_user[2].min() >= 5 and of_item[2].min() >= 3:
            break
        stays = (of_user[2][of_user[1]] > 5) & (of_item[2][of_item[1]] > 3)
        users, items = users[stays], items[stays]
    return len(users)


def polars(python: str, path: Path, kept: int) -> Contender:
    """The loop in polars, in its own interpreter, with the events in memory already."""
    child = subprocess.Popen(
        [python, "-c", POLARS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def measured() -> float:
        print("go", file=child.stdin, flush=True)
        seconds, rows = child.stdout.readline().split()
        assert int(rows) == kept
        return float(seconds)

    return measured


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--polars-python", help="an interpreter that has polars and numpy")
    asked = parser.parse_args()
    users, items = made_up(asked.events)
    kept = len(hybrid_core(users, items))
    assert by_unique(users, items) == kept
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "events.npz"
        np.savez(path, users=users, items=items)
        contenders = {
            "EDT": timed(lambda: hybrid_core(users, items)),
            "numpy.unique": timed(lambda: by_unique(users, items)),
        }
        if asked.polars_python:
            contenders["polars"] = polars(asked.polars_python, path, kept)
        title = f"core filter of {asked.events:,} events, {kept:,} kept"
        compare(title, "EDT", contenders, asked.rounds, (Bar("polars", 3.0),))


if __name__ == "__main__":
    main()
