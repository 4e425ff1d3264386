"""What a line must hold to count as an interaction, column by column (A.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from typing import Any

import numpy as np

from edt_core.data.sequences import Flags, Ints
from edt_core.data.source import Source

USER = ("user_id", "user", "uid", "userid", "reviewerid", "customer_id", "customer", "visitorid")
ITEM = (
    *("parent_asin", "item_id", "item", "iid", "itemid", "asin", "product_id", "productid"),
    *("product", "movieid", "movie_id", "book_id", "business_id", "sku"),
)
TIME = (
    *("timestamp", "time", "ts", "unixreviewtime", "unix_time", "unixtime", "datetime"),
    *("event_time", "created_at", "date"),
)
RATING = ("rating", "overall", "stars", "score")
REVIEW = ("reviewtext", "review_text", "text", "review")
"""The names under which a column is found, in lower case, the best one first."""

LONGEST_ID = 256
UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")
STARTS = np.array([10**11, 10**14, 10**17], dtype=np.int64)
"""Unix times from here on are of the next smaller unit (as seconds they would be the year 5138)."""
_LARGEST_TIME = 2**63
_VISIBLE = bytes(range(ord(" "), ord("~") + 1))


@dataclass(frozen=True)
class Events:
    """Interactions of one domain in file order: equally long columns."""

    users: Sequence[str]
    items: Sequence[str]
    times: Ints
    """Unix seconds, or the source's own order numbers, ``[n]``."""
    reviews: Ints
    """A hash of review text and rating, ``[n]``; 0 where there is no text to tell copies by."""

    def __len__(self) -> int:
        """Interactions in this block."""
        return len(self.users)


@dataclass(frozen=True)
class Columns:
    """Rows as found, before anything is checked: equally long columns."""

    lines: Sequence[int]
    """The file's line of every row."""
    users: Sequence[Any]
    items: Sequence[Any]
    times: Sequence[Any]
    reviews: Sequence[int] = ()
    """As in ``Events``; empty where nobody asks for it."""


class Clock:
    """The unit of one file's time stamps, fixed by the majority of its first rows."""

    def __init__(self) -> None:
        self._unit: int | None = None

    def seconds(self, numbers: Ints, good: Flags) -> tuple[Ints, dict[int, str]]:
        """``numbers`` ``[n]`` in seconds, and what is wrong with those in the other unit.

        Only rows that ``good`` marks are looked at.
        """
        if self._unit is None and good.any():
            counts = np.bincount(np.searchsorted(STARTS, numbers[good], side="right"))
            self._unit = int(counts.argmax())
        unit = self._unit or 0
        first = STARTS[unit - 1] if unit else 0
        outside = numbers < first
        if unit < len(STARTS):
            outside |= numbers >= STARTS[unit]
        misfits = np.flatnonzero(good & outside)
        reasons = {int(at): f"time stamp {numbers[at]} among {UNITS[unit]}" for at in misfits}
        return (numbers // 1000**unit if unit else numbers), reasons


def checked(source: Source, clock: Clock, columns: Columns) -> Events:
    """The rows that are interactions; the others are rejected by line. Counts them all."""
    n = len(columns.users)
    numbers, wrong = _numbers(columns.times)
    wrong |= _bad_ids(columns.items, "item id") | _bad_ids(columns.users, "user id")
    good = np.ones(n, dtype=np.bool_)
    if wrong:
        good[list(wrong)] = False
    seconds, misfits = clock.seconds(numbers, good)
    wrong |= misfits
    source.lines += n
    reviews = (
        np.array(columns.reviews, dtype=np.int64) if columns.reviews else np.zeros(n, np.int64)
    )
    if not wrong:
        return Events(columns.users, columns.items, seconds, reviews)
    for at in sorted(wrong):
        source.reject(columns.lines[at], wrong[at])
    good[list(misfits)] = False
    kept = np.flatnonzero(good)
    return Events(
        list(compress(columns.users, good)),
        list(compress(columns.items, good)),
        seconds[kept],
        reviews[kept],
    )


def review_hash(text: str | None, rating: object) -> int:
    """What copies of one review share; 0 without a text. Only equality means something."""
    return hash((text, rating)) if text else 0


def id_problem(value: object) -> str:
    """Why ``value`` can't be an id; empty when it can. Ids are texts: ``0001`` is not 1."""
    if value is None or value == "":
        return "is missing"
    if not isinstance(value, str):
        return "is no text"
    if len(value) > LONGEST_ID:
        return f"is longer than {LONGEST_ID} characters"
    return "" if value.isprintable() else "holds control characters"


def _bad_ids(values: Sequence[Any], what: str) -> dict[int, str]:
    try:  # one look at all of them: nearly always nothing is wrong
        lengths, text = set(map(len, values)), "".join(values)
        if 0 not in lengths and max(lengths, default=1) <= LONGEST_ID and _printable(text):
            return {}
    except TypeError:  # one of them is no text
        pass
    problems = {at: id_problem(value) for at, value in enumerate(values)}
    return {at: f"{what} {problem}" for at, problem in problems.items() if problem}


def _printable(text: str) -> bool:
    """``text.isprintable()``, many times as fast where it is ASCII."""
    if text.isascii():
        return not text.encode().translate(None, _VISIBLE)
    return text.isprintable()


def _numbers(values: Sequence[Any]) -> tuple[Ints, dict[int, str]]:
    try:
        numbers = np.fromiter(values, dtype=np.int64, count=len(values))
        if not len(numbers) or numbers.min() >= 0:
            return numbers, {}
    except (TypeError, ValueError, OverflowError):  # one of them is no whole number
        pass
    numbers = np.zeros(len(values), dtype=np.int64)
    wrong: dict[int, str] = {}
    for at, value in enumerate(values):
        try:
            numbers[at] = _number(value)
        except ValueError as error:
            wrong[at] = str(error)
    return numbers, wrong


def _number(value: Any) -> int:
    if value is None or value == "":
        raise ValueError("the time stamp is missing")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = _moment(str(value))
    except OverflowError:
        raise ValueError("the time stamp is out of range") from None
    if 0 < number < 1:  # scaled times: whole numbers would put all of them at once
        raise ValueError(f"the time stamp {number:g} is less than 1: neither a time nor a place")
    if number < 0:
        raise ValueError(f"the time stamp {number:g} is negative")
    if not number < _LARGEST_TIME:  # not a number included
        raise ValueError(f"the time stamp {number:g} is out of range")
    return int(number)


def _moment(text: str) -> float:
    """A written date and time in Unix seconds; without a zone it is UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        shown = ascii(text[:40])
        raise ValueError(f"the time stamp {shown} is no number or ISO date") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
