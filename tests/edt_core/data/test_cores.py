"""The core filter is the published loop to the letter."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data import cores
from edt_core.data.cores import hybrid_core


def literal_loop(users, items, min_user, min_item):
    """The loop as its description reads, one event at a time."""
    events = list(enumerate(zip(users, items, strict=True)))
    while events:
        of_user = Counter(user for _, (user, _) in events)
        of_item = Counter(item for _, (_, item) in events)
        if min(of_user.values()) >= min_user and min(of_item.values()) >= min_item:
            break
        events = [
            (at, (user, item))
            for at, (user, item) in events
            if of_user[user] > min_user and of_item[item] > min_item
        ]
    return [at for at, _ in events]


@given(
    pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=80),
    min_user=st.integers(0, 6),
    min_item=st.integers(0, 4),
    block=st.integers(1, 100),
)
def test_the_quick_loop_is_the_literal_one(pairs, min_user, min_item, block):
    users = np.array([user for user, _ in pairs], dtype=np.uint32)
    items = np.array([item for _, item in pairs], dtype=np.uint32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "BLOCK", block)
        kept = hybrid_core(users, items, min_user, min_item)
    assert kept.tolist() == literal_loop(users.tolist(), items.tolist(), min_user, min_item)


def test_what_is_dense_enough_already_is_not_pruned():
    users = np.repeat([0, 1, 2], 5)
    items = np.tile(np.arange(5), 3)
    assert hybrid_core(users, items).tolist() == list(range(15))


def test_one_event_too_few_costs_those_that_just_reach_the_bounds():
    """A single sparse user starts a round, and the round asks for more than five and three."""
    users = np.concatenate((np.repeat([0, 1, 2], 5), [3]))
    items = np.concatenate((np.tile(np.arange(5), 3), [0]))
    assert len(hybrid_core(users, items)) == 0


def test_nothing_in_nothing_out():
    assert len(hybrid_core(np.zeros(0, np.uint32), np.zeros(0, np.uint32))) == 0
