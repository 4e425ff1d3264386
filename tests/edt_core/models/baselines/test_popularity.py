import numpy as np

from edt_core.data.sequences import pack
from edt_core.models.baselines.popularity import Popularity


def test_scores_are_the_training_counts_of_the_asked_items():
    model = Popularity.fit(pack([[0, 1, 1], [1, 3]]), 5)
    scores = model.scores(pack([[2], []]), np.array([1, 3, 4]))
    assert scores.tolist() == [[3, 1, 0]] * 2


def test_the_share_keeps_the_order_and_stays_below_one():
    assert Popularity(np.array([0, 2, 8])).share.tolist() == [0, 2 / 9, 8 / 9]
    assert Popularity(np.array([0, 0])).share.tolist() == [0, 0]
