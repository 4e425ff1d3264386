"""``kill -9`` at random moments: no stored answer is lost or bought again."""

import pytest
from kills import CONCURRENCY, killed


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_repeat_only_what_was_in_flight(tmp_path):
    cost = killed(tmp_path, 20, 700, seed=7)
    assert cost.same
    assert cost.bought_again == 0
    assert cost.repeated <= cost.unknown <= 20 * CONCURRENCY
    assert set(cost.steps) == {"embedding", "generate", "analyze"}  # every kind was hit
    assert cost.leaks == 0
