"""One SQLite file: one writing connection per process, any number of readers, clear errors.

Choice: every write transaction of every process holds ``write.lock`` beside the file, so that no
two connections ever write or checkpoint at the same instant. SQLite before 3.51.3 can lose pages
when two do; and nobody ever sees "database is locked". Readers never wait.
"""

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np
from filelock import FileLock, Timeout
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool
from sqlmodel import Session

from edt_core.data.sequences import Ints
from edt_core.errors import EdtError, ProjectBusy, ProjectError

T = TypeVar("T")
R = TypeVar("R")

SQLITE_VERSION = sqlite3.sqlite_version
"""Of the library in use; up to 3.51.2 two writers at once can lose pages, hence the lock."""

WRITE_LOCK = "write.lock"
_WAIT_SECONDS = 30.0
_BLOCK = 1 << 17  # ids that are read at once
_LONGEST_SOUGHT = 10_000  # letters; SQLite refuses patterns of some ten thousand


class Database:
    """A project's ``project.db``: transactions to write in and snapshots to read from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.RLock()
        self._processes = write_lock(path)
        # its being there tells a listing to ask SQLite alone; in a folder that nobody may write to
        # it can't be made, and nobody is there to be kept out
        with contextlib.suppress(OSError):
            path.with_name(WRITE_LOCK).touch(0o600, exist_ok=False)
        self._writer = writing_engine(path)
        self._wrote = False
        self._readers = create_engine(
            "sqlite://", creator=lambda: connect(path, "ro"), poolclass=QueuePool
        )
        _begin_with(self._readers, "BEGIN")

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: durable when the block ends, undone when it raises. Threads take turns.

        Raises:
            EdtError: the disk is full, or the file can't be written.
            ProjectBusy: another process did not end its transaction within 30 seconds.
        """
        with (
            self._threads,
            holding(self._processes),
            plain_errors(self.path),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            self._wrote = True
            yield session

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot: what it shows does not change while the block lasts."""
        with plain_errors(self.path), Session(self._readers) as session:
            yield session

    def close(self) -> None:
        """Close every connection; the last one to close moves the journal into the file."""
        self._readers.dispose()
        if self._wrote:
            with self._threads, contextlib.ExitStack() as held:
                if self.path.parent.is_dir():  # else it was deleted: there is nobody to keep out
                    held.enter_context(holding(self._processes))
                self._writer.dispose()
                self._wrote = False


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection of our kind; ``mode`` is ``ro`` or ``rw``: no file is ever made by accident."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,  # SQLAlchemy's begin event says BEGIN; the driver never guesses
        check_same_thread=False,
        timeout=_WAIT_SECONDS,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    if mode == "rw":
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a paid answer survives a power cut
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cache_size = -16384")  # KiB
    else:  # the system holds the file's pages already, and a reader of its own is soon open
        connection.execute("PRAGMA cache_size = -512")
    return connection


def writing_engine(path: Path) -> Engine:
    """An engine with the one writing connection; every transaction is a writer from its start."""
    engine = create_engine("sqlite://", creator=lambda: connect(path, "rw"), poolclass=StaticPool)
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def write_lock(path: Path) -> FileLock:
    """The lock that every writing transaction on this file holds, whatever its process."""
    return FileLock(path.with_name(WRITE_LOCK), poll_interval=0.002, thread_local=False, mode=0o600)


@contextlib.contextmanager
def holding(lock: FileLock) -> Iterator[None]:
    """Hold ``lock``.

    Raises:
        ProjectBusy: somebody else holds it for longer than 30 seconds.
        ProjectError: the folder is gone, or can't be written.
    """
    if not Path(lock.lock_file).parent.is_dir():  # which the lock would make anew
        raise ProjectError(
            f"{Path(lock.lock_file).parent} is gone: the project was deleted.",
            hint="Nothing was written.",
        )
    try:
        lock.acquire(timeout=_WAIT_SECONDS)
    except Timeout:
        raise ProjectBusy(
            f"Another process has been writing to {lock.lock_file} for {_WAIT_SECONDS:.0f} s.",
            hint="Wait for it to end and try again.",
        ) from None
    except OSError as error:
        raise ProjectError(
            f"{lock.lock_file} can't be made: {error.strerror}.",
            hint="Check that the folder exists and that you may write to it.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def rows_of(session: Session, statement: str, *values: Any) -> list[Any]:
    """The rows that a statement gives, its marks filled with ``values``."""
    return list(session.connection().exec_driver_sql(statement, values))


def whole_columns(
    session: Session, columns: Sequence[str], source: str, values: Sequence[Any] = ()
) -> list[Ints]:
    """Columns of whole numbers, none of them null, each ``[n]``, in the order SQLite reads in.

    Choice: SQLite writes each column as one text, which is read back at once: several times as fast
    as an object for every value, and other threads go on meanwhile.

    Args:
        session: The session.
        columns: As SQL.
        source: The rest of the query, from ``FROM`` on.
        values: For its marks.
    """
    texts = ", ".join(f"group_concat({column})" for column in columns)
    (found,) = rows_of(session, f"SELECT {texts} {source}", *values)
    return [np.fromstring(text or "", dtype=np.int64, sep=",") for text in found]


def column_blocks(
    database: Database,
    table: str,
    among: str,
    columns: Sequence[str],
    condition: str = "true",
    values: Sequence[Any] = (),
) -> Iterator[list[Ints]]:
    """``whole_columns`` of any number of rows, ``_BLOCK`` ids at a time, in order of id.

    Several threads read at once, each with a connection of its own, so that no text is ever longer
    than a block's and every core scans. Rows that are written meanwhile may be seen by the later
    blocks alone: for readers that look again when something changed.

    Args:
        database: The database.
        table: Whose key is ``id``; read row after row, not by an index.
        among: Whose rows, as a condition that an index answers; it bounds the ids.
        columns: As SQL.
        condition: Which of them, as SQL.
        values: For its marks.

    Yields:
        At least one block; the columns of an empty one have no values.
    """
    bounded = f"FROM {table} NOT INDEXED WHERE id BETWEEN ? AND ? AND {among} AND {condition}"

    def block(session: Session, first: int) -> list[Ints]:
        return whole_columns(session, columns, bounded, (first, first + _BLOCK - 1, *values))

    with database.read() as session:
        ends = (f"(SELECT {end}(id) FROM {table} WHERE {among})" for end in ("min", "max"))
        ((low, high),) = rows_of(session, f"SELECT {', '.join(ends)}")
    if low is None:
        yield [np.zeros(0, np.int64) for _ in columns]
        return
    yield from together(database, block, range(low, high + 1, _BLOCK))


def together(database: Database, ask: Callable[[Session, T], R], about: Iterable[T]) -> Iterator[R]:
    """Ask the same about several things at once, each in a thread and a snapshot of its own."""

    def answer(one: T) -> R:
        with database.read() as session:
            return ask(session, one)

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        yield from threads.map(answer, about)


def containing(text: str) -> str:
    """A pattern for ``LIKE ? ESCAPE '!'``: ``text`` somewhere; A to Z match a to z."""
    escaped = re.sub("[!%_]", r"!\g<0>", text[:_LONGEST_SOUGHT])
    return f"%{escaped}%"


def insert_rows(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> int:
    """Insert many rows past the object layer; table and columns are ours, never a user's.

    Returns:
        How many rows there were.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    return run_many(session, f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


def run_many(session: Session, statement: str, rows: Iterable[tuple[Any, ...]]) -> int:
    """Run one statement with every row's values, inside the session's transaction.

    Choice: the rows go straight to the driver, one at a time, because SQLAlchemy would first make a
    list of them all.
    """
    driver: Any = session.connection().connection.driver_connection
    with contextlib.closing(driver.executemany(statement, rows)) as cursor:
        return max(0, int(cursor.rowcount))


@contextlib.contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into sentences that a user can act on."""
    try:
        yield
    except DBAPIError as error:
        raise _told(error.orig, path) from error
    except sqlite3.Error as error:
        raise _told(error, path) from error


def _told(error: BaseException | None, path: Path) -> EdtError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return EdtError(
            f"{path} could not be written: {error}.",
            hint="Nothing was lost. Free some space on the disk and run the command again.",
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return ProjectError(
            f"{path} is damaged or no database of EDT: {error}.",
            hint="Restore a backup with 'edt restore FILE'.",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ProjectBusy(
            f"Another program keeps {path} locked.", hint="Close it and run the command again."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return ProjectError(
            f"{path} can't be opened for this: {error}.",
            hint="Check that the folder exists and that you may write to it.",
        )
    if isinstance(error, BaseException):
        raise error
    raise AssertionError("a database error without a cause")


def _begin_with(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(statement)
