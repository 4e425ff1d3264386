"""What a reviewer may see around an item."""

from itertools import pairwise

import pytest
from sqlalchemy import event

from edt_core.store import review
from edt_core.store.questions import item_names, sequence
from edt_core.store.review_context import last_acts, origin, queue_state, training_history
from edt_core.store.review_queue import Wanted, generated_ids, generated_page


def plans(project, act):
    """How SQLite goes about every question that ``act`` asks."""
    asked = []

    def note(connection, cursor, statement, values, context, many):
        asked.append((statement, values))

    with project.database.read() as session:
        engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with project.database.read() as session:
        for statement, values in asked:
            explain = f"EXPLAIN QUERY PLAN {statement}"
            for *_, how in session.connection().exec_driver_sql(explain, values):
                yield how


@pytest.mark.parametrize(
    "act",
    [
        lambda project: origin(project, 1),
        lambda project: generated_ids(project, Wanted(direction="a2b", user="u1")),
        lambda project: generated_ids(project, Wanted(verdict="undecided", user="u1")),
        lambda project: generated_page(project, Wanted(direction="a2b", user="u1")),
    ],
    ids=["origin", "ids", "undecided", "page"],
)
def test_what_is_asked_of_one_user_is_not_looked_for_among_all(project, act):
    found = [how for how in plans(project, lambda: act(project)) if "generated_drafts" in how]
    assert any("ix_generated_drafts_user (drafts=? AND user=?)" in how for how in found), found
    assert not any("target" in how for how in found)


@pytest.mark.parametrize(
    "options",
    [
        {"wanted": Wanted(direction="a2b", verdict="kept"), "near": (0.5, 0.5)},
        {"wanted": Wanted(verdict="undecided"), "near": (0.5, 0.5)},
        {"wanted": Wanted(where="target_score < 0.5"), "order": "target_score"},
        {"order": "target_score"},
    ],
    ids=["kept", "undecided", "condition", "all"],
)
def test_ids_by_score_come_out_of_an_index_alone_and_unsorted(project, options):
    asked = plans(project, lambda: generated_ids(project, **options))
    found = [how for how in asked if "generated" in how or "TEMP" in how]
    assert found
    assert all("COVERING INDEX" in how for how in found), found


def test_held_out_events_are_counted_and_never_given(project):
    for user in range(3):
        events = sequence(project, user)
        history = training_history(project, user)
        training = [event for event in events if event.split == "train"]
        assert [event.position for event in history.events] == [e.position for e in training]
        assert [event.name for event in history.events] == [e.title for e in training]
        assert history.hidden == len(events) - len(training)
    assert training_history(project, 0).hidden == 2


def test_an_item_without_a_title_is_called_by_its_brand_and_source_id(project):
    with project.database.write() as session:
        session.connection().exec_driver_sql("UPDATE item SET title = '' WHERE key < 2")
    names = {event.key: event.name for event in training_history(project, 0).events}
    assert names == {0: "a x", 2: "Pot"}
    assert item_names(project, [0, 1, 2, 99]) == {0: "a x", 1: "y", 2: "Pot"}


def test_the_last_acts_are_listed_newest_first_with_what_was_undone(project):
    review.decide(project, "accept", [1], by="x", note="good")
    review.decide(project, "reject", [2, 3])
    review.undo(project)
    acts = last_acts(project)
    assert [(a.action, a.items, a.title, a.undone) for a in acts] == [
        ("reject", 2, "Draft 1", True),
        ("accept", 1, "Draft 0", False),
    ]
    assert (acts[1].by, acts[1].note) == ("x", "good")
    review.redo(project)
    assert len(last_acts(project, 1)) == 1


def test_the_state_changes_with_every_act_and_its_undoing(project):
    states = [queue_state(project)]
    for act in (
        lambda: review.decide(project, "accept", [1]),
        lambda: review.undo(project),
        lambda: review.redo(project),
        lambda: review.undo(project),
    ):
        act()
        states.append(queue_state(project))
    assert all(a != b for a, b in pairwise(states))
    assert len({state[0] for state in states}) == 1
