"""The queue's order, as ids."""

import pytest

from edt_core.errors import UsageError
from edt_core.store.review_queue import Wanted, generated_by_ids, generated_ids, generated_page


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


def test_ids_are_narrowed_and_a_bad_condition_is_refused(project):
    assert generated_ids(project, Wanted(direction="a2b", text="3")).tolist() == [4]
    assert generated_ids(project, Wanted(where="id < 3"), near=(0.5, 0.5)).tolist() == [2, 1]
    with pytest.raises(UsageError):
        generated_ids(project, Wanted(where="id <"))


def test_lines_come_for_the_ids_that_exist(project):
    assert [line.id for line in generated_by_ids(project, [3, 1, 99])] in ([1, 3], [3, 1])
