"""Whom the true item competes with (4.1.4, DESIGN 4.2).

Either the whole real catalogue of its domain, or 100 stored negatives that every model shares.
"""

from dataclasses import dataclass

import numpy as np

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Flags, Ints, Sequences, offsets_of

_ROW_BUDGET = 1 << 22


@dataclass(frozen=True)
class Candidates:
    """The stored negatives of every target: real items of the target's domain, by key."""

    users: Ints
    """Users with targets, ascending, ``[V]``."""
    negatives: Ints
    """Competitors of the test target, distinct, ``[V, n]``; -1 where the domain has no more."""
    valid_negatives: Ints
    """Competitors of the validation target, ``[V, n]``."""


def extended(histories: Sequences, users: Ints, *later: Ints) -> Sequences:
    """One sequence per request: the user's history, then one item of each of ``later``.

    Args:
        histories: training parts of all users.
        users: the user of each request, ``[R]``.
        later: item keys ``[R]`` each, such as the validation items.
    """
    lengths = histories.lengths[users]
    starts = histories.offsets[:-1][users]
    offsets = offsets_of(lengths + len(later))
    items = np.empty(offsets[-1], dtype=np.int64)
    for place, column in enumerate(reversed(later)):
        items[offsets[1:] - 1 - place] = column
    own = np.arange(lengths.sum()) - np.repeat(offsets_of(lengths)[:-1], lengths)
    items[np.repeat(offsets[:-1], lengths) + own] = histories.items[
        np.repeat(starts, lengths) + own
    ]
    return Sequences(items, offsets)


def distinct(codes: Ints) -> Ints:
    """The distinct values, ascending (np.unique's hash table is many times slower than a sort)."""
    codes = np.sort(codes)
    return codes[np.concatenate([[True], codes[1:] != codes[:-1]])] if len(codes) else codes


def contains(codes: Ints, asked: Ints) -> Flags:
    """Which of ``asked`` stand in the sorted ``codes``; quick where ``asked`` ascends."""
    if len(codes) == 0:
        return np.zeros(asked.shape, dtype=bool)
    place = np.searchsorted(codes, asked)
    found: Flags = codes[np.minimum(place, len(codes) - 1)] == asked
    return found


def draw(
    catalogue: Catalogue, known: Sequences, targets: Ints, n_negatives: int, seed: tuple[int, ...]
) -> Ints:
    """Distinct negatives for each target, uniform without replacement from its domain.

    Paper: 4.1.4 names the metrics alone; 100 negatives per user are the field's protocol.
    Choice: a domain that has fewer unknown items than asked for gives all of them.

    Args:
        catalogue: the real items.
        known: items that row v may not draw (history and both targets, see ``extended``).
        targets: ``[V]`` item keys.
        n_negatives: n.
        seed: entropy; equal seeds draw equal negatives.

    Returns:
        Item keys ``[V, n]``, ascending in each row; -1 fills the end of short rows.
    """
    drawn = np.full((len(targets), n_negatives), -1, dtype=np.int64)
    target_domain = catalogue.domain[targets]
    for domain in Domain:
        rows = np.flatnonzero(target_domain == domain)
        keys = catalogue.keys_of(domain)
        generator = np.random.default_rng((*seed, int(domain)))
        places = _draw_places(
            _excluded(known, rows, keys), len(rows), len(keys), n_negatives, generator
        )
        drawn[rows] = np.where(places < 0, -1, keys[places])
    return drawn


def _excluded(known: Sequences, rows: Ints, keys: Ints) -> Ints:
    """Sorted distinct codes ``row * len(keys) + place`` of what each of ``rows`` may not draw."""
    order = np.full(known.n_users, -1, dtype=np.int64)
    order[rows] = np.arange(len(rows))
    row = order[known.users()]
    place = np.searchsorted(keys, known.items)
    inside = (place < len(keys)) & (row >= 0)
    inside[inside] = keys[place[inside]] == known.items[inside]
    return distinct(row[inside] * len(keys) + place[inside])


# quoted: numpy imports its generators when they are first named, and a screen draws nothing
def _draw_places(
    excluded: Ints, n_rows: int, size: int, n: int, generator: "np.random.Generator"
) -> Ints:
    """Distinct places below ``size``, ``[n_rows, n]``, none of them excluded."""
    places = np.full((n_rows, n), -1, dtype=np.int64)
    if size == 0 or n_rows == 0:
        return places
    available = size - np.bincount(excluded // size, minlength=n_rows)
    scarce = available < 4 * n  # rejection would draw the same few again and again
    for rows in _blocks(np.flatnonzero(scarce), size):
        places[rows] = _shuffled(excluded, rows, size, n, generator)
    pending = np.flatnonzero(~scarce)
    places[pending] = generator.integers(size, size=(len(pending), n))
    while len(pending):
        # Valid distinct draws stay and the others are drawn again, which favours no item.
        drawn = np.sort(places[pending], axis=1)
        bad = contains(excluded, pending[:, None] * size + drawn)
        bad[:, 1:] |= drawn[:, 1:] == drawn[:, :-1]
        drawn[bad] = generator.integers(size, size=int(bad.sum()))
        places[pending] = drawn
        pending = pending[bad.any(axis=1)]
    return places


def _shuffled(
    excluded: Ints, rows: Ints, size: int, n: int, generator: "np.random.Generator"
) -> Ints:
    """The first n of each row's allowed places in random order, ascending, ``[len(rows), n]``."""
    weight = generator.random((len(rows), size))
    weight[contains(excluded, rows[:, None] * size + np.arange(size))] = 2.0
    first = np.argsort(weight, axis=1)[:, :n]
    first[np.take_along_axis(weight, first, axis=1) > 1.0] = size  # sorts behind the allowed ones
    first = np.sort(first, axis=1)
    filled = np.full((len(rows), n), -1, dtype=np.int64)
    filled[:, : first.shape[1]] = np.where(first == size, -1, first)
    return filled


def _blocks(rows: Ints, width: int) -> list[Ints]:
    """``rows`` in pieces whose dense form stays small."""
    size = max(1, _ROW_BUDGET // width)
    return [rows[start : start + size] for start in range(0, len(rows), size)]
