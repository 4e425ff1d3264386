import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.models.layout import by_length, layout_of, newest, spans

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=30).map(sorted)


@given(LENGTHS)
def test_spreading_and_collecting_gives_the_tokens_back(lengths):
    layout = layout_of(np.array(lengths))
    tokens = torch.arange(sum(lengths), dtype=torch.float32)[:, None]
    back = torch.cat([bucket.collect(bucket.spread(tokens)) for bucket in layout.buckets])
    assert torch.equal(back, tokens)


@given(LENGTHS)
def test_positions_start_at_zero_with_the_oldest_token_of_every_row(lengths):
    layout = layout_of(np.array(lengths))
    assert layout.positions.tolist() == [place for length in lengths for place in range(length)]
    assert layout.last.tolist() == (np.cumsum(lengths) - 1).tolist()


def test_long_rows_share_no_bucket_with_short_ones():
    layout = layout_of(np.array([1, 2, 8, 50, 60, 200]))
    assert [tuple(bucket.real.shape) for bucket in layout.buckets] == [(3, 8), (2, 60), (1, 200)]


@pytest.mark.parametrize("lengths", [[3, 2], [0, 1]])
def test_rows_out_of_order_and_empty_rows_are_refused(lengths):
    with pytest.raises(AssertionError):
        layout_of(np.array(lengths))


def test_spans_are_counted_up_from_each_start():
    assert spans(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]


def test_the_newest_events_are_kept_with_their_places():
    cut, events = newest(pack([[1, 2, 3], [], [4]]), 2)
    assert [cut.of(user).tolist() for user in range(3)] == [[2, 3], [], [4]]
    assert events.tolist() == [1, 2, 3]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(1, 15))
def test_groups_hold_every_row_that_is_not_empty_once(lengths, most):
    groups = list(by_length(np.array(lengths), most))
    rows = [row for group in groups for row in group.tolist()]
    assert sorted(rows) == [row for row, length in enumerate(lengths) if length]
    assert [lengths[row] for row in rows] == sorted(length for length in lengths if length)
