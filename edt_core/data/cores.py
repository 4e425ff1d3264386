"""The hybrid core filter that the field's preprocessing runs (A.2)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Flags, Ints

MIN_USER, MIN_ITEM = 5, 3
BLOCK = 1_000_000
"""Events looked at together: numpy copies what it counts or indexes by as wide integers."""

Codes = NDArray[np.integer[Any]]


def hybrid_core(
    users: Codes, items: Codes, min_user: int = MIN_USER, min_item: int = MIN_ITEM
) -> Ints:
    """The events that survive the filter, as ascending positions.

    Users and items are counted over both domains together. The loop ends when every user has at
    least ``min_user`` events and every item ``min_item``; until then a round keeps the events whose
    user has *more* than ``min_user`` and whose item has *more* than ``min_item``, by the counts
    before the round. The result lies between a (5, 3)-core and a (6, 4)-core.

    Paper: A.2, "following the previous work": this is that work's published loop, to the letter.
    Choice: no minimum per domain and no need to be in both, so single-domain users stay.

    Args:
        users: The user of every event, an integer from 0, ``[T]``.
        items: The item of every event, an integer from 0, the same for equal source ids of both
            domains, ``[T]``.
        min_user: The least events a user must end with.
        min_item: The least events an item must end with.
    """
    kept = np.arange(len(users), dtype=np.uint32)
    while len(kept):
        of_user, of_item = _counts(users), _counts(items)
        if of_user[of_user > 0].min() >= min_user and of_item[of_item > 0].min() >= min_item:
            break
        stays = _marked(of_user > min_user, users)
        stays &= _marked(of_item > min_item, items)
        users, items, kept = users[stays], items[stays], kept[stays]
    return kept.astype(np.int64)


def _counts(codes: Codes) -> Ints:
    """Events of every code."""
    counts = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    for start in range(0, len(codes), BLOCK):
        counts += np.bincount(codes[start : start + BLOCK], minlength=len(counts))
    return counts


def _marked(flags: Flags, codes: Codes) -> Flags:
    """The flag of every event's code, ``[T]``."""
    marked = np.empty(len(codes), dtype=np.bool_)
    for start in range(0, len(codes), BLOCK):
        marked[start : start + BLOCK] = flags[codes[start : start + BLOCK]]
    return marked
