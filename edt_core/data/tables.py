"""Plain tables with a header: CSV, TSV, Parquet, and items as JSON lines too.

Which one a file is, is told from its content, never from its name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edt_core.data import delimited, json_lines, parquet
from edt_core.data.interactions import (
    ITEM,
    RATING,
    REVIEW,
    Clock,
    Columns,
    Events,
    checked,
    review_hash,
)
from edt_core.data.source import Source
from edt_core.errors import InputError


def read_interactions(source: Source, reviewed: bool = False) -> Iterator[Events]:
    """The interactions of a CSV, TSV or Parquet file.

    Args:
        source: The file.
        reviewed: Tell review texts apart, for the recipe ``dedup``.

    Raises:
        InputError: a needed column is missing, or the file is none of the three.
    """
    if source.is_parquet:
        yield from _parquet_interactions(source, reviewed)
        return
    if source.first_line().startswith("{"):
        raise InputError(
            f"{source.path} holds JSON lines.", hint="For Amazon's reviews give --format amazon."
        )
    yield from delimited.read_interactions(source, delimited.header(source), reviewed)


def read_items(source: Source) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of an items file (CSV, TSV, Parquet or JSON lines) with their line numbers.

    Raises:
        InputError: there is no item column, or the file is none of the four.
    """
    if source.is_parquet:
        yield from _parquet_records(source)
    elif source.first_line().startswith("{"):
        for lines, records in json_lines.decoded(source, dict[str, Any]):
            yield from zip(lines, records, strict=False)
    else:
        yield from delimited.read_records(source, delimited.header(source))


def _parquet_interactions(source: Source, reviewed: bool) -> Iterator[Events]:
    clock = Clock()
    with parquet.opened(source) as table:
        chosen = delimited.needed(source, table.names, delimited.NEEDED)
        review, rating = (delimited.position(table.names, known) for known in (REVIEW, RATING))
        if reviewed and review is not None:
            chosen += [at for at in (review, rating) if at is not None]
        for first, rows in table.blocks(chosen):
            users, items, times, *copies = zip(*rows, strict=True)
            hashes: Sequence[int] = ()
            if copies:
                hashes = list(map(review_hash, copies[0], copies[-1]))
            lines = range(first, first + len(rows))
            yield checked(source, clock, Columns(lines, users, items, times, hashes))


def _parquet_records(source: Source) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with parquet.opened(source) as table:
        delimited.needed(source, table.names, {"item": ITEM})
        for first, rows in table.blocks(range(len(table.names))):
            for line, row in enumerate(rows, first):
                yield line, dict(zip(table.names, row, strict=True))
