"""Events of a run, folded into what a user sees."""

import pytest

from edt_app.views import RunView, begun, fold, fold_all, settled
from edt_core.store.journal import EventLine
from edt_core.store.liveness import Life
from edt_core.store.runs import Liveness, RunStageLine


def lines(*events):
    """Journal lines, one a second from 100 on."""
    return [
        EventLine(number, 99.0 + number, kind, body)
        for number, (kind, body) in enumerate(events, 1)
    ]


def started(fingerprint="f1", step="pretrain", name="Pretrain"):
    return "StageStarted", {"fingerprint": fingerprint, "step": step, "name": name}


def advanced(done, total=10, fingerprint="f1", note=""):
    body = {"fingerprint": fingerprint, "step": "pretrain", "done": done, "total": total}
    return "StageAdvanced", {**body, "unit": "epochs", "note": note}


def finished(fingerprint="f1", seconds=4.0, reused=False):
    body = {"fingerprint": fingerprint, "step": "pretrain", "name": "Pretrain"}
    return "StageFinished", {**body, "seconds": seconds, "reused": reused}


def view_of(*events) -> RunView:
    return fold_all(begun(1), lines(*events))


def test_a_stage_advances_with_rate_and_time_left():
    view = view_of(started(), advanced(1), advanced(2, note="N@10 0.5"))
    stage = view.current
    assert (stage.done, stage.total, stage.unit, stage.note) == (2, 10, "epochs", "N@10 0.5")
    assert (stage.rate, stage.eta) == (1.0, 8.0)
    assert stage.remaining(stage.updated + 3) == 5.0
    assert stage.elapsed(stage.updated + 3) == 5.0
    assert (view.phase, view.epoch) == (1, (2, 10))


def test_a_rate_follows_what_is_newer():
    events = lines(started(), advanced(1), advanced(2))
    slower = EventLine(4, events[-1].at + 10, *advanced(3))
    stage = fold_all(begun(1), [*events, slower]).current
    assert 0.1 < stage.rate < 1.0
    assert stage.eta == pytest.approx(7 / stage.rate)


def test_what_was_done_before_a_stage_went_on_is_no_speed():
    stage = view_of(started(), advanced(600, 1000), advanced(601, 1000)).current
    assert stage.rate == 1.0


def test_a_finished_stage_keeps_the_seconds_it_took():
    view = view_of(started(), advanced(3), finished())
    stage = view.current
    assert (stage.state, stage.seconds, stage.eta, stage.rate) == ("done", 4.0, None, 0.0)
    assert stage.elapsed(1e9) == 4.0
    assert (view.phase, view.counted) == (None, (1, 1))


def test_planned_stages_wait_in_their_order_with_their_seeds():
    plan = [
        RunStageLine("f0", "embed", "EmbedItems", None),
        RunStageLine("f1", "pretrain", "P", 44),
    ]
    view = fold_all(begun(1, plan), lines(finished("f0", 0.0, reused=True), started()))
    assert [(s.fingerprint, s.state, s.seed) for s in view.stages] == [
        ("f0", "reused", None), ("f1", "running", 44),
    ]  # fmt: skip


def test_a_stage_that_starts_anew_forgets_how_far_it_was():
    stage = view_of(started(), advanced(9), started()).current
    assert (stage.state, stage.done, stage.started) == ("running", 0, 102.0)


def test_folding_twice_changes_nothing():
    events = lines(started(), advanced(1), ("Noted", {"step": "embed", "text": "A note."}))
    view = fold_all(begun(1), events)
    assert fold_all(view, events) == view
    assert view.last == 3
    assert fold_all(fold(begun(1), events[0]), events) == view


def test_notes_and_failures_are_kept_the_newest_alone():
    failed = ("StageFailed", {"fingerprint": "f1", "step": "pretrain", "reason": "Full disk."})
    view = view_of(
        started(), *[("Noted", {"step": "x", "text": str(n)}) for n in range(300)], failed
    )
    assert len(view.notes) == 200
    assert (view.notes[-1].text, view.notes[-1].failed) == ("Full disk.", True)
    assert (view.current.state, view.current.note) == ("failed", "Full disk.")


@pytest.mark.parametrize(("life", "state"), [
    (Life.LIVE, "running"), (Life.SILENT, "running"), (Life.LOST, "lost"),
    (Life.INTERRUPTED, "interrupted"),
])  # fmt: skip
def test_no_stage_of_a_dead_run_is_shown_at_work(life, state):
    view = settled(view_of(started(), advanced(1), advanced(2)), Liveness(life, 1.0))
    assert view.current.state == state
    assert (view.current.eta is None) is (state != "running")


def test_a_stage_that_was_stopped_has_not_failed():
    stopped = ("StageFailed", {"fingerprint": "f1", "step": "pretrain", "reason": "As asked."})
    view = view_of(started(), stopped)
    assert settled(view, Liveness(Life.INTERRUPTED, 1.0)).current.state == "interrupted"
    assert settled(view, Liveness(Life.FAILED, 1.0)).current.state == "failed"


def test_what_processes_spent_on_a_run_one_after_another_adds_up():
    def paid(spent):
        kind, body = advanced(1)
        return kind, {**body, "spent": spent}

    assert view_of(started(), paid(0.5), paid(2.0)).cost == 2.0
    assert view_of(started(), paid(2.0), started(), advanced(1), paid(0.5)).cost == 2.5
