"""What a run says while it works: a handful of frozen values into a sink.

The core never draws. Command line and app fold the same events into what they show.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class StageStarted:
    """A stage began to compute."""

    fingerprint: str
    step: str
    name: str


@dataclass(frozen=True)
class StageAdvanced:
    """A stage got further. ``total`` 0 means that the end is not known."""

    fingerprint: str
    step: str
    done: int
    total: int
    unit: str
    note: str = ""
    spent: float = 0.0
    """US dollars by the run's process so far; a call of unknown cost counts as its most."""


@dataclass(frozen=True)
class StageFinished:
    """A stage's artifact stands. ``reused`` when nothing was computed."""

    fingerprint: str
    step: str
    name: str
    seconds: float
    reused: bool


@dataclass(frozen=True)
class StageFailed:
    """A stage ended by an error; ``reason`` is one sentence."""

    fingerprint: str
    step: str
    reason: str


@dataclass(frozen=True)
class Point:
    """One measured value while a model trains (loss, metric, rate, memory, utilisation)."""

    phase: str
    seed: int
    epoch: int
    step: int
    name: str
    value: float


@dataclass(frozen=True)
class Noted:
    """A sentence that a user should read once (a fallback taken, users left out, a stand-in)."""

    step: str
    text: str


Event = StageStarted | StageAdvanced | StageFinished | StageFailed | Point | Noted
EventSink = Callable[[Event], None]


def silence(_: Event) -> None:
    """Take an event and do nothing: the sink of tests and of library use."""
