"""Decisions: durable, undone as they were made, handed to the pipeline."""

import subprocess
import sys
from dataclasses import replace

import pytest

from edt_core.errors import UsageError
from edt_core.store import review
from edt_core.store.datasets import save_dataset
from edt_core.store.generated import record_drafts
from edt_core.store.questions import counts
from edt_core.store.review_context import last_acts
from edt_core.store.review_queue import Wanted, generated_item, generated_page
from edt_core.store.shown import show

DRAFTS = "f" * 40


def standing(project):
    return [(item.decision, item.title) for item in generated_page(project)]


def test_decisions_stand_and_are_counted(project):
    assert review.decide(project, "accept", [1, 2]) == 2
    assert review.decide(project, "reject", [2]) == 1
    assert [decision for decision, _ in standing(project)] == ["accepted", "rejected", None, None]
    assert counts(project).undecided == 1
    assert review.decide(project, "reject", [2]) == 0


def test_what_is_not_shown_is_not_undone(project, toy):
    review.decide(project, "accept", [1])
    record_drafts(project, "e" * 40, toy.drafts(2))  # ids 5 and 6
    assert review.undo(project) == 0
    assert last_acts(project) == []
    review.decide(project, "reject", [5])
    show(project, "drafts", DRAFTS)
    assert [act.item for act in last_acts(project)] == [1]
    assert (review.undo(project), review.undo(project)) == (1, 0)
    assert standing(project)[0][0] is None
    assert (review.redo(project), review.redo(project)) == (1, 0)
    show(project, "drafts", "e" * 40)
    assert standing(project)[0][0] == "rejected"
    assert review.undo(project) == 1


def test_the_act_that_an_undo_takes_back_is_among_the_last_ones(project):
    for number in (1, 2, 3):
        review.decide(project, "accept", [number])
    for _ in range(2):
        review.undo(project)
    acts = last_acts(project, 2)
    assert [(act.item, bool(act.undone)) for act in acts] == [(3, True), (2, True), (1, False)]
    review.undo(project)
    assert all(act.undone for act in last_acts(project, 2))


def test_an_unknown_id_changes_nothing(project):
    with pytest.raises(UsageError, match="99"):
        review.decide(project, "accept", [1, 99])
    assert counts(project).accepted == 0
    with pytest.raises(UsageError, match="action"):
        review.decide(project, "burn", [1])


def test_an_item_of_earlier_drafts_or_data_can_not_be_decided_on(project, toy):
    review.decide(project, "accept", [1])
    exported = review.export_decisions(project)
    record_drafts(project, "e" * 40, toy.drafts(2))  # ids 5 and 6
    acts = [
        lambda: review.decide(project, "reject", [5, 1]),
        lambda: review.edit(project, 1, {"title": "Better"}),
        lambda: review.import_decisions(project, exported),
    ]
    for act in acts:
        with pytest.raises(UsageError, match="item 1 belongs to other data or settings"):
            act()
    assert review.decide(project, "reject", [5]) == 1
    save_dataset(project, replace(toy.ToyDataset(), digest="d2"))
    with pytest.raises(UsageError, match="item 5 belongs to other data"):
        review.decide(project, "accept", [5])
    assert review.decided(project, "f" * 40).accepted == [0]


def test_a_bulk_act_is_undone_as_one(project):
    review.decide(project, "accept", [1])
    assert review.decide_where(project, "reject", "target_score < 0.25") == 3
    assert review.undo(project) == 3
    assert [decision for decision, _ in standing(project)] == ["accepted", None, None, None]


def test_undo_and_redo_without_limit_in_any_process(project):
    states = [standing(project)]
    acts = [
        lambda: review.decide(project, "accept", [1, 3]),
        lambda: review.edit(project, 1, {"title": "Better"}),
        lambda: review.decide(project, "reset", [1]),
        lambda: review.edit(project, 2, {"title": "Other", "brand": "B"}),
        lambda: review.decide_where(project, "reject", "id >= 1"),
    ]
    for act in acts:
        act()
        states.append(standing(project))
    script = (
        "import sys; from pathlib import Path; from edt_core.store.project import Project\n"
        "from edt_core.store import review; print(review.undo(Project(Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", script, str(project.folder)]
    assert subprocess.run(command, capture_output=True, check=True).stdout.strip() == b"4"
    assert standing(project) == states[4]
    for state in reversed(states[:4]):
        assert review.undo(project) > 0
        assert standing(project) == state
    assert review.undo(project) == 0
    for state in states[1:]:
        assert review.redo(project) > 0
        assert standing(project) == state
    assert review.redo(project) == 0


def test_a_new_act_ends_redo(project):
    review.decide(project, "accept", [1])
    review.undo(project)
    review.decide(project, "reject", [1])
    assert review.redo(project) == 0
    assert generated_item(project, 1).decision == "rejected"


def test_an_edit_keeps_what_the_model_wrote_and_merges_with_the_last_one(project):
    review.edit(project, 1, {"title": "New title", "categories": "A, B,"})
    review.edit(project, 1, {"price": "9.99"})
    item = generated_item(project, 1)
    assert (item.title, item.price, item.categories) == ("New title", "9.99", ["A", "B"])
    assert item.edited == {"title": "New title", "categories": ["A", "B"], "price": "9.99"}
    with project.database.read() as session:
        title = session.connection().exec_driver_sql("SELECT title FROM generated WHERE id = 1")
        assert title.scalar() == "Draft 0"


