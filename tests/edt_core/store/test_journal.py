"""Events and points of a run, as a screen reads them."""

import math
import time

import pytest

from edt_core.errors import EdtError, UsageError
from edt_core.events import Noted, Point, StageAdvanced, StageStarted
from edt_core.store import runs
from edt_core.store.journal import Journal, events_after
from edt_core.store.telemetry import Points, Recorder


@pytest.fixture
def run(project):
    return runs.start_run(project, runs.NewRun("LLM-EDT", "evaluate", [42], {}))


def test_events_are_read_in_order_and_from_where_one_was(project, run):
    with Journal(project, run) as journal:
        journal(StageStarted("f1", "embed", "EmbedItems"))
        journal(Noted("embed", "A note."))
    first, second = events_after(project, run)
    assert (first.kind, first.body["name"]) == ("StageStarted", "EmbedItems")
    assert (second.kind, second.body) == ("Noted", {"step": "embed", "text": "A note."})
    assert events_after(project, run, after=first.id) == [second]


def test_of_many_advances_at_once_the_last_is_kept(project, run):
    with Journal(project, run) as journal:
        for done in range(1000):
            journal(StageAdvanced("f1", "embed", done, 1000, "items"))
    told = [event.body["done"] for event in events_after(project, run)]
    assert told[-1] == 999
    assert len(told) < 10


def test_events_can_be_read_while_the_run_goes_on(project, run):
    with Journal(project, run) as journal:
        journal(Noted("embed", "A note."))
        deadline = time.monotonic() + 5
        while not events_after(project, run) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(events_after(project, run)) == 1


def test_points_go_to_the_runs_own_file(project, run):
    with Journal(project, run) as journal:
        for step in range(5):
            journal(Point("pretrain", 42, 0, step, "loss", 1.0 / (step + 1)))
        journal(Point("pretrain", 44, 0, 0, "loss", math.nan))
    assert events_after(project, run) == []
    points = Points(runs.run_folder(project, run))
    first, second = points.series()
    assert (first.phase, first.seed, first.name) == ("pretrain", 42, "loss")
    curve = points.curve(first.id)
    assert curve.steps.tolist() == [0, 1, 2, 3, 4]
    assert curve.values[1] == 0.5
    assert points.curve(first.id, after=(0, 3)).steps.tolist() == [4]
    assert math.isnan(points.curve(second.id).values[0])
    points.close()


def test_a_resumed_run_writes_over_what_it_measures_again(tmp_path):
    for values in ([1.0, 0.9, 0.8], [0.9, 0.8, 0.7]):
        recorder = Recorder(tmp_path)
        start = 0 if values[0] == 1.0 else 1
        recorder.write(
            [(0.0, Point("pretrain", 42, 0, start + i, "loss", v)) for i, v in enumerate(values)]
        )
        recorder.close()
    curve = Points(tmp_path).curve(1)
    assert curve.steps.tolist() == [0, 1, 2, 3]
    assert curve.values.tolist() == [1.0, 0.9, 0.8, 0.7]


def test_a_run_without_points_has_no_series(tmp_path):
    assert Points(tmp_path).series() == []


def test_a_journal_that_cannot_write_says_so_to_the_run(project, run):
    (runs.run_folder(project, run) / "telemetry.db").mkdir(parents=True)

    def train():
        with Journal(project, run) as journal:
            for step in range(500):
                journal(Point("pretrain", 42, 0, step, "loss", 1.0))
                time.sleep(0.01)

    started = time.monotonic()
    with pytest.raises(EdtError, match="telemetry"):
        train()
    assert time.monotonic() - started < 4


def test_a_stage_that_was_cut_short_waits(project):
    stages = [runs.RunStageLine("a" * 40, "pretrain", "Pretrain", 42)]
    run = runs.start_run(project, runs.NewRun("LLM-EDT", "evaluate", [42], {}), stages)
    for ended, state in [("failed", "failed"), ("interrupted", "waiting")]:
        runs.note_stage(project, run, "a" * 40, "failed")
        runs.end_run(project, run, ended)
        assert [line.state for line in runs.run_stages(project, run)] == [state]


def test_a_runs_life(project):
    stages = [
        runs.RunStageLine("a" * 40, "embed", "EmbedItems", None),
        runs.RunStageLine("b" * 40, "pretrain", "Pretrain", 42),
    ]
    with project.stages():
        run = runs.start_run(project, runs.NewRun("LLM-EDT", "evaluate", [42], {"a": 1}), stages)
        runs.note_stage(project, run, "a" * 40, "done", 1.5)
        assert [line.state for line in runs.run_stages(project, run)] == ["done", "waiting"]
        with pytest.raises(UsageError, match="goes on"):
            runs.delete_run(project, run)
        runs.end_run(project, run, "done")
    metrics = [runs.MetricLine(42, "test", "all", "full.ndcg@10", 0.125)]
    runs.record_metrics(project, run, metrics)
    runs.record_metrics(project, run, metrics)
    runs.label_run(project, run, tag="best")
    assert runs.run_metrics(project, run) == metrics
    line = runs.run_line(project, run)
    assert (line.state, line.tag, line.config) == ("done", "best", {"a": 1})
    runs.delete_run(project, run)
    assert runs.run_lines(project) == []
    with pytest.raises(UsageError):
        runs.run_line(project, run)
