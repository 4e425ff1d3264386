"""Contenders side by side: they take turns in every round, and ratios are taken inside a round.

The machine's speed drifts by a factor of two within minutes; two figures that were taken at
different times say little, a ratio of neighbours says much. A wide range means: run again.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Contender = Callable[[], float]
"""Does its work once and says how long it took, in seconds."""


@dataclass(frozen=True)
class Bar:
    """A ratio that has to be reached."""

    contender: str
    at_least: float


def timed(work: Callable[[], object], share: float = 1.0) -> Contender:
    """``work`` as a contender; ``share`` below 1 where it does only that part of the whole."""

    def measured() -> float:
        started = time.perf_counter()
        made = work()  # taken down only when the clock has stopped
        seconds = time.perf_counter() - started
        del made
        return seconds / share

    return measured


def compare(
    title: str,
    ours: str,
    contenders: dict[str, Contender],
    rounds: int = 5,
    bars: tuple[Bar, ...] = (),
) -> dict[str, float]:
    """Measure, print a table and return every contender's median ratio to ``ours``.

    Each contender works once before the clock counts.
    """
    for work in contenders.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            seconds[name].append(work())
    print(f"\n{title} ({rounds} interleaved rounds)")
    print(f"{'':34}{'median ms':>11}{'least ms':>11}{'ratio':>9}   range")
    ratios = {}
    for name, times in seconds.items():
        against = [one / own for one, own in zip(times, seconds[ours], strict=True)]
        ratios[name] = statistics.median(against)
        print(
            f"{name:34}{statistics.median(times) * 1e3:11.1f}{min(times) * 1e3:11.1f}"
            f"{ratios[name]:9.2f}   {min(against):.2f}..{max(against):.2f}"
        )
    for bar in bars:
        if bar.contender in ratios:
            verdict = "reached" if ratios[bar.contender] >= bar.at_least else "MISSED"
            print(f"bar: {bar.contender} >= {bar.at_least:g}x: {verdict}")
    return ratios
