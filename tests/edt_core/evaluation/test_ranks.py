import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.errors import EdtError
from edt_core.evaluation.ranks import full_ranks, ranks_of, sampled_ranks


def one_by_one(user, target, items, keys):
    """1 + better + ties / 2, in Python."""
    score = {key: float(np.dot(user.astype(np.float64), items[key])) for key in keys}
    better = sum(score[key] > score[target] for key in keys)
    equal = sum(score[key] == score[target] for key in keys) - 1
    return 1 + better + equal / 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 40), st.integers(1, 30), st.integers(1, 5))
def test_ranks_equal_counting_one_by_one(seed, n_items, n_rows, width):
    # whole numbers in few values: every product is exact and ties are frequent
    rng = np.random.default_rng(seed)
    users = rng.integers(-2, 3, (n_rows, width)).astype(np.float32)
    items = rng.integers(-2, 3, (n_items, width)).astype(np.float32)
    domain = rng.integers(0, 2, n_items)
    targets = rng.integers(0, n_items, n_rows)
    negatives = rng.integers(-1, n_items, (n_rows, 6))
    tensors = [torch.from_numpy(each) for each in (users, targets, items)]

    ranks, candidates = full_ranks(*tensors, torch.from_numpy(domain))
    sampled = sampled_ranks(*tensors, torch.from_numpy(negatives))

    for row, target in enumerate(targets):
        keys = np.flatnonzero(domain == domain[target])
        assert candidates[row] == len(keys)
        assert ranks[row] == one_by_one(users[row], target, items, keys)
        several = [float(np.dot(users[row], items[key])) for key in negatives[row] if key >= 0]
        own = float(np.dot(users[row], items[target]))
        assert (
            sampled[row] == 1 + sum(s > own for s in several) + sum(s == own for s in several) / 2
        )


@pytest.mark.parametrize("n_rows", [1, 3, 300])
def test_items_with_equal_vectors_tie_exactly_wherever_they_stand(n_rows):
    rng = np.random.default_rng(5)
    items = torch.from_numpy(rng.normal(size=(1003, 128)).astype(np.float32))
    items[[0, 500, 1002]] = items[7].clone()
    users = torch.from_numpy(rng.normal(size=(n_rows, 128)).astype(np.float32))
    domain = torch.zeros(1003, dtype=torch.int64)
    each = [
        full_ranks(users, torch.full((n_rows,), key), items, domain)[0] for key in (0, 7, 500, 1002)
    ]
    assert all(np.array_equal(each[0], other) for other in each[1:])
    assert (each[0] % 1 == 0.5).all()  # three others tie: 1 + better + 3 / 2


@pytest.mark.parametrize("n_rows", [1, 3, 40])
@pytest.mark.parametrize("n_negatives", [10, 37, 100, 101])
def test_negatives_with_the_targets_vector_tie_exactly_however_many_rows_there_are(
    n_rows, n_negatives
):
    generator = torch.Generator().manual_seed(n_negatives)
    items = torch.randn(1, 128, generator=generator).repeat(n_negatives + 1, 1)
    users = torch.randn(n_rows, 128, generator=generator)
    negatives = torch.arange(1, n_negatives + 1).repeat(n_rows, 1)
    ranks = sampled_ranks(users, torch.zeros(n_rows, dtype=torch.int64), items, negatives)
    assert ranks.tolist() == [(n_negatives + 2) / 2] * n_rows


def test_a_constant_scorer_stands_in_the_middle():
    users, items = torch.zeros(4, 3), torch.randn(9, 3)
    ranks, _ = full_ranks(users, torch.arange(4), items, torch.zeros(9, dtype=torch.int64))
    assert ranks.tolist() == [5.0] * 4


def test_the_order_of_items_changes_no_rank():
    users, items = torch.randn(50, 8), torch.randn(70, 8)
    domain, targets = torch.arange(70) % 2, torch.arange(50)
    shuffled = torch.randperm(70)
    place = torch.argsort(shuffled)
    before, _ = full_ranks(users, targets, items, domain)
    after, _ = full_ranks(users, place[targets], items[shuffled], domain[shuffled])
    assert np.array_equal(before, after)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_diverged_model_is_refused_instead_of_ranked(bad):
    users, items, domain = torch.zeros(2, 2), torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64)
    items[1, 1] = bad
    with pytest.raises(EdtError, match="no numbers"):
        full_ranks(users, torch.zeros(2, dtype=torch.int64), items, domain)
    with pytest.raises(EdtError, match="no numbers"):
        sampled_ranks(items[:2], torch.zeros(2, dtype=torch.int64), users, torch.ones(2, 1).long())


def test_no_target_gives_no_rank():
    ranks, sizes = full_ranks(
        torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), torch.zeros(3, 2), torch.zeros(3)
    )
    assert len(ranks) == len(sizes) == 0


def test_absent_columns_do_not_compete():
    scores = np.array([[1.0, 3.0, 1.0, 9.0]])
    present = np.array([[True, True, True, False]])
    # 3 is better, one other 1 ties: 1 + 1 + 1/2
    assert ranks_of(scores, np.array([0]), present).tolist() == [2.5]
