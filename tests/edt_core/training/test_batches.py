import numpy as np
import pytest

from edt_core.data.sequences import pack
from edt_core.training.batches import TrainingRows, masked_item_rows, next_item_rows
from edt_core.training.negatives import Negatives

SEQUENCES = pack([[0, 3, 1, 4, 2], [1, 2], [5], []])
DOMAIN = np.array([0, 0, 0, 1, 1, 1])


def batches(rows, hides=False, batch_size=9, epoch=1, seed=3):
    negatives = Negatives(SEQUENCES, pack([[]] * 4), DOMAIN, 6)
    made = TrainingRows(SEQUENCES, negatives, *rows, hides, 6, batch_size, seed, "cpu")
    return list(made.batches(epoch))


def rows_of(batch):
    """Each user's input items and (place, positive) pairs."""
    inputs = np.split(
        batch.keys[batch.inputs].numpy(), np.cumsum(batch.layout.lengths.numpy())[:-1]
    )
    return dict(zip(batch.users.tolist(), (row.tolist() for row in inputs), strict=True))


def test_every_event_predicts_the_next_one():
    (batch,) = batches(next_item_rows(SEQUENCES, 9, whole=False))
    assert rows_of(batch) == {1: [1], 0: [0, 3, 1, 4]}
    assert batch.asked.tolist() == [0, 1, 2, 3, 4]
    assert batch.keys[batch.positives].tolist() == [2, 3, 1, 4, 2]
    assert len(batch.masked) == 0


def test_with_profiles_the_newest_event_is_an_input_that_predicts_nothing():
    (batch,) = batches(next_item_rows(SEQUENCES, 9, whole=True))
    assert rows_of(batch) == {2: [5], 1: [1, 2], 0: [0, 3, 1, 4, 2]}
    assert batch.asked.tolist() == [1, 3, 4, 5, 6]
    assert batch.keys[batch.positives].tolist() == [2, 3, 1, 4, 2]


def test_only_the_newest_events_are_inputs():
    (batch,) = batches(next_item_rows(SEQUENCES, 2, whole=False))
    assert rows_of(batch) == {1: [1], 0: [1, 4]}
    assert batch.keys[batch.positives].tolist() == [2, 4, 2]


def test_a_masked_event_is_its_own_positive_and_the_newest_one_is_always_masked():
    rows = masked_item_rows(SEQUENCES, 9)
    for epoch in range(20):
        (batch,) = batches(rows, hides=True, epoch=epoch)
        assert rows_of(batch) == {1: [1, 2], 0: [0, 3, 1, 4, 2]}
        assert batch.masked.tolist() == batch.asked.tolist()
        hidden = batch.keys[batch.inputs][batch.asked]
        assert batch.keys[batch.positives].tolist() == hidden.tolist()
        assert {1, 6} <= set(batch.asked.tolist())


@pytest.mark.parametrize("hides", [False, True])
def test_an_epoch_is_a_function_of_seed_and_epoch(hides):
    rows = next_item_rows(SEQUENCES, 9, whole=True)
    rows = masked_item_rows(SEQUENCES, 9) if hides else rows

    def content(**which):
        return [
            (b.users.tolist(), b.keys[b.negatives].tolist(), b.asked.tolist())
            for b in batches(rows, hides, batch_size=1, **which)
        ]

    assert content() == content()
    others = [content(epoch=epoch) for epoch in range(2, 12)]
    assert any(other != content() for other in others)


def test_an_epoch_holds_every_row_once():
    made = batches(next_item_rows(SEQUENCES, 9, whole=True), batch_size=2)
    assert [len(batch.users) for batch in made] == [2, 1]
    assert sorted(user for batch in made for user in batch.users.tolist()) == [0, 1, 2]


def test_the_items_of_a_step_are_distinct():
    for batch in batches(next_item_rows(SEQUENCES, 9, whole=True)):
        assert len(set(batch.keys.tolist())) == len(batch.keys)
