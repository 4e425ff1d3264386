import numpy as np
import pytest
import pytrec_eval

from edt_core.errors import UsageError
from edt_core.evaluation.metrics import gains, hit_rate, hits, mrr, ndcg, values

CUTOFFS = (1, 5, 10, 20)


def test_metrics_agree_with_trec_eval():
    """Scores are distinct, so that trec_eval's own rule for ties does not matter."""
    rng = np.random.default_rng(3)
    scores = rng.permuted(np.tile(np.arange(40.0), (60, 1)), axis=1)
    ranks = 1.0 + (scores > scores[:, :1]).sum(axis=1)
    truth = {f"u{u:02}": {"i0": 1} for u in range(60)}
    run = {f"u{u:02}": {f"i{i}": float(s) for i, s in enumerate(scores[u])} for u in range(60)}
    cuts = ",".join(str(k) for k in CUTOFFS)
    evaluator = pytrec_eval.RelevanceEvaluator(
        truth, {f"ndcg_cut.{cuts}", f"success.{cuts}", "recip_rank"}
    )
    found = [each for _, each in sorted(evaluator.evaluate(run).items())]

    for k in CUTOFFS:
        np.testing.assert_allclose(hits(ranks, k), [each[f"success_{k}"] for each in found])
        np.testing.assert_allclose(gains(ranks, k), [each[f"ndcg_cut_{k}"] for each in found])
    assert mrr(ranks) == pytest.approx(np.mean([each["recip_rank"] for each in found]))


def test_four_users_by_hand():
    ranks = np.array([1.0, 3.0, 10.0, 11.0])
    assert hit_rate(ranks, 10) == 0.75
    # 1/log2(2) + 1/log2(4) + 1/log2(11), over four
    assert ndcg(ranks, 10) == pytest.approx((1 + 0.5 + 0.2890648263) / 4)
    assert mrr(ranks) == pytest.approx((1 + 1 / 3 + 1 / 10 + 1 / 11) / 4)


def test_a_tie_across_the_cutoff_is_no_hit():
    assert hits(np.array([10.0, 10.5]), 10).tolist() == [1.0, 0.0]


def test_a_shared_first_place_gains_less_than_a_clear_one():
    assert gains(np.array([1.5]), 10)[0] == pytest.approx(1 / np.log2(2.5))


def test_without_users_there_is_no_metric():
    assert np.isnan(hit_rate(np.empty(0), 10))
    assert np.isnan(ndcg(np.empty(0), 10))
    assert np.isnan(mrr(np.empty(0)))


def test_an_unknown_metric_is_named():
    with pytest.raises(UsageError, match="recall"):
        values("recall", np.ones(1), 10)
