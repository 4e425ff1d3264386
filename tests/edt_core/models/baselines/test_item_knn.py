import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.data.sequences import Sequences, pack
from edt_core.models.baselines.item_knn import ItemKNN

rows = st.lists(st.lists(st.integers(0, 6), max_size=8), min_size=1, max_size=6)


@settings(max_examples=50, deadline=None)
@given(rows, rows)
def test_scores_are_summed_cosines_between_distinct_items(histories, inputs):
    scores = ItemKNN.fit(pack(histories), 7).scores(pack(inputs), np.arange(7))
    sets = [{u for u, row in enumerate(histories) if item in row} for item in range(7)]

    def cosine(i, j):
        both = len(sets[i] & sets[j])
        return both / np.sqrt(len(sets[i]) * len(sets[j])) if both and i != j else 0.0

    for row, given_ in zip(scores, inputs, strict=True):
        for item in range(7):
            expected = sum(cosine(item, j) for j in set(given_))
            if expected > 0:
                assert row[item] == pytest.approx(expected)
            else:
                assert -1 <= row[item] < 0


def test_unlike_items_follow_by_popularity():
    model = ItemKNN.fit(pack([[0, 1], [2], [2], [3]]), 5)
    scores = model.scores(pack([[0]]), np.array([1, 2, 3, 4]))
    assert np.argsort(-scores[0]).tolist() == [0, 1, 2, 3]


def test_fitting_leaves_the_histories_as_they_are():
    histories = Sequences(np.array([5, 1, 5, 0], dtype=np.int32), np.array([0, 4], dtype=np.int32))
    ItemKNN.fit(histories, 6)
    assert histories.items.tolist() == [5, 1, 5, 0]
