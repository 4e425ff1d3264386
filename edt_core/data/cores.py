"""The hybrid core filter that the field's preprocessing runs (A.2)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Ints

MIN_USER, MIN_ITEM = 5, 3


def hybrid_core(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    min_user: int = MIN_USER,
    min_item: int = MIN_ITEM,
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
    kept = np.arange(len(users))
    while len(kept):
        of_user, of_item = np.bincount(users), np.bincount(items)
        if of_user[of_user > 0].min() >= min_user and of_item[of_item > 0].min() >= min_item:
            break
        stays = np.flatnonzero((of_user > min_user)[users] & (of_item > min_item)[items])
        users, items, kept = users[stays], items[stays], kept[stays]
    return kept
