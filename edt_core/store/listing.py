"""What a list shows of every project: size, data set, cost, last run, best metric.

It asks SQLite itself and imports no database library.
"""

import contextlib
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from edt_core.store.home import DATABASE
from edt_core.store.liveness import heartbeat
from edt_core.store.ownership import Standing, standing

if TYPE_CHECKING:
    from edt_core.store.home import Home


@dataclass(frozen=True)
class ProjectLine:
    """A project in a list."""

    name: str
    folder: Path
    bytes: int
    changed_at: float
    """When its database changed last, seconds since 1970."""
    dataset: str
    """The data set's name; empty before an import."""
    cost: float
    """US dollars spent on calls, as far as prices are known."""
    running: bool
    last_run: str = ""
    """The newest run's model and state; empty without one."""
    best: float | None = None
    """The best run's N@10 over the full catalogue on the test targets, mean over its seeds."""
    standing: Standing = Standing.OWN
    """Whether it is a project that this version of EDT can open."""
    life: str = ""
    """``running`` or ``silent`` while a process runs stages in it, else empty."""


def listed(home: "Home") -> list[ProjectLine]:
    """Every project, by name."""
    found = []
    for folder in home.folders():
        with contextlib.suppress(FileNotFoundError):  # deleted while it was looked at
            found.append(_line(folder))
    return found


def _line(folder: Path) -> ProjectLine:
    whose = standing(folder / DATABASE)
    # of a foreign database nothing is asked: its tables may mean anything
    seen = _Glance() if whose is Standing.FOREIGN else _glance(folder / DATABASE)
    beating = heartbeat(folder)
    life = "" if beating is None else beating.life.word
    state = life or "lost" if seen.state == "running" else seen.state
    return ProjectLine(
        folder.name,
        folder,
        sum(_size(path) for path in folder.rglob("*")),
        (folder / DATABASE).stat().st_mtime,
        seen.dataset,
        seen.cost,
        bool(life),
        f"{seen.label} {state}".strip(),
        seen.best,
        whose,
        life,
    )


def _size(path: Path) -> int:
    """Bytes of a file; none of a folder, nor of a file that a run has just taken away."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


@dataclass(frozen=True)
class _Glance:
    dataset: str = ""
    cost: float = 0.0
    label: str = ""
    state: str = ""
    best: float | None = None


def _glance(database: Path) -> _Glance:
    """What a list shows; a file that can't be read has nothing to show, and no error."""
    try:
        reader = sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=1.0)
        try:
            dataset = reader.execute("SELECT name FROM dataset").fetchone()
            (cost,) = reader.execute("SELECT total(cost) FROM call").fetchone()
            run = reader.execute("SELECT label, state FROM run ORDER BY id DESC LIMIT 1").fetchone()
            (best,) = reader.execute(_BEST).fetchone()
        finally:
            reader.close()
    except sqlite3.Error:
        return _Glance()
    label, state = run or ("", "")
    return _Glance(dataset[0] if dataset else "", cost, label, state, best)


_BEST = """
    SELECT max(mean) FROM (
        SELECT avg(value) AS mean FROM metric
        WHERE split = 'test' AND domain = 'all' AND name = 'full.ndcg@10' GROUP BY run)"""
