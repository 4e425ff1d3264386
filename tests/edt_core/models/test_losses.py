import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edt_core.models.losses import alignment, pairwise

SCORES = st.lists(
    st.tuples(st.floats(-9, 9, width=32), st.floats(-9, 9, width=32)), min_size=1, max_size=8
)


def sigma(x):
    return 1 / (1 + math.exp(-x))


def columns(pairs):
    return torch.tensor(pairs, dtype=torch.float64).unbind(1)


@given(SCORES)
def test_eq_9_and_12_as_loops(pairs):
    wanted = sum(-math.log(sigma(positive - negative)) for positive, negative in pairs)
    assert pairwise(*columns(pairs), "bpr").item() == pytest.approx(wanted / len(pairs), abs=1e-9)


@given(SCORES)
def test_bce_as_loops(pairs):
    wanted = sum(-math.log(sigma(p)) - math.log(sigma(-n)) for p, n in pairs)
    assert pairwise(*columns(pairs), "bce").item() == pytest.approx(wanted / len(pairs), abs=1e-9)


def test_no_position_costs_nothing():
    assert pairwise(torch.empty(0), torch.empty(0), "bpr").item() == 0


def eq_13(users, profiles, temperature):
    """One side after the other, one user after the other, as printed."""

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    def side(left, right):
        total = 0.0
        for i, user in enumerate(left):
            below = sum(
                math.exp(cosine(user, other) / temperature)
                for j, other in enumerate(right)
                if i != j
            )
            total += math.log(math.exp(cosine(user, right[i]) / temperature) / below)
        return -total / len(left)

    return side(users, profiles) + side(profiles, users)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_eq_13_as_loops(temperature):
    rng = np.random.default_rng(1)
    users, profiles = rng.normal(size=(2, 5, 7))
    found = alignment(torch.tensor(users), torch.tensor(profiles), temperature=temperature)
    assert found.item() == pytest.approx(eq_13(users, profiles, temperature), rel=1e-9)


def test_eq_13_by_hand():
    # two users who fit their own profile and are orthogonal to the other's: -log(e / 1), twice
    found = alignment(torch.eye(2), torch.eye(2), temperature=1.0)
    assert found.item() == pytest.approx(-2.0)


def test_nobody_is_told_apart_in_a_batch_of_one():
    users = torch.ones(1, 3, requires_grad=True)
    assert alignment(users, torch.ones(1, 3), temperature=1.0).item() == 0
