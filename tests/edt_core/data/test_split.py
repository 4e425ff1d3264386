"""Leave-one-out: every event in exactly one part, and nothing held out ever seen in training."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.data.split import leave_one_out

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=7), max_size=8)


@given(ROWS)
def test_history_validation_and_test_in_this_order_are_the_raw_sequence(rows):
    histories, valid, test = leave_one_out(pack(rows))
    second, last = (dict(zip(held.users, held.items, strict=True)) for held in (valid, test))
    assert set(second) == set(last) == {u for u, row in enumerate(rows) if len(row) >= 3}
    for user, row in enumerate(rows):
        held = [second[user], last[user]] if user in last else []
        assert histories.sequences.of(user).tolist() + held == row
    assert valid.users.tolist() == sorted(valid.users.tolist())


@given(ROWS, st.integers(10, 99), st.integers(10, 99))
def test_histories_do_not_change_with_what_is_held_out(rows, instead_of_second, instead_of_last):
    """The no-leak property: other held-out items, the same training part to the byte."""
    changed = [
        [*row[:-2], instead_of_second, instead_of_last] if len(row) >= 3 else row for row in rows
    ]
    ours, _, _ = leave_one_out(pack(rows))
    theirs, _, _ = leave_one_out(pack(changed))
    assert np.array_equal(ours.sequences.items, theirs.sequences.items)
    assert np.array_equal(ours.sequences.offsets, theirs.sequences.offsets)


@given(ROWS)
def test_an_item_met_once_and_held_out_is_in_no_history_of_its_user(rows):
    distinct = [list(dict.fromkeys(row)) for row in rows]
    histories, valid, test = leave_one_out(pack(distinct))
    for targets in (valid, test):
        for user, item in zip(targets.users, targets.items, strict=True):
            assert item not in histories.sequences.of(user)
