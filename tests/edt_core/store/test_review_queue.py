"""The queue's order, as ids."""

import numpy as np
import pytest

from edt_core.errors import UsageError
from edt_core.store import database
from edt_core.store.generated import record_drafts
from edt_core.store.review import decide, edit
from edt_core.store.review_queue import (
    Wanted,
    generated_by_ids,
    generated_count,
    generated_ids,
    generated_page,
    nearest_ids,
)
from edt_core.store.scores import score_columns


def test_ids_stand_in_the_order_of_the_pages(project):
    for order in ("id", "target_score"):
        for descending in (False, True):
            page = generated_page(project, order=order, descending=descending)
            ids = generated_ids(project, order=order, descending=descending)
            assert ids.tolist() == [line.id for line in page]


def test_the_closest_to_its_domains_threshold_comes_first_and_one_without_a_score_last(project):
    # scores 0.0, 0.1, 0.2 and none; domains 0, 1, 0, 1
    assert generated_ids(project, near=(0.2, 0.05)).tolist() == [3, 2, 1, 4]
    assert generated_ids(project, near=(0.0, 0.9)).tolist() == [1, 3, 2, 4]


def test_the_first_of_the_closest_are_those_of_all_the_closest(project):
    for thresholds in ((0.5, 0.8), (0.0, 1.0)):
        closest = generated_ids(project, near=thresholds)
        scored = [line.id for line in generated_page(project) if line.target_score is not None]
        first = nearest_ids(project, thresholds, 2)
        assert first.tolist() == closest[:2].tolist()
        assert set(nearest_ids(project, thresholds, 9).tolist()) == set(scored)


def test_ids_are_narrowed_and_a_bad_condition_is_refused(project):
    assert generated_ids(project, Wanted(direction="a2b", text="3")).tolist() == [4]
    assert generated_ids(project, Wanted(where="id < 3"), near=(0.5, 0.5)).tolist() == [2, 1]
    with pytest.raises(UsageError):
        generated_ids(project, Wanted(where="id <"))


def test_lines_come_for_the_ids_that_exist(project):
    assert [line.id for line in generated_by_ids(project, [3, 1, 99])] in ([1, 3], [3, 1])


def test_a_text_is_found_in_either_title_and_its_signs_are_no_wildcards(project):
    edit(project, 1, {"title": "100% Wool_Sock!"})
    for text in ("wool_s", "100%", "K!", "draft 0"):
        assert generated_ids(project, Wanted(text=text)).tolist() == [1]
    assert generated_count(project, Wanted(text="draft")) == 4
    for text in ("%", "_", "!", "0%w"):
        assert generated_count(project, Wanted(text=text)) == (text in "100% Wool_Sock!")


def test_ids_are_those_of_every_condition_alone_and_with_others(project):
    decide(project, "accept", [1, 2])
    for wanted in (
        Wanted(direction="a2b"),
        Wanted(verdict="kept"),
        Wanted(verdict="undecided"),
        Wanted(verdict="undecided", direction="b2a", where="target_score > 0.15"),
        Wanted(verdict="kept", direction="b2a"),
        Wanted(verdict="filtered", where="direction = a2b"),
        Wanted(verdict="kept", user="u0"),
        Wanted(verdict="accepted", where="categories ~ new"),
        Wanted(user="u0", direction="b2a"),
        Wanted(direction="b2a", where="target_score < 0.15"),
        Wanted(where="target_score < 0.15 or direction = b2a"),
        Wanted(where="target_score = none or source_score > 0.1"),
    ):
        for order in ("id", "target_score", "source_score"):
            page = [line.id for line in generated_page(project, wanted, order=order)]
            assert generated_ids(project, wanted, order=order).tolist() == page
        assert generated_count(project, wanted) == len(page) > 0


def test_items_of_other_drafts_are_not_among_them(project, toy):
    record_drafts(project, "e" * 40, toy.drafts(6))
    assert generated_ids(project).tolist() == list(range(5, 11))
    assert generated_ids(project, Wanted(direction="a2b")).tolist() == [6, 8, 10]
    assert len(score_columns(project).ids) == 0


def test_columns_hold_what_the_rows_do(project):
    decide(project, "reject", [3])
    edit(project, 4, {"title": "Wok"})
    found, lines = score_columns(project), generated_page(project)
    assert found.ids.tolist() == [1, 2, 3, 4]
    assert found.targets.tolist() == [0, 1, 0, 1]
    assert found.users.tolist() == [0, 1, 2, 0]
    assert found.source_ranks.tolist() == [1, 1, 1, 1]
    np.testing.assert_array_equal(found.target_scores, np.float32([0.0, 0.1, 0.2, np.nan]))
    assert found.decisions.tolist() == [0, 0, 2, 3]
    scores = [np.nan if line.source_score is None else line.source_score for line in lines]
    np.testing.assert_allclose(found.source_scores, scores, atol=5e-5)


def test_blocks_together_are_the_whole(project, toy, monkeypatch):
    record_drafts(project, "e" * 40, toy.drafts(9))
    whole = [
        generated_ids(project, wanted, order=order).tolist()
        for wanted in (Wanted(), Wanted(direction="a2b"), Wanted(text="o"))
        for order in ("id", "source_score")
    ]
    monkeypatch.setattr(database, "_BLOCK", 2)
    assert whole == [
        generated_ids(project, wanted, order=order).tolist()
        for wanted in (Wanted(), Wanted(direction="a2b"), Wanted(text="o"))
        for order in ("id", "source_score")
    ]
    assert len(whole[0]) == 9
