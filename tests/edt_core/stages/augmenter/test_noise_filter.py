from dataclasses import replace

import numpy as np
import pytest

from edt_core.data.sequences import Domain
from edt_core.data.vectors import unit_rows
from edt_core.errors import UsageError
from edt_core.stages.augmenter.noise_filter import (
    best_matches,
    percentile_thresholds,
    ranks_within,
    verdicts,
)


def slow_match(vector, candidates):
    """Eq. 5, one candidate after another; the later one on a tie."""
    best, place = -2.0, -1
    for index, other in enumerate(candidates):
        cosine = vector @ other / (np.linalg.norm(vector) * np.linalg.norm(other))
        if cosine >= best:
            best, place = cosine, index
    return best, place


def test_scores_and_anchors_are_those_of_equation_5(rig):
    shop = rig({"clusters.n_clusters": 4})
    judged, drafts = shop.load(shop.judged()), shop.load(shop.generated)
    vectors, table = shop.load(shop.draft_vectors).vectors, shop.load(shop.embedded).vectors
    chosen, histories = shop.load(shop.chosen), shop.histories.sequences
    for row in range(len(drafts)):
        user, target = int(drafts.users[row]), Domain(int(drafts.targets[row]))
        for domain, score in ((target.other, judged.source_score), (target, judged.target_score)):
            positions = chosen.of(user, domain)
            best, _ = slow_match(vectors[row], table[histories.of(user)[positions]])
            assert score[row] == pytest.approx(best, abs=1e-5)
            if domain == target.other:
                anchor = histories.of(user)[judged.anchor_position[row]]
                assert shop.catalogue.domain[anchor] == domain
                reached = table[anchor] @ vectors[row]
                assert reached == pytest.approx(best, abs=1e-5)
                assert judged.anchor_position[row] in positions


def test_verdicts_are_those_of_equation_6(rig):
    shop = rig()
    judged, drafts = shop.load(shop.judged(top_k=2, threshold=0.4)), shop.load(shop.generated)
    for row in range(len(drafts)):
        mine = (drafts.users == drafts.users[row]) & (drafts.targets == drafts.targets[row])
        better = int((judged.source_score[mine] > judged.source_score[row]).sum())
        assert judged.source_rank[row] >= better + 1
        expected = judged.source_rank[row] <= 2 and judged.target_score[row] >= np.float32(0.4)
        assert judged.kept[row] == expected
    assert 0 < judged.kept.sum() < len(drafts)


def test_nobody_is_promoted_when_a_better_one_fails():
    ranks = ranks_within(np.zeros(3, dtype=np.int64), np.array([0.9, 0.8, 0.7], dtype=np.float32))
    kept = verdicts(ranks, np.array([0.1, 0.1, 0.95]), np.full(3, 0.9), top_k=2)
    assert kept.tolist() == [False, False, False]


def test_ranks_count_within_a_row_and_equal_scores_by_their_order():
    rows = np.array([7, 2, 7, 2, 7])
    scores = np.array([0.1, 0.5, 0.3, 0.5, 0.3], dtype=np.float32)
    assert ranks_within(rows, scores).tolist() == [3, 1, 1, 2, 2]
    assert ranks_within(rows[:0], scores[:0]).tolist() == []


def test_a_later_representative_wins_a_tie_and_an_empty_row_is_undefined():
    table = unit_rows(np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32))
    queries = np.array([[3, 0], [3, 1]], dtype=np.float32)
    scores, best = best_matches(
        queries, np.array([0, 1]), table, np.array([0, 1, 2]), np.array([0, 3, 3])
    )
    assert scores.tolist() == [1.0, -2.0]
    assert best.tolist() == [2, -1]


def test_the_order_of_the_drafts_does_not_change_a_score():
    rng = np.random.default_rng(0)
    table = unit_rows(rng.standard_normal((40, 8)).astype(np.float32))
    queries = rng.standard_normal((60, 8)).astype(np.float32)
    rows, keys = rng.integers(0, 10, 60), rng.integers(0, 40, 50)
    offsets = np.arange(0, 55, 5)
    order = rng.permutation(60)
    scores, best = best_matches(queries, rows, table, keys, offsets)
    shuffled, shuffled_best = best_matches(queries[order], rows[order], table, keys, offsets)
    np.testing.assert_allclose(shuffled, scores[order], atol=1e-6)
    assert (shuffled_best == best[order]).all()


