"""Parquet files by DuckDB: bounded memory, no extension fetched, no file read but the one named."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edt_core.data.source import Source
from edt_core.errors import InputError

ROWS = 20_000
"""Rows taken at a time."""
LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "100MB",
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""A DuckDB that stays small and at home."""


@contextmanager
def opened(source: Source) -> Iterator["Table"]:
    """A Parquet file as a table.

    Raises:
        InputError: it is damaged.
    """
    import duckdb

    with duckdb.connect(":memory:", config=LIMITS) as database:
        try:
            yield Table(database, source)
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0][:200]
            raise InputError(
                f"{source.path} can't be read as Parquet: {reason}", hint="Export it again."
            ) from None


class Table:
    """An open Parquet file."""

    def __init__(self, database: Any, source: Source) -> None:
        self._database = database
        self._source = source
        self._path = "".join(f"[{c}]" if c in "*?[" else c for c in str(source.path))  # no glob
        found = database.execute(f"DESCRIBE {_FROM}", [self._path]).fetchall()
        self._columns = [(row[0], row[1]) for row in found]
        self.names = [name.lower() for name, _ in self._columns]
        """Its columns, in lower case."""

    def blocks(self, chosen: Sequence[int]) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """Rows of the chosen columns, each block with the number of its first row (from 1).

        Times come as Unix seconds, lists as lists of texts, everything else as text: ids stay text.
        """
        rows = self._database.execute(f"SELECT count(*) {_FROM}", [self._path]).fetchone()[0]
        values = ", ".join(_value(*self._columns[at]) for at in chosen)
        result = self._database.execute(f"SELECT {values} {_FROM}", [self._path])
        first = 1
        while block := result.fetchmany(ROWS):
            yield first, block
            first += len(block)
            if self._source.progress is not None:
                size = self._source.size
                self._source.progress(self._source.path, size * (first - 1) // rows, size)


_FROM = "FROM read_parquet(?)"


def _value(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"epoch({column})"
    if kind.endswith("[]"):
        return f"TRY_CAST({column} AS VARCHAR[])"
    return f"CAST({column} AS VARCHAR)"
