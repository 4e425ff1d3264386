"""Bulk insert of interactions: ours, plain sqlite3 executemany, and the ORM's add_all.

    python benchmarks/bulk_insert.py [--rows 1000000] [--orm-rows 20000] [--rounds 5]

Every round runs all three into new files on the same disk; a ratio is taken inside each round.
All three write the same rows into the same table (keys, index, WAL, synchronous FULL).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sqlmodel import Session

from edt_core.store import schema
from edt_core.store.database import Database, connect, insert_rows, writing_engine
from edt_core.store.tables import Interaction

COLUMNS = ("user", "position", "key", "timestamp", "split")
PER_USER = 10
AT_ONCE = 100_000

Rows = Callable[[], Iterator[tuple[int, ...]]]


def rows_of(n_rows: int) -> Rows:
    """Interactions as the import has them: packed arrays, made into rows when asked for."""
    generator = np.random.default_rng(42)
    events = np.arange(n_rows)
    arrays = (
        events // PER_USER,
        events % PER_USER,
        generator.integers(0, 50_000, n_rows),
        1_500_000_000 + generator.integers(0, 10**8, n_rows),
        np.zeros(n_rows, dtype=np.int64),
    )

    def rows() -> Iterator[tuple[int, ...]]:
        for start in range(0, n_rows, AT_ONCE):
            chunk = slice(start, start + AT_ONCE)
            yield from zip(*(column[chunk].tolist() for column in arrays), strict=True)

    return rows


def ours(path: Path, rows: Rows) -> float:
    """Seconds of the store's own way."""
    database = Database(path)
    started = time.perf_counter()
    with database.write() as session:
        insert_rows(session, "interaction", COLUMNS, rows())
    seconds = time.perf_counter() - started
    database.close()
    return seconds


def plain_sqlite3(path: Path, rows: Rows) -> float:
    """Seconds of the driver alone."""
    connection = connect(path, "rw")
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        f"INSERT INTO interaction ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?)", rows()
    )
    connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def orm(path: Path, rows: Rows) -> float:
    """Seconds of one object a row."""
    engine = writing_engine(path)
    started = time.perf_counter()
    with Session(engine) as session:
        session.add_all(Interaction(**dict(zip(COLUMNS, row, strict=True))) for row in rows())
        session.commit()
    seconds = time.perf_counter() - started
    engine.dispose()
    return seconds


def rate(way: Callable[[Path, Rows], float], n_rows: int, rows: Rows) -> float:
    """Rows a second into a new file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "project.db"
        schema.create(path)
        return n_rows / way(path, rows)


def told(name: str, values: list[float], unit: str) -> None:
    """Print median and range."""
    low, high = min(values), max(values)
    print(f"{name:<28} {statistics.median(values):>12,.2f}  ({low:,.2f} to {high:,.2f}) {unit}")


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--orm-rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    many, few = rows_of(asked.rows), rows_of(asked.orm_rows)
    rates: dict[str, list[float]] = {"ours": [], "sqlite3": [], "orm": []}
    for number in range(asked.rounds):
        pair = [("ours", ours), ("sqlite3", plain_sqlite3)]
        for name, way in pair if number % 2 else pair[::-1]:  # neither always goes first
            rates[name].append(rate(way, asked.rows, many))
        rates["orm"].append(rate(orm, asked.orm_rows, few))
    for name, values in rates.items():
        told(name, [value / 1000 for value in values], "thousand rows a second")
    for other in ("orm", "sqlite3"):
        pairs = zip(rates["ours"], rates[other], strict=True)
        ratios = [mine / its for mine, its in pairs]
        told(f"ours against {other}", ratios, "times")


if __name__ == "__main__":
    main()
