"""A run's measured points, in a file of their own whose only writer is the trainer.

So fast points never contend with a reviewer's decision. A point has its place by series, epoch and
step: a run that goes on from a checkpoint writes the same places again, and a curve has neither
gaps nor doubles.
"""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Ints
from edt_core.events import Point
from edt_core.store.database import connect, plain_errors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, phase TEXT NOT NULL, seed INTEGER NOT NULL, name TEXT NOT NULL,
    UNIQUE (phase, seed, name));
CREATE TABLE IF NOT EXISTS point (
    series INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL,
    at REAL NOT NULL, value REAL, PRIMARY KEY (series, epoch, step)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Series:
    """One curve's name."""

    id: int
    phase: str
    seed: int
    name: str


@dataclass(frozen=True)
class Curve:
    """One curve's points in order; ``value`` is NaN where nothing finite was measured."""

    epochs: Ints
    steps: Ints
    at: NDArray[np.float64]
    """Seconds since 1970."""
    values: NDArray[np.float64]


class Recorder:
    """The one writer of a run's points."""

    def __init__(self, run_folder: Path) -> None:
        run_folder.mkdir(parents=True, exist_ok=True)
        self._path = run_folder / "telemetry.db"
        with plain_errors(self._path):
            self._path.touch(mode=0o600)
            self._connection = connect(self._path, "rw")
            # a point lost to a power cut is measured again by the run that goes on
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        rows = self._connection.execute("SELECT phase, seed, name, id FROM series")
        self._series: dict[tuple[str, int, str], int] = {
            (phase, seed, name): number for phase, seed, name, number in rows
        }

    def write(self, points: Sequence[Point]) -> None:
        """Add points in one transaction; a place that is there already is written over."""
        now = time.time()
        with plain_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                rows = [(self._number(p), p.epoch, p.step, now, _finite(p.value)) for p in points]
                self._connection.executemany(
                    "INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?)", rows
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._series.clear()  # a series made in the lost transaction is gone with it
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _number(self, point: Point) -> int:
        key = (point.phase, point.seed, point.name)
        if key not in self._series:
            self._connection.execute(
                "INSERT OR IGNORE INTO series (phase, seed, name) VALUES (?, ?, ?)", key
            )
            (self._series[key],) = self._connection.execute(
                "SELECT id FROM series WHERE phase = ? AND seed = ? AND name = ?", key
            ).fetchone()
        return self._series[key]


class Points:
    """Reads a run's points while they are written. A run without points has no series."""

    def __init__(self, run_folder: Path) -> None:
        self._path = run_folder / "telemetry.db"
        self._connection: sqlite3.Connection | None = None

    def series(self) -> list[Series]:
        """Every curve there is so far."""
        rows = self._rows("SELECT id, phase, seed, name FROM series ORDER BY id", ())
        return [Series(*row) for row in rows]

    def curve(self, series: int, after: tuple[int, int] = (-1, -1)) -> Curve:
        """One curve's points, those after an epoch and step alone when asked so."""
        rows = self._rows(
            "SELECT epoch, step, at, value FROM point "
            "WHERE series = ? AND (epoch, step) > (?, ?) ORDER BY epoch, step",
            (series, *after),
        )
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        return Curve(
            np.array(columns[0], dtype=np.int64),
            np.array(columns[1], dtype=np.int64),
            np.array(columns[2], dtype=np.float64),
            np.array(columns[3], dtype=np.float64),
        )

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()

    def _rows(self, query: str, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        with plain_errors(self._path):
            if self._connection is None and self._path.exists():
                self._connection = connect(self._path, "ro")
            if self._connection is None:
                return []
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # its writer has only just made the file
                    return []
                raise


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
