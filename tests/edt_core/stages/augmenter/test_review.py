from dataclasses import replace

import numpy as np
import pytest

from edt_core.errors import InputError, MissingInput, ReviewPending
from edt_core.stages.augmenter.review import ApplyReview, ReviewDecisions, admitted, undecided

KEPT = np.array([True, True, False, False])


def test_kept_or_accepted_and_not_rejected_is_inserted(keep):
    found = admitted(KEPT, keep(accepted=[2], rejected=[1]))
    assert found.tolist() == [True, False, True, False]
    assert admitted(KEPT, keep(accepted=[3], rejected=[3])).tolist() == KEPT.tolist()
    assert KEPT.tolist() == [True, True, False, False]


def test_only_kept_items_wait_for_a_decision(keep):
    assert undecided(KEPT, keep()).tolist() == [0, 1]
    assert undecided(KEPT, keep(accepted=[0], rejected=[3])).tolist() == [1]
    assert undecided(KEPT, keep(edited=[0, 1], fields=[{}, {}])).tolist() == []


def test_a_decision_on_an_item_that_is_not_there_is_refused(keep):
    for rows in ([4], [-1]):
        with pytest.raises(InputError):
            admitted(KEPT, keep(accepted=rows))


def test_a_required_review_waits_and_a_headless_run_does_not(rig, keep):
    shop = rig()
    decisions = ReviewDecisions(shop.generated, digest="none")
    shop.made[decisions.fingerprint] = keep()
    judged = shop.judged(threshold=0.3)
    kept = shop.load(judged).kept
    with pytest.raises(ReviewPending, match=f"{kept.sum()} kept items"):
        shop.load(ApplyReview(judged, decisions, required=True))
    assert (shop.load(ApplyReview(judged, decisions, required=False)).inserted == kept).all()


def test_decisions_are_never_computed(rig):
    shop = rig()
    with pytest.raises(MissingInput):
        shop.load(ReviewDecisions(shop.generated, digest="none"))


def test_moved_anchors_pass_through_and_one_without_an_item_is_refused(rig, keep):
    shop = rig()
    judged = shop.judged(threshold=0.3)
    positions = shop.load(judged).anchor_position
    for moved, name in (([2], "some"), ([len(positions)], "bad")):
        decisions = ReviewDecisions(shop.generated, digest=name)
        found = replace(keep(), moved=np.array(moved), anchors=np.array([9]))
        shop.made[decisions.fingerprint] = found
    review = ApplyReview(judged, ReviewDecisions(shop.generated, "some"), required=False)
    expected = positions.copy()
    expected[2] = 9
    assert shop.load(review).anchored(positions).tolist() == expected.tolist()
    with pytest.raises(InputError):
        shop.load(ApplyReview(judged, decisions, required=False))
