"""What the review queue says, without a screen."""

import pytest
from review_project import HELD_OUT, queue_project

from edt_app.tui.screens.review import view
from edt_app.tui.screens.review.acts import act_text, acts_text
from edt_core.actions.reviewing import item_context, standing
from edt_core.store import review
from edt_core.store.questions import counts
from edt_core.store.review_context import last_acts
from edt_core.store.review_queue import Wanted


@pytest.fixture
def project(tmp_path):
    with queue_project(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("a2b undecided", Wanted(direction="a2b", verdict="undecided")),
        ("user=u17 trail vest", Wanted(user="u17", text="trail vest")),
        ("user:u17 kept", Wanted(user="u17", verdict="kept")),
        ("target_score<0.8", Wanted(where="target_score<0.8")),
        (
            "b2a hat target_score < 0.8 and direction = a2b",
            Wanted(direction="b2a", text="hat", where="target_score < 0.8 and direction = a2b"),
        ),
        ("not inserted=1", Wanted(where="not inserted=1")),
        ("user=u1 and id<9", Wanted(where="user=u1 and id<9")),
        ("kept kept", Wanted(verdict="kept", text="kept")),
    ],
)
def test_a_filter_is_read_as_it_is_typed(text, wanted):
    assert view.parse_filter(text) == wanted
    assert view.parse_filter(view.filter_words(wanted)) == wanted


def test_a_row_tells_verdict_and_decision_by_signs_and_words(project):
    review.decide(project, "reject", [1])
    item = item_context(project, 1).item
    mark, word, direction, score, title = view.queue_row(item)
    assert (mark[0], word, direction, score) == ("✗", "drop", "B→A", "0.700")
    assert title == "Generated 0"
    assert view.queue_row(item._replace(target_score=None, verdict=None))[1:4] == (
        "-",
        "B→A",
        "  -  ",
    )


def test_scores_stand_beside_what_is_asked(project):
    text = view.verdict_text(item_context(project, 40), standing(project), str, scoring=False).plain
    assert "source 0.500  rank 5 of 5 (top_k 3 ✗)" in text
    assert "target 1.000  asked 0.900, ▲ +0.100" in text
    assert "none yet" in text


def test_what_rounds_to_nothing_has_no_sign():
    assert [view.score(value) for value in (-1e-5, 1e-5, -0.25)] == ["0.000", "0.000", "-0.250"]


def test_the_history_has_the_item_after_its_anchor_and_nothing_held_out(project):
    context = item_context(project, 3)
    lines = view.history_text(context, "anchor", 20).plain.splitlines()
    at = next(n for n, line in enumerate(lines) if "this" in line)
    assert "anchor ▸" in lines[at - 1]
    assert "Real Item 4" in lines[at - 1]
    assert lines[-1].strip() == "2 later events held out and hidden"
    assert not any(title in "\n".join(lines) for title in HELD_OUT)
    end = view.history_text(context, "end", 20).plain.splitlines()
    assert "this" in end[-2]


def test_a_short_pane_keeps_the_place_of_insertion_and_says_what_is_left_out(project):
    for number in range(1, 7):
        context = item_context(project, number)
        lines = view.history_text(context, "anchor", 4).plain.splitlines()
        assert len(lines) == 4
        assert any("this" in line for line in lines)
        assert "not shown" in lines[-1]


def test_the_accept_rate_has_its_interval_and_says_what_it_is_not(project):
    assert view.progress(counts(project), wide=True) == "0 of 14 kept decided"
    review.decide(project, "accept", list(range(31, 40)))
    review.decide(project, "reject", [40])
    text = view.progress(counts(project), wide=True)
    assert "10 of 14 kept decided" in text
    assert "accept 90% (60-98%" in text
    assert "no random sample" in text
    assert len(view.progress(counts(project), wide=False)) < 50
    review.decide(project, "accept", [1])  # which the filter dropped: there is no more to do
    assert "10 of 14 kept decided, 1 filtered" in view.progress(counts(project), wide=True)
    short = view.progress(counts(project), wide=False)
    assert short == "accept 91% (62-98%) · 10/14 kept decided, 1 filtered"


def test_acts_are_told_with_reason_and_undoing(project):
    review.decide(project, "reject", [1], by="edt-app", note="too generic")
    review.undo(project)
    (act,) = last_acts(project)
    assert act_text(act) == "✗ reject (too generic) #1 Generated 0 (undone)"


def test_a_single_line_tells_the_act_that_an_undo_takes_back(project):
    def told(width=80):
        return acts_text(last_acts(project, 5), 1, width, str).plain

    assert "{review.accept} accepts" in told()
    review.decide(project, "accept", [1])
    review.decide(project, "reject", [2])
    assert told() == "last: ✗ reject #2 Generated 1 · {review.undo} undoes"
    review.undo(project)
    assert told() == ("last: ✓ accept #1 Generated 0 · {review.undo} undoes · {review.redo} redoes")
    review.undo(project)
    assert told() == "the last acts are undone · {review.redo} redoes"
    review.redo(project)
    assert told(72) == ("last: ✓ accept #1 Gener… · {review.undo} undoes · {review.redo} redoes")


def test_days_of_any_size(project):
    assert view.day(1_600_000_000) == view.day(1_600_000_000_000) == "2020-09-13"
    assert view.day(10**30) == str(10**30)
