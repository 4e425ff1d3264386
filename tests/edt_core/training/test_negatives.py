import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.training.negatives import Negatives

DOMAIN = np.array([0, 0, 0, 0, 1, 1, 1, 0, 1])  # four real of A, three of B, one generated each
ROWS = st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=6)


@given(ROWS, st.integers(0, 99))
def test_a_negative_is_real_of_the_positives_domain_and_new_to_its_user(rows, seed):
    sequences = pack(rows)
    drawn = Negatives(sequences, pack([[]] * len(rows)), DOMAIN, 7).draw(
        np.random.default_rng(seed)
    )
    for user, positive, negative in zip(sequences.users(), sequences.items, drawn, strict=True):
        whole = set(range(4)) if DOMAIN[positive] == 0 else {4, 5, 6}
        assert negative in whole
        if whole - set(rows[user]):
            assert negative not in rows[user]


def test_the_raw_history_is_known_too():
    drawn = [
        Negatives(pack([[0]]), pack([[1, 2]]), DOMAIN, 7).draw(np.random.default_rng(seed))[0]
        for seed in range(20)
    ]
    assert set(drawn) == {3}


def test_every_other_item_of_the_domain_is_drawn_the_first_and_the_last_too():
    negatives = Negatives(pack([[1, 5]] * 200), pack([[]] * 200), DOMAIN, 7)
    drawn = negatives.draw(np.random.default_rng(0))
    assert set(drawn) == {0, 2, 3, 4, 6}


def test_the_same_generator_draws_the_same():
    negatives = Negatives(pack([[0, 4, 7]]), pack([[0]]), DOMAIN, 7)
    first, second = (negatives.draw(np.random.default_rng([7, 1])) for _ in range(2))
    assert first.tolist() == second.tolist()
