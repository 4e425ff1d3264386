import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.evaluation.candidates import draw, extended


def catalogue(n_a, n_b):
    n = n_a + n_b
    texts = [""] * n
    domain = np.repeat([0, 1], [n_a, n_b])
    ids = [str(key) for key in range(n)]
    return Catalogue(["a", "b"], domain, ids, texts, texts, texts, texts, [[]] * n, texts)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 60), st.integers(1, 60), st.integers(1, 12))
def test_negatives_are_distinct_unknown_and_of_the_targets_domain(data, n_a, n_b, n):
    items = catalogue(n_a, n_b)
    key = st.integers(0, n_a + n_b - 1)
    rows = data.draw(st.lists(st.lists(key, min_size=1, max_size=70), min_size=1, max_size=5))
    targets = np.array([row[-1] for row in rows])
    drawn = draw(items, pack(rows), targets, n, (7, 1))

    for row, target, negatives in zip(rows, targets, drawn, strict=True):
        own = items.keys_of(items.domain[target])
        allowed = set(own.tolist()) - set(row)
        present = negatives[negatives >= 0].tolist()
        assert len(set(present)) == len(present) == min(n, len(allowed))
        assert set(present) <= allowed
        assert (negatives[len(present) :] == -1).all()


def test_equal_seeds_draw_equal_negatives_and_others_do_not():
    items, known, targets = catalogue(900, 5), pack([[3], [4]]), np.array([3, 4])
    first = draw(items, known, targets, 20, (42, 1))
    assert np.array_equal(first, draw(items, known, targets, 20, (42, 1)))
    assert not np.array_equal(first, draw(items, known, targets, 20, (42, 0)))


def test_every_allowed_item_is_drawn_equally_often_the_last_one_too():
    for n_items in (60, 500):  # the dense way and the rejecting way
        users = 6000
        known = pack([[0, 1]] * users)
        drawn = draw(catalogue(n_items, 1), known, np.zeros(users, dtype=np.int64), 20, (1,))
        counts = np.bincount(drawn.ravel(), minlength=n_items)[:n_items]
        share = 20 / (n_items - 2)
        assert counts[:2].tolist() == [0, 0]
        spread = np.sqrt(users * share * (1 - share))
        assert (np.abs(counts[2:] - users * share) < 5 * spread).all()


def test_later_items_stand_behind_the_history_in_their_order():
    histories = pack([[1, 2], [], [5]])
    longer = extended(histories, np.array([2, 0, 1]), np.array([7, 8, 9]), np.array([4, 4, 6]))
    assert [longer.of(row).tolist() for row in range(3)] == [[5, 7, 4], [1, 2, 8, 4], [9, 6]]
    assert extended(histories, np.array([0])).of(0).tolist() == [1, 2]
