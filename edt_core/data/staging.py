"""Interactions on disk while they are thinned out: any number of them in a fixed amount of memory.

Texts and rows stand in a throw-away DuckDB file; only whole numbers of what is left come to memory.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from edt_core.data.interactions import Events
from edt_core.data.parquet import LIMITS
from edt_core.data.sequences import Domain, Ints
from edt_core.errors import EdtError

FLUSH = 122_880
"""Events inserted at a time: a row group, which goes to disk at once."""
FETCH = 1_000_000
"""Events fetched at a time."""

Codes = np.ndarray[Any, np.dtype[np.uint32]]

_PREFIX = "import-"
_TO_ENCODE = "230MB"


@contextmanager
def staged(scratch: Path | None) -> Iterator["Staging"]:
    """An empty staging area in a folder of its own below ``scratch``, gone afterwards.

    Raises:
        EdtError: the disk is full, or memory that is planned for does not do.
    """
    import duckdb

    with TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=scratch) as folder:
        config = {**LIMITS, "temp_directory": str(Path(folder) / "spill")}
        try:
            with duckdb.connect(str(Path(folder) / "events.duckdb"), config=config) as database:
                yield Staging(database)
        except duckdb.OutOfMemoryException as error:
            raise EdtError(
                "The import needs more memory than EDT plans for: there are too many different "
                f"users and items ({_first_line(error)}).",
                hint="Narrow the window (--after, --before).",
            ) from None
        except (duckdb.OperationalError, duckdb.FatalException) as error:
            raise EdtError(
                f"The import could not work on disk in {folder}: {_first_line(error)}",
                hint="Make room there, or keep the project on a disk with more (--home).",
            ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def sweep(scratch: Path) -> None:
    """Take away what imports whose process was killed left below ``scratch``."""
    for folder in scratch.glob(f"{_PREFIX}*-*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not _lives(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


class Staging:
    """Both domains' events: number in file order, domain, user, item, time, review hash."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._waiting: list[tuple[int, Events]] = []
        self._n_waiting = 0
        self._n = 0
        database.execute("SET enable_progress_bar = false")  # without a script, DuckDB draws one
        database.execute(
            "CREATE TABLE events (n BIGINT, domain UTINYINT, u VARCHAR, i VARCHAR, t BIGINT, "
            "review BIGINT)"
        )

    def add(self, domain: Domain, events: Events) -> None:
        """Append events; all of A come before all of B."""
        self._waiting.append((int(domain), events))
        self._n_waiting += len(events)
        if self._n_waiting >= FLUSH:
            self._flush()

    def finish(self) -> int:
        """Take what is still waiting; the number of all events."""
        self._flush()
        return self.count()

    def count(self) -> int:
        """Events that are left."""
        return int(self._one("SELECT count(*) FROM events"))

    def has_reviews(self) -> bool:
        """Whether any event has a review text."""
        return bool(self._one("SELECT bool_or(review <> 0) FROM events"))

    def drop_exact_copies(self) -> int:
        """Keep the first of equal records; the number dropped."""
        return self._keep("SELECT min(n) FROM events GROUP BY domain, u, i, t, review")

    def drop_variant_copies(self) -> int:
        """Keep one of the records of equal user, time, review text and rating; the number dropped.

        It is the one whose item has the most events, the first of those. Records without a review
        text can't be told apart and stay.
        """
        return self._keep(
            "SELECT min(struct_pack(fewer := -events_of_item, n := n)).n FROM events "
            "JOIN (SELECT domain, i, count(*) AS events_of_item FROM events GROUP BY domain, i) "
            "USING (domain, i) WHERE review <> 0 GROUP BY domain, u, t, review "
            "UNION ALL SELECT n FROM events WHERE review = 0"
        )

    def drop_repeats(self) -> int:
        """Keep the earliest event of a user with an item; the number dropped."""
        return self._keep(
            "SELECT min(struct_pack(t := t, n := n)).n FROM events GROUP BY domain, u, i"
        )

    def cut_window(self, after: int | None, before: int | None) -> int:
        """Keep the events strictly between two times; the number dropped."""
        if after is None and before is None:
            return 0
        left = self.count()
        bounds = [-1 if after is None else after, 2**62 if before is None else before]
        self._database.execute("DELETE FROM events WHERE NOT (t > ? AND t < ?)", bounds)
        return left - self.count()

    def encode(self) -> None:
        """Number users and items from 0; equal ids of both domains share their number.

        Choice: nothing of the events is in memory yet, so DuckDB may have the room that is planned
        for them: millions of distinct users can't be numbered in less.
        """
        self._database.execute(f"SET memory_limit = '{_TO_ENCODE}'")
        self._database.execute("""
            CREATE TABLE users AS SELECT u, row_number() OVER (ORDER BY u) - 1 AS code
                FROM (SELECT DISTINCT u FROM events);
            CREATE TABLE items AS SELECT i, row_number() OVER (ORDER BY i) - 1 AS code
                FROM (SELECT DISTINCT i FROM events);
            CREATE TABLE coded AS
                SELECT domain, users.code::UINTEGER AS u, items.code::UINTEGER AS i, t
                FROM events JOIN users USING (u) JOIN items USING (i) ORDER BY n;
            DROP TABLE events;
        """)

    def codes(self) -> tuple[Codes, Codes]:
        """Users and items of every event in file order, each ``[T]``."""
        users, items = self._columns("u, i", (np.uint32, np.uint32))
        self._database.execute("SET memory_limit = '40MB'")  # what counts them needs the room
        return users, items

    def domains_and_times(self) -> tuple[Any, Ints]:
        """Domain and time of every event in file order, each ``[T]``."""
        self._database.execute(f"SET memory_limit = '{LIMITS['memory_limit']}'")
        domains, times = self._columns("domain, t", (np.uint8, np.int64))
        return domains, times

    def user_ids(self, codes: Ints) -> list[str]:
        """The source ids of users, in the order of ``codes``."""
        return self._texts("users", "u", codes)

    def item_ids(self, codes: Ints) -> list[str]:
        """The source ids of items, in the order of ``codes``."""
        return self._texts("items", "i", codes)

    def _flush(self) -> None:
        if not self._waiting:
            return
        blocks = [events for _, events in self._waiting]
        lengths = [len(events) for events in blocks]
        users, items = [events.users for events in blocks], [events.items for events in blocks]
        total = self._n_waiting
        rows = {
            "n": np.arange(self._n, self._n + total),
            "domain": np.repeat([domain for domain, _ in self._waiting], lengths),
            "u": np.array(list(chain.from_iterable(users)), dtype=object),
            "i": np.array(list(chain.from_iterable(items)), dtype=object),
            "t": np.concatenate([events.times for events in blocks]),
            "review": np.concatenate([events.reviews for events in blocks]),
        }
        self._waiting, self._n_waiting = [], 0
        self._n += total
        if total:
            self._database.register("rows", rows)
            self._database.execute("INSERT INTO events SELECT * FROM rows")
            self._database.unregister("rows")

    def _keep(self, numbers: str) -> int:
        """Keep the events that the query ``numbers`` names; the number dropped."""
        left = self.count()
        self._database.execute(f"""
            CREATE TABLE kept AS SELECT * FROM events WHERE n IN ({numbers});
            DROP TABLE events;
            ALTER TABLE kept RENAME TO events;
        """)  # noqa: S608 (the queries above)
        return left - self.count()

    def _columns(self, names: str, kinds: tuple[Any, ...]) -> list[Any]:
        total = int(self._one("SELECT count(*) FROM coded"))
        whole = [np.empty(total, dtype=kind) for kind in kinds]
        for start in range(0, total, FETCH):
            query = f"SELECT {names} FROM coded WHERE rowid >= ? AND rowid < ?"  # noqa: S608
            block = self._database.execute(query, [start, start + FETCH]).fetchnumpy()
            for column, values in zip(whole, block.values(), strict=True):
                column[start : start + FETCH] = values
        return whole

    def _one(self, query: str) -> Any:
        """The one value of a query; read to its end, for an open result blocks the next query."""
        return self._database.execute(query).fetchall()[0][0]

    def _texts(self, table: str, column: str, codes: Ints) -> list[str]:
        self._database.register("asked", {"n": np.arange(len(codes)), "code": codes})
        rows = self._database.execute(
            f"SELECT {column} FROM {table} JOIN asked USING (code) ORDER BY asked.n"  # noqa: S608
        ).fetchall()
        self._database.unregister("asked")
        return [text for (text,) in rows]
