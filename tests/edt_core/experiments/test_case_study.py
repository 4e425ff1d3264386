import numpy as np
import pytest

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.errors import UsageError
from edt_core.experiments.case_study import chosen, sequence_table
from edt_core.stages.augmenter.insertion import Augmented


def test_most_inserted_items_come_first_then_the_places_gained(ranked):
    with_items = [ranked([1, 10, 10, 1])]
    without = [ranked([40, 20, 30, 40])]
    assert chosen(with_items, without, np.array([1, 3, 3, 0])) == 4 + 2
    assert chosen(with_items, without, np.array([4, 3, 3, 0])) == 4 + 0


def test_a_user_who_lost_places_or_got_no_item_is_no_example(ranked):
    worse, better = [ranked([30, 5])], [ranked([20, 9])]
    assert chosen(worse, better, np.array([9, 1])) == 2 + 1
    assert chosen(worse, better, np.array([9, 0])) is None
    assert chosen(worse, worse, np.array([9, 9])) is None


def test_ranks_are_averaged_over_seeds(ranked):
    two = [ranked([1, 30]), ranked([39, 30])]
    assert chosen(two, [ranked([10, 40])], np.array([5, 1])) == 2 + 1


def test_runs_of_different_users_are_refused(ranked):
    with pytest.raises(UsageError):
        chosen([ranked([1, 2])], [ranked([1, 2, 3])], np.ones(3, dtype=np.int64))


def test_the_sequence_is_what_the_model_saw_and_then_the_target():
    none = [""] * 3
    catalogue = Catalogue(
        ["food", "kitchen"], np.array([0, 0, 1]), ["x", "y", "z"], ["Tea", "", "Pot"],
        none, none, none, [[], [], []], none,
    )  # fmt: skip
    augmented = Augmented(
        pack([[2], [0, 3]]), np.array([False, False, True]), np.array([-1, -1, 0]),
        np.array([1]), np.array([0]), np.ones((1, 2), dtype=np.float32),
    )  # fmt: skip
    table = sequence_table(augmented, 1, ([1], 2), catalogue, ["Pan"])
    assert [tuple(cell.value for cell in row) for row in table.rows] == [
        (1, "food", "training", "Tea"),
        (2, "kitchen", "generated", "Pan"),
        (3, "food", "validation", "y"),
        (4, "kitchen", "target", "Pot"),
    ]
