import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from edt_core.errors import UsageError
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import holm, paired_t, per_user, wilcoxon


def ranks(full, *, users=None, split=1):
    n = len(full)
    users = np.arange(n) if users is None else np.array(users)
    zeros = np.zeros(n, dtype=np.int64)
    full = np.array(full, dtype=np.float64)
    return Ranks(zeros + split, users, zeros, np.arange(n) % 2, full, zeros + 50, full / 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 400))
def test_both_tests_agree_with_scipy(seed, n):
    rng = np.random.default_rng(seed)
    first, second = rng.random(n), rng.random(n)
    expected = stats.ttest_rel(first, second)
    found = paired_t(first, second)
    assert found.n == n
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9, rel=1e-9)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    signed = stats.wilcoxon(first, second)
    assert wilcoxon(first, second).p == pytest.approx(signed.pvalue, abs=1e-12)
    assert wilcoxon(first, second).statistic == signed.statistic


def test_equal_models_are_not_different():
    same = np.array([0.0, 0.5, 1.0])
    assert paired_t(same, same).p == wilcoxon(same, same).p == 1.0


@pytest.mark.parametrize("metric", ["ndcg", "mrr"])
def test_the_order_of_the_seeds_makes_no_difference(metric):
    """Sums of three depend on their order in the last bit; a user whose mean is equal is equal."""
    rng = np.random.default_rng(0)
    runs = [ranks(rng.integers(1, 30, 500)) for _ in range(3)]
    first, second = (
        per_user([runs[place] for place in order], metric=metric)
        for order in ((0, 1, 2), (2, 0, 1))
    )
    assert (first != second).any()
    for test in (paired_t, wilcoxon):
        assert (test(first, second).p, test(first, second).difference) == (1.0, 0.0)


def test_equal_gains_tie_in_wilcoxons_ranks():
    first, second = np.full(12, 0.3), np.array([0.1, 0.2] * 6)
    noise = np.random.default_rng(0).uniform(-1, 1, 12) * 1e-16
    clean = wilcoxon(first, second)
    assert wilcoxon(first + noise, second) == clean
    assert clean.p == pytest.approx(stats.wilcoxon(np.array([0.2, 0.1] * 6)).pvalue)


def test_the_same_gain_for_everybody_is_certain():
    found = paired_t(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5]))
    assert (found.p, found.statistic, found.difference) == (0.0, np.inf, 0.5)


def test_holm_by_hand():
    # sorted .01 .02 .03 .04, times 4 3 2 1: .04 .06 .06 .04, never falling: .04 .06 .06 .06
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_seeds_are_averaged_within_a_user_before_anything_is_tested():
    runs = [ranks([1, 30]), ranks([3, 1])]
    assert per_user(runs).tolist() == [(1 + 0.5) / 2, 0.5]
    assert per_user(runs, metric="hit_rate", cutoff=1).tolist() == [0.5, 0.5]
    assert per_user(runs, domain=1).tolist() == [0.5]
    assert per_user(runs, split=0).tolist() == []
    assert per_user([ranks([2, 30])], metric="mrr", sampled=True).tolist() == [1.0, 1 / 15]


def test_different_users_are_never_paired():
    with pytest.raises(UsageError, match="different users"):
        per_user([ranks([1, 2]), ranks([1, 2], users=[0, 5])])
    with pytest.raises(UsageError, match="two or more users"):
        paired_t(np.ones(3), np.ones(4))
    with pytest.raises(UsageError, match="two or more users"):
        wilcoxon(np.ones(1), np.ones(1))
