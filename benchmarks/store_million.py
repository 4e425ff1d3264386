"""What screens ask of the store, on a project of a million generated items.

    python benchmarks/million.py --home DIR
    python benchmarks/store_million.py --home DIR

Each question is asked a few times; its bar is on the median. The bulk act is done and undone, so
the project stays as it is but for the acts in its history.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from edt_core.store.calls import Asked, call_ids, calls_by_ids
from edt_core.store.home import Home
from edt_core.store.project import Project
from edt_core.store.questions import counts
from edt_core.store.queue_rows import queue_rows
from edt_core.store.review import decide, undo
from edt_core.store.review_queue import (
    Wanted,
    generated_by_ids,
    generated_count,
    generated_ids,
    generated_page,
)
from edt_core.store.scores import score_columns

PAGE = 200


def questions(project: Project) -> list[tuple[str, float, Callable[[], object]]]:
    """What is asked, its bar in milliseconds and how."""
    ids = generated_ids(project)
    page = ids[len(ids) // 2 :][:PAGE].tolist()
    called = call_ids(project, Asked())
    some = called[len(called) // 2 :][:PAGE].tolist()
    quarter = Wanted(direction="a2b", where="target_score < 0.8")
    kept, undecided = Wanted(direction="a2b", verdict="kept"), Wanted(verdict="undecided")
    at = (0.8, 0.8)
    return [
        ("ids, all", 300, lambda: generated_ids(project)),
        ("ids, all by target score", 300, lambda: generated_ids(project, order="target_score")),
        ("ids, all nearest 0.8", 500, lambda: generated_ids(project, near=at)),
        ("ids, kept", 100, lambda: generated_ids(project, Wanted(verdict="kept"))),
        ("ids, undecided", 100, lambda: generated_ids(project, undecided)),
        ("ids, kept of a direction, nearest", 100, lambda: generated_ids(project, kept, near=at)),
        ("ids, undecided, nearest", 100, lambda: generated_ids(project, undecided, near=at)),
        ("ids, a quarter by direction and score", 100, lambda: generated_ids(project, quarter)),
        ("ids, titles with 'kettle'", 300, lambda: generated_ids(project, Wanted(text="kettle"))),
        ("count, titles with 'kettle'", 300, lambda: generated_count(project, Wanted(text="kett"))),
        (f"{PAGE} items by id", 2, lambda: generated_by_ids(project, page)),
        (f"{PAGE} rows of a list by id", 2, lambda: queue_rows(project, page)),
        (
            "a first page of the filtered",
            5,
            lambda: generated_page(project, Wanted(verdict="kept")),
        ),
        ("counts by verdict and decision", 150, lambda: counts(project)),
        ("scores of all, for the tuner", 500, lambda: score_columns(project)),
        ("call ids, all", 100, lambda: call_ids(project, Asked())),
        ("call ids, bad", 20, lambda: call_ids(project, Asked(status="bad"))),
        (f"{PAGE} calls by id", 5, lambda: calls_by_ids(project, some)),
        ("call ids, texts with 'kettle'", 1000, lambda: call_ids(project, Asked(text="kettle"))),
    ]


def spent(ask: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor: what a busy machine adds is between them."""
    clock, processor = time.perf_counter(), time.process_time()
    ask()
    return (time.perf_counter() - clock) * 1000, (time.process_time() - processor) * 1000


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--name", default="million")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with Home(asked.home).open(asked.name) as project:
        print(f"{'':<42}{'bar':>8}{'median':>10}  {'range, ms':<22}{'processor':>10}")
        for name, bar, ask in questions(project):
            ask()  # warms the cache of the disk
            told(name, bar, [spent(ask) for _ in range(asked.rounds)])
        ids = generated_ids(project, order="target_score")
        some = ids[: len(ids) // 4].tolist()
        acts = [
            (
                spent(lambda: decide(project, "accept", some, by="benchmarks/store_million.py")),
                spent(lambda: undo(project)),
            )
            for _ in range(min(3, asked.rounds))
        ]
        told(f"a decision on {len(some):,} items", 2000, [act for act, _ in acts])
        told("its undoing", 2000, [undoing for _, undoing in acts])


def told(name: str, bar: float, times: list[tuple[float, float]]) -> None:
    """One line."""
    clock, processor = zip(*times, strict=True)
    middle = statistics.median(clock)
    missed = "" if middle <= bar else "  missed"
    spread = f"({min(clock):.1f} to {max(clock):.1f})"
    print(
        f"{name:<42}{bar:>8.0f}{middle:>10.1f}  {spread:<22}"
        f"{statistics.median(processor):>10.1f}{missed}",
        flush=True,
    )


if __name__ == "__main__":
    main()
