"""Ranks made by hand: four users, two validation and four test targets."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from edt_core.evaluation.ranks import Ranks

MakeRanks = Callable[[Sequence[float]], Ranks]


@pytest.fixture
def ranked() -> MakeRanks:
    """Ranks of test targets of users 0, 1, ...: A for even users, B for odd ones."""

    def make(test: Sequence[float]) -> Ranks:
        n = len(test)
        users = np.arange(n)
        full = np.concatenate([np.full(n, 50.0), np.array(test, dtype=np.float64)])
        return Ranks(
            split=np.repeat([0, 1], n),
            users=np.concatenate([users, users]),
            targets=np.arange(2 * n),
            domains=np.concatenate([users % 2, users % 2]),
            rank_full=full,
            candidates_full=np.full(2 * n, 60),
            rank_sampled=np.maximum(full / 2, 1.0),
        )

    return make