def test_more_is_kept_with_a_lower_threshold_or_a_larger_top_k(rig):
    shop = rig()

    def kept(**settings):
        return shop.load(shop.judged(**settings)).kept

    for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 0.9)):
        assert (kept(threshold=low) | ~kept(threshold=high)).all()
    for few, more in ((1, 2), (2, 4)):
        assert (kept(top_k=more, threshold=0.3) | ~kept(top_k=few, threshold=0.3)).all()
    assert kept(threshold=-1.0, top_k=100).all()


def test_without_the_filter_everything_is_kept_and_anchors_stay(rig):
    shop = rig({"noise_filter.empty_target": "catalogue"})
    off, on = shop.load(shop.judged(enabled=False)), shop.load(shop.judged())
    assert off.kept.all()
    assert not on.kept.all()
    assert (off.anchor_position == on.anchor_position).all()
    assert (off.anchor_position >= 0).all()


def test_an_empty_target_domain_is_skipped_or_scored_against_its_whole_catalogue(rig):
    shop = rig({"noise_filter.empty_target": "catalogue"})
    drafts, table = shop.load(shop.generated), shop.load(shop.embedded).vectors
    vectors = shop.load(shop.draft_vectors).vectors
    rows = np.flatnonzero(drafts.users == 30)
    assert (drafts.targets[rows] == 1).all()
    scored = shop.load(shop.judged(threshold=-1.0, top_k=100))
    best = (vectors[rows] @ table[shop.catalogue.domain == 1].T).max(axis=1)
    np.testing.assert_allclose(scored.target_score[rows], best, atol=1e-5)
    assert scored.kept[rows].all()
    skipped = shop.load(shop.judged(empty_target="skip", threshold=-1.0, top_k=100))
    assert (skipped.target_score[rows] == -2.0).all()
    assert not skipped.kept[rows].any()


def test_a_percentile_is_what_that_share_of_random_real_items_stays_below(rig):
    shop = rig()
    table, domain = shop.load(shop.embedded).vectors, shop.catalogue.domain
    chosen, histories = shop.load(shop.chosen), shop.histories.sequences
    keys = chosen.keys(histories)
    found = percentile_thresholds(0.8, table, domain, keys, chosen.offsets)
    for side in Domain:
        scores = []
        for user in range(histories.n_users):
            mine = histories.of(user)[chosen.of(user, side)]
            if len(mine):
                scores.append((table[domain == side] @ table[mine].T).max(axis=1))
        assert found[side] == pytest.approx(np.quantile(np.concatenate(scores), 0.8), abs=0.03)
    judged = shop.load(shop.judged(threshold=0.8, threshold_kind="percentile"))
    assert (judged.thresholds == found).all()


def test_a_negative_percentile_is_refused(rig):
    shop = rig()
    with pytest.raises(UsageError, match="percentile"):
        shop.load(shop.judged(threshold=-0.5, threshold_kind="percentile"))


def test_equal_texts_get_equal_vectors_in_both_embedding_stages(rig):
    shop = rig()
    drafts, catalogue = shop.load(shop.generated), shop.catalogue
    row = 0
    key = int(catalogue.keys_of(Domain(int(drafts.targets[row])))[0])
    text = catalogue.text(key)
    same = replace(
        drafts,
        titles=[text.title, *drafts.titles[1:]],
        brands=[text.brand, *drafts.brands[1:]],
        prices=[text.price, *drafts.prices[1:]],
        categories=[list(text.categories), *drafts.categories[1:]],
    )
    shop.made[shop.generated.fingerprint] = same
    assert (
        shop.load(shop.draft_vectors).vectors[row] == shop.load(shop.embedded).vectors[key]
    ).all()
