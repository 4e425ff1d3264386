"""A run's curves, read on from where they were read last."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

ROWS = 2000
"""Of a curve when it is read anew: more than any terminal has columns."""
MOST_ROWS = 2 * ROWS
"""A curve that grew longer than this is read anew."""

Key = tuple[str, int, str]
"""Phase, seed and name of a curve."""


@dataclass(frozen=True, eq=False)
class Held:
    """A curve as far as it was read: points, or the means of neighbouring ones."""

    epochs: Ints
    steps: Ints
    at: NDArray[np.float64]
    values: NDArray[np.float64]
    last: tuple[int, int]
    """Epoch and step of the newest point read."""


Curves = Mapping[Key, Held]


@dataclass(frozen=True)
class Look:
    """What a look at the file found."""

    curves: Curves
    changed: frozenset[Key]
    """Since the look before, the ones that are gone included."""


class Feed:
    """Reads the points in one run's folder; looks from several threads take turns."""

    def __init__(self, folder: Path) -> None:
        from edt_core.store.telemetry import Points  # a database library comes with it

        self.folder = folder
        self._points = Points(folder)
        self._curves: dict[Key, Held] = {}
        self._version: int | None = None
        self._lock = Lock()

    def look(self) -> Look | None:
        """Every curve, or None when nothing was written since the last look.

        Raises:
            ProjectError: the file can't be read.
        """
        with self._lock:
            version = self._points.version()
            if version == self._version:
                return None
            before = self._curves
            self._curves = {
                (one.phase, one.seed, one.name): self._read_on(
                    one.id, before.get((one.phase, one.seed, one.name))
                )
                for one in self._points.series()
            }
            self._version = version
            changed = {key for key, held in self._curves.items() if before.get(key) is not held}
            return Look(self._curves, frozenset(changed | (before.keys() - self._curves.keys())))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._points.close()

    def _read_on(self, series: int, held: Held | None) -> Held:
        newest = self._points.newest(series) or (-1, -1)
        if held is not None and newest == held.last:
            return held
        if held is None or newest < held.last or len(held.steps) > MOST_ROWS:
            found = self._points.overview(series, ROWS)
            return Held(found.epochs, found.steps, found.at, found.mean, found.last)
        more = self._points.curve(series, after=held.last)
        if not len(more.steps):
            return held
        return Held(
            np.concatenate([held.epochs, more.epochs]),
            np.concatenate([held.steps, more.steps]),
            np.concatenate([held.at, more.at]),
            np.concatenate([held.values, more.values]),
            (int(more.epochs[-1]), int(more.steps[-1])),
        )


def read_once(folder: Path) -> Curves:
    """Every curve in a run's folder, as it is now.

    Raises:
        ProjectError: the file can't be read.
    """
    feed = Feed(folder)
    try:
        found = feed.look()
        return found.curves if found else {}
    finally:
        feed.close()
