"""A run's measured points, in a file of their own whose only writer is the trainer.

So fast points never contend with a reviewer's decision. A point has its place by series, epoch and
step: a training that goes on from a checkpoint takes back what was measured after it and writes the
same places again, and a curve has neither gaps nor doubles. Beside its points a curve is kept as
one row for every 16 seconds, so that a run of days is drawn at once.
"""

import sqlite3
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
CREATE TABLE IF NOT EXISTS bucket (
    series INTEGER NOT NULL, number INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL,
    at REAL NOT NULL, n INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    total REAL NOT NULL, PRIMARY KEY (series, number)) WITHOUT ROWID;
"""
_BUCKET_SECONDS = 16.0
_ADD_POINT = "INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?)"
_ADD_TO_BUCKET = """
INSERT INTO bucket VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (series, number) DO UPDATE SET
    n = n + 1, low = min(low, excluded.low), high = max(high, excluded.high),
    total = total + excluded.total
"""
_RAW_POINTS = 8
"""A curve of up to so many points per wanted row is read point by point."""


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


@dataclass(frozen=True)
class Overview:
    """A whole curve in few rows: each stands for neighbouring points, of which it is the first."""

    epochs: Ints
    steps: Ints
    at: NDArray[np.float64]
    """Seconds since 1970."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    last: tuple[int, int]
    """Epoch and step of the newest point: ``Points.curve`` reads on from here."""


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
        self._begun: set[tuple[str, int]] = set()

    def write(self, points: Sequence[tuple[float, Point]]) -> None:
        """Add points, each with the moment it was measured, in one transaction.

        The first of a phase and seed takes back what an earlier process measured from there on.
        """
        begun, series = self._begun.copy(), self._series.copy()
        with plain_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for _, point in points:
                    self._take_back(point)
                rows = [
                    (self._number(p), p.epoch, p.step, at, _finite(p.value)) for at, p in points
                ]
                self._connection.executemany(_ADD_POINT, rows)
                self._connection.executemany(
                    _ADD_TO_BUCKET,
                    (
                        (number, int(at / _BUCKET_SECONDS), epoch, step, at, value, value, value)
                        for number, epoch, step, at, value in rows
                        if value is not None
                    ),
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._begun, self._series = begun, series  # what it made is gone with it
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _take_back(self, point: Point) -> None:
        if (point.phase, point.seed) in self._begun:
            return
        self._begun.add((point.phase, point.seed))
        for table in ("point", "bucket"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE (epoch, step) >= (?, ?) AND series IN "
                "(SELECT id FROM series WHERE phase = ? AND seed = ?)",
                (point.epoch, point.step, point.phase, point.seed),
            )

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
    """Reads a run's points while they are written. A run without points has no series.

    Every question is one statement that is read to its end, so that the writer never waits and its
    journal can always be moved into the file.
    """

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

    def newest(self, series: int) -> tuple[int, int] | None:
        """Epoch and step of a curve's last point.

        A reader that is further than this has points that were taken back, and reads anew.
        """
        rows = self._rows(
            "SELECT epoch, step FROM point WHERE series = ? ORDER BY epoch DESC, step DESC LIMIT 1",
            (series,),
        )
        return rows[0] if rows else None

    def overview(self, series: int, rows: int = 2000) -> Overview:
        """A whole curve in at most ``rows`` rows that keep every peak, however long it is."""
        last = self.newest(series) or (-1, -1)
        found = self._rows(
            "SELECT epoch, step, at, low, high, total, n FROM bucket WHERE series = ? "
            "ORDER BY number",
            (series,),
        )
        if sum(row[-1] for row in found) <= _RAW_POINTS * rows:
            curve = self.curve(series)
            places, at, values = (curve.epochs, curve.steps), curve.at, curve.values
            return _overview(*places, at, values, values, values, np.ones(len(at)), last, rows)
        epochs, steps, at, low, high, total, n = np.array(found, dtype=np.float64).T
        return _overview(
            epochs.astype(np.int64), steps.astype(np.int64), at, low, high, total, n, last, rows
        )

    def version(self) -> int:
        """A number that changes when anything was written; far cheaper than to look."""
        rows = self._rows("PRAGMA data_version", ())
        return int(rows[0][0]) if rows else 0

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


def _overview(
    epochs: Ints,
    steps: Ints,
    at: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    total: NDArray[np.float64],
    n: NDArray[np.float64],
    last: tuple[int, int],
    rows: int,
) -> Overview:
    """Neighbours joined until there are at most ``rows``; what is not finite counts nowhere."""
    if not len(at):
        return Overview(epochs, steps, at, low, high, total, last)
    starts = np.arange(0, len(at), -(-len(at) // rows))
    known = np.isfinite(total)
    counted = np.add.reduceat(np.where(known, n, 0.0), starts)
    summed = np.add.reduceat(np.where(known, total, 0.0), starts)
    mean = np.full(len(starts), np.nan)
    np.divide(summed, counted, out=mean, where=counted > 0)
    return Overview(
        epochs[starts],
        steps[starts],
        at[starts],
        np.fmin.reduceat(low, starts),
        np.fmax.reduceat(high, starts),
        mean,
        last,
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
