"""Scores of edited texts: shown while the texts and the verdicts are those that they are about."""

import pytest

from edt_core.store import review
from edt_core.store.questions import drafts_of_user
from edt_core.store.rescored import ItemScore, keep_score, kept_scores, texts_digest
from edt_core.store.review_context import queue_state
from edt_core.store.review_queue import generated_by_ids, generated_item
from edt_core.store.shown import show, shown

JUDGED = "j" * 40
SCORE = ItemScore(1, 0.5, None, 2, 0, 0.75, kept=True)


@pytest.fixture
def edited(project):
    """The toy with verdicts, and item 1 with another title that was scored."""
    show(project, "judged", JUDGED)
    review.edit(project, 1, {"title": "Better"})
    keep_score(project, SCORE, texts_digest(generated_item(project, 1).edited), JUDGED)
    return project


def test_a_score_is_back_whenever_its_texts_are(edited):
    assert kept_scores(edited, [1, 2]) == {1: SCORE}
    review.edit(edited, 1, {"anchor_position": 0})
    assert kept_scores(edited, [1]) == {1: SCORE}
    review.undo(edited)
    review.edit(edited, 1, {"brand": "New"})
    assert kept_scores(edited, [1]) == {}
    review.undo(edited)
    assert kept_scores(edited, [1]) == {1: SCORE}
    review.undo(edited)
    assert kept_scores(edited, [1]) == {}
    review.redo(edited)
    assert kept_scores(edited, [1]) == {1: SCORE}


def test_every_version_of_a_text_keeps_its_own_and_the_newest_stands(edited):
    review.edit(edited, 1, {"brand": "New"})
    digest = texts_digest(generated_item(edited, 1).edited)
    for rank in (4, 3):
        keep_score(edited, ItemScore(1, None, 1.0, rank, None, 0.75, kept=False), digest, JUDGED)
    assert kept_scores(edited, [1])[1].source_rank == 3
    review.undo(edited)
    assert kept_scores(edited, [1]) == {1: SCORE}


def test_a_score_is_never_shown_beside_other_verdicts(edited):
    show(edited, "judged", "k" * 40)
    assert kept_scores(edited, [1]) == {}
    show(edited, "judged", JUDGED)
    assert kept_scores(edited, [1]) == {1: SCORE}


def test_a_user_s_items_come_with_the_scores_of_their_present_texts(edited):
    fingerprint = shown(edited, "drafts")
    (user,) = {line.user for line in generated_by_ids(edited, [1])}
    found = {one.id: one.rescored for one in drafts_of_user(edited, user, fingerprint)}
    assert found[1] == SCORE
    assert [number for number, new in found.items() if new] == [1]


def test_a_score_goes_with_the_result_that_it_was_ranked_in(edited):
    edited.artifacts._drop([JUDGED])
    show(edited, "judged", JUDGED)  # made anew under the same fingerprint
    assert kept_scores(edited, [1]) == {}


def test_the_state_of_the_queue_changes_with_a_score(edited):
    before = queue_state(edited)
    keep_score(edited, SCORE, texts_digest(generated_item(edited, 1).edited), JUDGED)
    after = queue_state(edited)
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_digest_names_texts_alone():
    assert texts_digest({}) == texts_digest({"anchor_position": 3}) == ""
    assert texts_digest({"title": "a", "anchor_position": 3}) == texts_digest({"title": "a"})
    assert texts_digest({"title": "a"}) != texts_digest({"brand": "a"})
