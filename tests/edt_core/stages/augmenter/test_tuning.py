from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.stages.augmenter.noise_filter import verdicts
from edt_core.stages.augmenter.review import Decisions, admitted
from edt_core.stages.augmenter.tuning import ACCEPTED, EDITED, REJECTED, Cut, Scored, Tuner, wilson


def random_scored(seed, n=400, n_users=40):
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.7, 0.2, n).clip(-1, 1).round(2).astype(np.float32)
    scores[rng.random(n) < 0.05] = np.nan
    return Scored(
        ids=np.arange(n) + 1000,
        targets=rng.integers(0, 2, n),
        users=rng.integers(0, n_users, n),
        source_ranks=rng.integers(1, 6, n),
        source_scores=np.where(rng.random(n) < 0.05, np.nan, rng.uniform(-0.2, 1, n)),
        target_scores=scores,
        decisions=rng.choice([0, 0, 0, ACCEPTED, REJECTED, EDITED], n),
        n_users=n_users,
    )


def inserted(scored, cut):
    """What a run would insert: the filter's own rule, then the review's own."""
    thresholds = np.array(cut.thresholds, dtype=np.float32)[scored.targets]
    kept = verdicts(
        scored.source_ranks, np.nan_to_num(scored.target_scores, nan=-2.0), thresholds, cut.top_k
    )
    none = np.zeros(0, dtype=np.int64)
    decisions = Decisions(
        np.flatnonzero((scored.decisions == ACCEPTED) | (scored.decisions == EDITED)),
        np.flatnonzero(scored.decisions == REJECTED),
        none,
        [],
    )
    return admitted(kept, decisions)


@given(
    seed=st.integers(0, 50),
    top_k=st.integers(1, 6),
    a=st.floats(-1, 1, width=32),
    b=st.floats(-1, 1, width=32),
)
def test_an_answer_is_what_filter_and_review_would_insert(seed, top_k, a, b):
    scored = random_scored(seed)
    cut, tuner = Cut(top_k, (a, b)), Tuner(scored)
    went_in = inserted(scored, cut)
    both = tuner.answer(cut)
    assert both.kept == went_in.sum()
    assert both.users == len(np.unique(scored.users[went_in]))
    assert both.per_user == pytest.approx(went_in.sum() / scored.n_users)
    for side in (0, 1):
        one = tuner.answer(cut, side)
        mine = went_in & (scored.targets == side)
        assert one.kept == mine.sum()
        assert one.users == len(np.unique(scored.users[mine]))


def test_a_histogram_holds_every_undecided_item_down_to_the_rank():
    scored = random_scored(3)
    edges, cut = np.linspace(-1, 1, 21), Cut(2, (0.55, 0.73))
    found = Tuner(scored).targets(1, cut, edges)
    near = (scored.decisions == 0) & (scored.source_ranks <= 2) & (scored.targets == 1)
    assert found.unscored == (near & np.isnan(scored.target_scores)).sum()
    some = scored.target_scores[near & ~np.isnan(scored.target_scores)]
    expected, _ = np.histogram(some, bins=edges.astype(np.float32))
    assert (found.kept + found.dropped).tolist() == expected.tolist()
    assert found.kept.sum() == (some >= np.float32(0.73)).sum()
    other, both = Tuner(scored).targets(0, cut, edges), Tuner(scored).targets(None, cut, edges)
    assert (other + found).kept.tolist() == both.kept.tolist()
    assert both.unscored == found.unscored + other.unscored


@pytest.mark.parametrize("side", [0, 1, None])
@pytest.mark.parametrize("top_k", [1, 3, 5])
def test_source_scores_are_counted_by_what_the_rank_keeps(side, top_k):
    scored = random_scored(4)
    tuner = Tuner(scored)
    found, near = tuner.sources(side, top_k), scored.decisions == 0
    near &= True if side is None else scored.targets == side
    known = near & ~np.isnan(scored.source_scores)
    assert found.unscored == near.sum() - known.sum()
    for counts, some in (
        (found.kept, known & (scored.source_ranks <= top_k)),
        (found.dropped, known & (scored.source_ranks > top_k)),
    ):
        expected, _ = np.histogram(scored.source_scores[some], bins=tuner.source_edges)
        assert counts.tolist() == expected.tolist()
    last = scored.source_scores[known & (scored.source_ranks == top_k)]
    assert tuner.rank_cut(side, top_k) == pytest.approx(np.median(last))
    assert tuner.rank_cut(side, 9) is None


def test_flips_are_the_difference_of_two_cuts_nearest_first():
    scored = random_scored(5)
    before, after = Cut(3, (0.6, 0.6)), Cut(2, (0.7, 0.7))
    dropped, added = Tuner(scored).flips(0, before, after, 1000)
    side = scored.targets == 0
    gone = inserted(scored, before) & ~inserted(scored, after) & side
    assert set(dropped.tolist()) == set(scored.ids[gone].tolist())
    assert len(added) == 0
    distance = np.abs(scored.target_scores[dropped - 1000] - 0.7)
    assert (np.diff(distance) >= 0).all()


def test_items_just_below_and_above_the_cut():
    scored = random_scored(7)
    below, above = Tuner(scored).around(1, Cut(5, (0.5, 0.7)), 4)
    assert (scored.target_scores[below - 1000] < 0.7).all()
    assert (scored.target_scores[above - 1000] >= np.float32(0.7)).all()
    assert len(below) == len(above) == 4


def test_precision_is_over_reviewed_items_that_the_cut_keeps():
    scored = random_scored(9)
    cut = Cut(3, (0.6, 0.6))
    found = Tuner(scored).precision(cut)
    passed = (scored.source_ranks <= 3) & (np.nan_to_num(scored.target_scores, nan=-2) >= 0.6)
    good = (passed & (scored.decisions == ACCEPTED)).sum()
    bad = (passed & (scored.decisions == REJECTED)).sum()
    assert (found.good, found.reviewed) == (good, good + bad)
    assert found.low < found.value < found.high


def test_wilson_agrees_with_a_worked_example():
    low, high = wilson(81, 263)  # Newcombe 1998, method 3 without continuity correction
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_score_on_the_threshold_counts_its_user_as_it_counts_its_item():
    """0.9 is less in single precision than in double, in which settings stand."""
    scored = replace(
        random_scored(0, n=4, n_users=4),
        targets=np.zeros(4, dtype=np.int64),
        users=np.arange(4),
        source_ranks=np.ones(4, dtype=np.int64),
        target_scores=np.array([0.8, 0.9, 0.9, 0.95], dtype=np.float32),
        decisions=np.zeros(4, dtype=np.int64),
    )
    answer = Tuner(scored).answer(Cut(1, (0.9, 0.9)), 0)
    assert (answer.kept, answer.users) == (3, 3)
