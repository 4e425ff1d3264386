"""The Amazon review data in its three public layouts: 2014, 2018 and 2023 (4.1.1).

Which one a file has is told from its content, never from its name.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from edt_core.data import delimited, json_lines
from edt_core.data.delimited import Layout
from edt_core.data.interactions import Clock, Columns, Events, checked, review_hash
from edt_core.data.item_records import literal
from edt_core.data.source import Source
from edt_core.errors import InputError

Record = Mapping[str, Any]

RATINGS = ("user_id", "item_id", "rating", "timestamp")
"""The columns of a ratings file without a header, as of 2014; 2018's begin with the item."""

_NEEDED = (("user", str), ("item", str), ("time", int | float | str))
_COPIES = (("text", str | None, None), ("rating", float | str | None, None))
"""A review's fields: those of every interaction, and those that tell copies of a review."""

_2014 = {
    "user": "reviewerID",
    "item": "asin",
    "time": "unixReviewTime",
    "text": "reviewText",
    "rating": "overall",
}
"""What 2014 and 2018 call them; time is in seconds."""

_2023 = {"user": "user_id", "item": "parent_asin", "time": "timestamp"}
"""What 2023 calls them; time is in milliseconds, and variants share their parent's ASIN."""


def read_interactions(source: Source, reviewed: bool = False) -> Iterator[Events]:
    """The interactions of a review file (JSON lines) or of a ratings file (CSV).

    Args:
        source: The file.
        reviewed: Tell review texts apart, for the recipe ``dedup``.

    Raises:
        InputError: the content is none of the layouts.
    """
    first = source.first_line()
    if first.startswith("{"):
        names = _2023 if '"parent_asin"' in first else _2014
        yield from _reviews(source, names, reviewed)
    elif first.startswith("["):
        raise InputError(
            f"{source.path} is one JSON list.", hint="Write one review a line, without commas."
        )
    elif _is_rating(first):
        columns = RATINGS if not _item_first(source) else (RATINGS[1], RATINGS[0], *RATINGS[2:])
        layout = Layout(",", columns, headed=False)
        yield from delimited.read_interactions(source, layout, reviewed)
    else:
        yield from delimited.read_interactions(source, delimited.header(source), reviewed)


def read_items(source: Source, wanted: Container[str]) -> Iterator[tuple[int, Record]]:
    """The records of a metadata file with their line numbers.

    Args:
        source: The file: JSON lines (2018, 2023) or Python literals (2014).
        wanted: The item ids to read. Literals are slow, so those of other items are not parsed.
    """

    def parsed(line: str) -> dict[str, Any]:
        known = _LITERAL_ID.search(line)
        if known and known[1] not in wanted:
            return {"asin": known[1]}
        record = literal(line)
        if not isinstance(record, dict):
            raise ValueError("no record")
        return {name: value for name, value in record.items() if isinstance(name, str)}

    for lines, records in json_lines.decoded(source, dict[str, Any], parsed):
        yield from zip(lines, records, strict=False)


_LITERAL_ID = re.compile(r"'asin': '([^'\\]*)'")


def _reviews(source: Source, names: dict[str, str], reviewed: bool) -> Iterator[Events]:
    fields = (*_NEEDED, *_COPIES) if reviewed else _NEEDED  # what is not asked for costs no time
    kind: type[Any] = msgspec.defstruct("Review", fields, rename=names, gc=False)
    clock = Clock()
    for lines, records in json_lines.decoded(source, kind):
        hashes: Sequence[int] = ()
        if reviewed:
            hashes = [review_hash(record.text, record.rating) for record in records]
        users = [record.user for record in records]
        items = [record.item for record in records]
        times = [record.time for record in records]
        yield checked(source, clock, Columns(lines, users, items, times, hashes))


def _is_rating(line: str) -> bool:
    """Whether a line is four fields, the last two numbers."""
    fields = line.split(",")
    return len(fields) == 4 and all(re.fullmatch(r"-?[\d.]+", field) for field in fields[2:])


def _item_first(source: Source) -> bool:
    """Whether the first column holds the items: ASINs have ten characters, users' ids more."""
    peek = Source(source.path)
    fields = [line.split(",") for line in islice(peek.text_lines(), 1000)]
    tens = [sum(len(row[at]) == 10 for row in fields if len(row) == 4) for at in (0, 1)]
    return tens[0] > tens[1]
