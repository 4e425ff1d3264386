import numpy as np

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.evaluation import counting


class Table:
    """Scores by key, the same for everybody; remembers which inputs it saw."""

    def __init__(self, scores):
        self.all = np.array(scores, dtype=np.float64)
        self.inputs = []

    def scores(self, inputs, keys):
        self.inputs += [inputs.of(row).tolist() for row in range(inputs.n_users)]
        return np.tile(self.all[keys], (inputs.n_users, 1))


def catalogue():
    texts = [""] * 6
    ids = list("abcdef")
    domain = np.array([0, 0, 0, 1, 1, 1])
    return Catalogue(["a", "b"], domain, ids, texts, texts, texts, texts, [[]] * 6, texts)


def test_ranks_are_among_the_targets_domain_and_its_negatives(monkeypatch):
    monkeypatch.setattr(counting, "ROWS", 1)  # a block per user
    model = Table([3, 2, 2, 9, 5, 7])
    histories = pack([[0, 4], [3]])
    calls = []
    full, sizes, sampled = counting.count_ranks(
        model,
        (histories, np.array([0, 1]), (np.array([5, 1]),)),
        catalogue(),
        np.array([1, 4]),
        np.array([[2, -1], [3, 5]]),
        lambda: calls.append(1),
    )
    # in A: 3 is better than 2, which ties with another; in B: 9 and 7 are better than 5
    assert full.tolist() == [2.5, 3.0]
    assert sizes.tolist() == [3, 3]
    assert sampled.tolist() == [1.5, 3.0]
    assert model.inputs == [[0, 4, 5], [3, 1]]
    assert len(calls) == 2
