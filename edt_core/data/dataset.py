"""A data set: the events of both domains in order, and what one should know of them (4.1.1)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.data.catalogue import Catalogue, ItemText
from edt_core.data.sequences import Domain, Ints, Sequences, domain_counts, offsets_of
from edt_core.data.source import BadLine

ORDER_ONLY = 1_000_000
"""Time stamps that all lie below are order numbers, not dates (as seconds: January 1970)."""


@dataclass(frozen=True)
class Dataset:
    """A data set as it is stored; users by number in order of first appearance."""

    name: str
    user_ids: list[str]
    """Source ids, ``[U]``."""
    catalogue: Catalogue
    raw: Sequences
    """Whole mixed sequences by time; ties in file order, A before B."""
    timestamps: Ints
    """Of every event of ``raw``, ``[T]``."""
    options: dict[str, Any]
    """How it was imported."""
    counts: dict[str, int]
    """What every step read, dropped and kept, in order."""
    notes: list[str]
    """Sentences that a user should read once."""
    bad_lines: list[BadLine]
    """The first broken lines of every file."""
    digest: str
    """``digest_of`` this content."""


@dataclass(frozen=True)
class Arranged:
    """Events in their users' order; users and items by number in order of first appearance."""

    raw: Sequences
    timestamps: Ints
    """``[T]``."""
    users: Ints
    """Every user's code, ``[U]``."""
    items: Ints
    """Every item's code, by key, ``[N]``."""
    domain: Ints
    """Every item's domain, by key, ``[N]``."""


def arrange(users: Any, items: Any, domains: Any, times: Ints) -> Arranged:
    """Number users and items, and sort every user's events by time.

    Choice: at equal times the order is file order, A before B, as in the field's preprocessing.

    Args:
        users: The user of every event by any code from 0, in file order, A before B, ``[T]``.
        items: The item of every event by any code from 0, ``[T]``; domains may share codes.
        domains: The domain of every event, ``[T]``.
        times: ``[T]``.
    """
    user_numbers, user_codes = _by_appearance(users)
    span = int(items.max(initial=0)) + 1
    keys, coded = _by_appearance(items + span * domains.astype(np.int64))
    order = np.lexsort((times, user_numbers))
    offsets = offsets_of(np.bincount(user_numbers, minlength=len(user_codes)))
    del user_numbers
    raw = Sequences(keys[order].astype(np.int64), offsets)
    return Arranged(raw, times[order], user_codes, coded % span, coded // span)


def catalogue_of(
    domain_names: list[str], domain: Ints, item_ids: list[str], texts: Sequence[ItemText]
) -> Catalogue:
    """The catalogue from one text an item, by key."""
    return Catalogue(
        domain_names=domain_names,
        domain=domain,
        source_ids=item_ids,
        titles=[text.title for text in texts],
        brands=[text.brand for text in texts],
        dates=[text.date for text in texts],
        prices=[text.price for text in texts],
        categories=[list(text.categories) for text in texts],
        descriptions=[text.description for text in texts],
    )


def digest_of(user_ids: list[str], catalogue: Catalogue, raw: Sequences, times: Ints) -> str:
    """40 hex digits over all that a later stage can see, and over nothing else."""
    total = hashlib.sha256()
    columns: tuple[Sequence[Any], ...] = (
        user_ids,
        catalogue.domain_names,
        catalogue.source_ids,
        catalogue.titles,
        catalogue.brands,
        catalogue.dates,
        catalogue.prices,
        catalogue.categories,
        catalogue.descriptions,
    )
    for column in columns:
        for entry in column:
            total.update(json.dumps(entry).encode() + b"\n")
        total.update(b"\n")
    for array in (catalogue.domain, raw.items, raw.offsets, times):
        total.update(f"{len(array)}\n".encode() + np.ascontiguousarray(array, "<i8").tobytes())
    return total.hexdigest()[:40]


def notes_on(arranged: Arranged, catalogue: Catalogue, *, deduplicated: bool = False) -> list[str]:
    """What a user should know of the data before trusting a number from it.

    Args:
        arranged: The events.
        catalogue: The items.
        deduplicated: Copies were dropped already.
    """
    raw, (a, b) = arranged.raw, catalogue.domain_names
    notes = []
    if not (domain_counts(raw, arranged.domain) > 0).all(axis=1).any():
        notes.append(f"No user is in both {a} and {b}; are the user ids of one kind?")
    if short := int((raw.lengths < 3).sum()):
        notes.append(f"Users with fewer than 3 events train but are not evaluated: {short:,}.")
    ordered = [_order_only(arranged, domain) for domain in Domain]
    if all(ordered):
        notes.append("The time stamps are order numbers, not dates.")
    elif any(ordered):
        notes.append(
            f"{a if ordered[0] else b} has order numbers and {b if ordered[0] else a} has dates: "
            "the order across the domains means nothing."
        )
    if not deduplicated and (copies := exact_copies(arranged)):
        notes.append(
            f"{copies:,} events repeat one of the same user, item and time; --recipe dedup drops "
            "such copies, and a user's later events with the same item too."
        )
    tied = cross_domain_ties(arranged) / max(len(raw.items), 1)
    if tied >= 0.001:
        notes.append(
            f"{tied:.1%} of the events follow one of the other domain at the same "
            f"time; there the order ({a} first) is arbitrary."
        )
    if untitled := catalogue.titles.count(""):
        notes.append(f"Items without a title: {untitled:,} of {len(catalogue):,}.")
    return notes


def cross_domain_ties(arranged: Arranged) -> int:
    """Events whose predecessor is of the same user and time, and of the other domain."""
    users, domains = arranged.raw.users(), arranged.domain[arranged.raw.items]
    tied = (np.diff(users) == 0) & (np.diff(arranged.timestamps) == 0) & (np.diff(domains) != 0)
    return int(tied.sum())


def exact_copies(arranged: Arranged) -> int:
    """Events of the same user, item and time as one before them."""
    users, times, items = arranged.raw.users(), arranged.timestamps, arranged.raw.items
    tied = (np.diff(users) == 0) & (np.diff(times) == 0)
    # only inside a run of ties can there be a copy: mostly few events, and only those are sorted
    inside = np.concatenate([[False], tied]) | np.concatenate([tied, [False]])
    run = np.cumsum(~np.concatenate([[False], tied]))[inside]
    items = items[inside]
    order = np.lexsort((items, run))
    return int(((np.diff(run[order]) == 0) & (np.diff(items[order]) == 0)).sum())


def _by_appearance(codes: Any) -> tuple[NDArray[np.int32], Ints]:
    """Codes ``[T]`` renumbered from 0 by first appearance, and the code of every number."""
    first = np.full(int(codes.max(initial=0)) + 1, len(codes), dtype=np.int32)
    places = np.arange(len(codes), dtype=np.int32)
    first[codes[::-1]] = places[::-1]  # of repeated writes to one place the last one stays
    met = np.flatnonzero(first < len(codes))
    ordered = met[np.argsort(first[met])]
    number = np.empty(len(first), dtype=np.int32)
    number[ordered] = np.arange(len(ordered))
    return number[codes], ordered


def _order_only(arranged: Arranged, domain: Domain) -> bool:
    times = arranged.timestamps[arranged.domain[arranged.raw.items] == domain]
    return bool(times.max(initial=0) < ORDER_ONLY)
