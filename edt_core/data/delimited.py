"""Tables of text with a header: CSV, TSV and RecBole's atomic files."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from typing import Any

from edt_core.data.interactions import (
    ITEM,
    RATING,
    REVIEW,
    TIME,
    USER,
    Clock,
    Columns,
    Events,
    checked,
    review_hash,
)
from edt_core.data.source import Source
from edt_core.errors import InputError

ROWS = 20_000
"""Rows checked at a time."""
DELIMITERS = ",\t;|"
_END = "\x1aend of the file\x1a"
"""A last line of ours: a row of its own unless a quotation mark was never closed."""
_UNCLOSED = "a quotation mark is never closed"

NEEDED = {"user": USER, "item": ITEM, "time stamp": TIME}


@dataclass(frozen=True)
class Layout:
    """How a table is written."""

    delimiter: str
    names: Sequence[str]
    """Its columns, in lower case."""
    quoted: bool = True
    """Whether quotation marks hold a field together, over line ends too."""
    headed: bool = True
    """Whether the first line names the columns."""


def read_interactions(source: Source, layout: Layout, reviewed: bool = False) -> Iterator[Events]:
    """The interactions of a table.

    Args:
        source: The file.
        layout: How it is written.
        reviewed: Tell review texts apart, where there are any.

    Raises:
        InputError: a needed column is missing; the sentence names what was found.
    """
    positions = needed(source, layout.names, NEEDED)
    review, rating = (position(layout.names, known) for known in (REVIEW, RATING))
    clock = Clock()
    for lines, rows in _blocks(source, layout, positions):
        columns = list(zip(*rows, strict=True)) or [()] * len(layout.names)
        hashes: Sequence[int] = ()
        if reviewed and review is not None:
            ratings = columns[rating] if rating is not None else [""] * len(rows)
            hashes = list(map(review_hash, columns[review], ratings))
        users, items, times = (columns[at] for at in positions)
        yield checked(source, clock, Columns(lines, users, items, times, hashes))


def read_records(source: Source, layout: Layout) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every row as a record with its line number.

    Raises:
        InputError: there is no item column.
    """
    positions = needed(source, layout.names, {"item": ITEM})
    for lines, rows in _blocks(source, layout, positions):
        for line, row in zip(lines, rows, strict=True):
            yield line, dict(zip(layout.names, row, strict=True))


def header(source: Source) -> Layout:
    """The layout of a CSV or TSV file: the delimiter that shows the most known columns.

    Raises:
        InputError: it is a JSON list, or one line alone because its lines end as no system's do.
    """
    first = source.first_line()
    if first.startswith("["):
        raise InputError(
            f"{source.path} is one JSON list.", hint="Write one record a line, without commas."
        )
    if "\r" in first and not any(_names(first, delimiter) for delimiter in DELIMITERS):
        raise InputError(
            f"{source.path} ends its lines with carriage returns alone.",
            hint="Save it with the line ends of Unix or Windows.",
        )
    return max(
        (Layout(delimiter, _names(first, delimiter)) for delimiter in DELIMITERS),
        key=lambda layout: (len(_KNOWN & set(layout.names)), len(layout.names)),
    )


def needed(source: Source, names: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> list[int]:
    """Where the wanted columns stand.

    Raises:
        InputError: one is missing.
    """
    found = {what: position(names, known) for what, known in wanted.items()}
    missing = [what for what, at in found.items() if at is None]
    if missing:
        shown = ", ".join(ascii(name[:40])[1:-1] for name in names[:20]) or "none"
        known = "; ".join(f"{what}: {', '.join(wanted[what][:4])}" for what in missing)
        hint = f"Name the columns in its first line ({known}), or check --format."
        if any(name.replace(".", "").isdecimal() for name in names):
            hint = (
                "Its first line seems to be data: write one above it that names the columns, such "
                "as user_id,item_id,timestamp. Amazon's ratings have none: --format amazon."
            )
        elif names and all(":" in name for name in names):
            hint = "RecBole's atomic files are read with --format recbole."
        raise InputError(
            f"{source.path} has no {' and no '.join(missing)} column; its columns are {shown}.",
            hint=hint,
        )
    return [at for at in found.values() if at is not None]


def position(names: Sequence[str], known: Iterable[str]) -> int | None:
    """Where the first of the known names stands among ``names``."""
    return next((names.index(name) for name in known if name in names), None)


_KNOWN = {name for names in (USER, ITEM, TIME, RATING, REVIEW) for name in names}


def _names(line: str, delimiter: str) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [name.strip().lower() for name in row]


def _blocks(
    source: Source, layout: Layout, short: Sequence[int]
) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """Rows of the layout's width with their line numbers; others are rejected, blank ones apart.

    Where a quotation mark swallows lines, because it is not closed or only far below, every one of
    them counts as broken: ``short`` says which columns hold no line's end in an honest row.
    """
    reader = csv.reader(
        chain(source.text_lines(), [_END]),
        delimiter=layout.delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
    )
    if layout.headed:
        next((row for row in reader if row), None)
    width = len(layout.names)
    more = True
    while more:
        before, rows, broken = reader.line_num, list[list[str]](), ""
        try:
            more = _extended(rows, reader)
        except csv.Error as error:
            broken = _UNCLOSED if "field limit" in str(error) else f"broken CSV ({error})"
        last = reader.line_num
        if rows and rows[-1] and rows[-1][-1].endswith(_END):
            last -= 1
            broken = "" if rows.pop() == [_END] else _UNCLOSED
        lines: Sequence[int] = range(before + 1, before + 1 + len(rows))
        if last != before + len(rows):  # fields with line ends in them
            lines = _last_lines(before, rows)
        if broken:
            _swallowed(source, lines[-1] if rows else before, last, broken)
        if not isinstance(lines, range) or any(len(row) != width for row in rows):
            lines, rows = _without_broken(source, lines, rows, width, short)
        if rows:
            yield lines, rows


def _swallowed(source: Source, after: int, last: int, reason: str) -> None:
    """Reject the lines behind ``after`` up to ``last``, which no row could be made of."""
    source.lines += last - after
    source.reject(after + 1, reason, last - after)


def _extended(rows: list[list[str]], reader: Iterator[list[str]]) -> bool:
    """Append up to ``ROWS`` rows, those before an error too; whether there was any."""
    rows.extend(islice(reader, ROWS))
    return bool(rows)


def _height(row: list[str]) -> int:
    """Lines that a row takes."""
    return 1 + sum(field.count("\n") for field in row)


def _last_lines(before: int, rows: Iterable[list[str]]) -> list[int]:
    """The last line of every row, when ``before`` lines stand before the first."""
    return list(accumulate(map(_height, rows), initial=before))[1:]


def _without_broken(
    source: Source,
    lines: Sequence[int],
    rows: Iterable[list[str]],
    width: int,
    short: Sequence[int],
) -> tuple[list[int], list[list[str]]]:
    """The rows without a problem; the others are rejected by all their lines, but blank ones."""
    kept = []
    for line, row in zip(lines, rows, strict=True):
        reason = ""
        if len(row) != width:
            reason = f"{len(row)} columns where {width} are expected"
        elif any("\n" in row[at] for at in short):
            reason = "a quotation mark is closed on another line"
        if not reason:
            kept.append((line, row))
        elif row:
            _swallowed(source, line - _height(row), line, reason)
    return [line for line, _ in kept], [row for _, row in kept]