@pytest.mark.parametrize(
    "fields",
    [{"id": "3"}, {"title": ""}, {"title": 3}, {"categories": [1]}, {"brand": "x" * 20000}],
)
def test_an_edit_that_makes_no_item_is_refused(project, fields):
    with pytest.raises(UsageError):
        review.edit(project, 1, fields)
    assert generated_item(project, 1).edited == {}


def test_the_pipeline_sees_rows_and_a_digest_of_what_it_reads_alone(project):
    empty = review.decided(project, DRAFTS)
    assert (empty.accepted, empty.edits_digest, empty.verdicts_digest) == ([], "", "")
    review.edit(project, 2, {"title": "T"})
    review.decide(project, "accept", [4])
    review.decide(project, "reject", [1])
    decided = review.decided(project, DRAFTS)
    assert (decided.accepted, decided.rejected, decided.edited) == ([1, 3], [0], [1])
    assert decided.fields == [{"title": "T"}]
    review.decide(project, "reject", [2])
    later = review.decided(project, DRAFTS)
    assert later.edited == [1]
    assert later.edits_digest == decided.edits_digest
    assert later.verdicts_digest != decided.verdicts_digest
    assert review.decided(project, "0" * 40) == empty


def test_exported_decisions_are_imported_as_one_act(home, project, toy):
    review.edit(project, 2, {"title": "T"})
    review.decide(project, "reject", [1])
    told = review.export_decisions(project)
    with toy.toy_project(home, "other") as other:
        assert review.import_decisions(other, told) == 2
        assert standing(other) == standing(project)
        assert review.undo(other) == 2


@pytest.mark.parametrize(
    "change",
    [{"title": "Another"}, {"decision": "maybe"}, {"id": 99}, {"id": "1"}, {"fields": {"x": 1}}],
)
def test_decisions_about_something_else_are_refused_whole(project, change):
    review.decide(project, "accept", [1, 2])
    told = review.export_decisions(project)
    review.undo(project)
    with pytest.raises(UsageError):
        review.import_decisions(project, [told[0], told[1] | change])
    assert counts(project).accepted == 0
    with pytest.raises(UsageError, match="not understood"):
        review.import_decisions(project, ["text"])


def test_a_queue_is_paged_filtered_and_ordered(project):
    def ids(*args, **kwargs):
        return [item.id for item in generated_page(project, *args, **kwargs)]

    assert ids(limit=2) == [1, 2]
    assert ids(limit=2, after=2) == [3, 4]
    assert ids(offset=3) == [4]
    assert ids(descending=True) == [4, 3, 2, 1]
    assert ids(order="target_score", descending=True) == [3, 2, 1, 4]
    assert ids(Wanted(direction="a2b")) == [2, 4]
    assert ids(Wanted(verdict="undecided")) == [1, 3]
    assert ids(Wanted(user="u0")) == [1, 4]
    assert ids(Wanted(text="draft 1", where="id < 4")) == [2]
    with pytest.raises(UsageError):
        generated_page(project, order="1; DROP TABLE item")  # type: ignore[arg-type]


def test_a_score_that_is_not_defined_is_none(project):
    item = generated_item(project, 4)
    assert (item.target_score, item.source_score) == (None, 0.5)
    assert generated_item(project, 1).anchor_title == "Tea"
    assert generated_item(project, 2).anchor_key is None


def test_a_decision_survives_kill(project):
    script = (
        "import os, sys; from pathlib import Path; from edt_core.store.project import Project\n"
        "from edt_core.store import review; project = Project(Path(sys.argv[1]))\n"
        "review.decide(project, 'accept', [3]); os.kill(os.getpid(), 9)"
    )
    child = subprocess.run([sys.executable, "-c", script, str(project.folder)], check=False)
    assert child.returncode == -9
    assert generated_item(project, 3).decision == "accepted"


def test_a_moved_anchor_is_a_verdict_and_no_edit_of_the_text(project):
    review.edit(project, 2, {"title": "T"})
    before = review.decided(project, DRAFTS)
    review.edit(project, 2, {"anchor_position": 0})
    moved = review.decided(project, DRAFTS)
    assert (moved.moved, moved.anchors) == ([1], [0])
    assert moved.fields == [{"title": "T"}]
    assert moved.edits_digest == before.edits_digest
    assert moved.verdicts_digest != before.verdicts_digest
    item = generated_item(project, 2)
    assert (item.anchor_position, item.anchor_key, item.anchor_title) == (0, 1, "Jam")
    review.undo(project)
    assert review.decided(project, DRAFTS) == before
    assert generated_item(project, 2).anchor_position is None


@pytest.mark.parametrize("position", [1, 2, -1, "x", True, None])
def test_an_anchor_is_never_beside_a_held_out_event(project, position):
    with pytest.raises(UsageError, match="training part, 0 to 0"):
        review.edit(project, 2, {"anchor_position": position})


def test_a_moved_anchor_travels_with_the_decisions(home, project, toy):
    review.edit(project, 1, {"anchor_position": "1"})
    entries = review.export_decisions(project)
    with toy.toy_project(home, "other") as other:
        assert review.import_decisions(other, entries) == 1
        assert generated_item(other, 1).anchor_position == 1
        entries[0]["fields"]["anchor_position"] = 3
        with pytest.raises(UsageError, match="anchor"):
            review.import_decisions(other, entries)
