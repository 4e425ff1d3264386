"""What the training monitor reads, draws and says, without a screen."""

from dataclasses import replace

import numpy as np
import pytest
from trained import STEPS, write_points

from edt_app.tui.following import Followed, log_lines
from edt_app.tui.screens.train import panels, view
from edt_app.tui.screens.train.feed import Feed, Held
from edt_app.tui.screens.train.watched import Watched, as_followed
from edt_app.views import begun, fold_all
from edt_core.events import Point
from edt_core.store.journal import EventLine
from edt_core.store.liveness import Life
from edt_core.store.pulse import Stop
from edt_core.store.runs import Liveness, RunLine, RunStageLine
from edt_core.store.telemetry import Recorder

LINE = RunLine(
    14, "LLM-EDT", "running", 0.0, None, "evaluate", [42, 44],
    {"pretraining": {"epochs": 200, "patience": 8}}, "", "cpu", 2, "", "", "", "",
)  # fmt: skip


def curves_in(folder, **how):
    write_points(folder, **how)
    feed = Feed(folder)
    found = feed.look()
    feed.close()
    assert found is not None
    return found.curves


BOTH = [
    RunStageLine("f", "pretrain", "Pretrain", None),
    RunStageLine("g", "finetune", "FineTune", None),
]


def watched(life=Life.LIVE, *, age=0.3, stopping=None, cause="", events=(), stages=BOTH):
    lines = [EventLine(n, 100.0, kind, body) for n, (kind, body) in enumerate(events, 1)]
    how = Liveness(life, age, cause, stopping)
    return Watched(Followed(LINE, how, fold_all(begun(14, stages), lines)), ())


def epoch(done, total=200):
    body = {"fingerprint": "f", "step": "pretrain", "done": done, "total": total}
    return "StageAdvanced", {**body, "unit": "epochs", "note": "N@10 0.5"}


# ------------------------------------------------------------------ reading


def test_a_living_run_needs_one_look_for_the_header_and_the_monitor():
    before, newer = watched(age=0.3), watched(age=1.2).found
    assert as_followed(before, newer).found is newer
    assert as_followed(before, None) is None
    assert as_followed(before, replace(newer, run=replace(LINE, id=15))) is None
    assert as_followed(before, watched(Life.LOST).found) is None  # another one may go on instead


def test_a_look_tells_what_changed_and_reads_the_new_points_alone(tmp_path):
    recorder, feed = Recorder(tmp_path), Feed(tmp_path)
    recorder.write([(1.0, Point("pretrain", 42, 1, 1, name, 1.0)) for name in ("loss", "ndcg@10")])
    first = feed.look()
    assert first.changed == {("pretrain", 42, "loss"), ("pretrain", 42, "ndcg@10")}
    assert feed.look() is None
    recorder.write([(2.0, Point("pretrain", 42, 1, 2, "loss", 0.5))])
    second = feed.look()
    assert second.changed == {("pretrain", 42, "loss")}
    assert second.curves["pretrain", 42, "loss"].values.tolist() == [1.0, 0.5]
    assert second.curves["pretrain", 42, "ndcg@10"] is first.curves["pretrain", 42, "ndcg@10"]


def test_points_that_were_taken_back_are_gone_from_the_curve(tmp_path):
    recorder, feed = Recorder(tmp_path), Feed(tmp_path)
    recorder.write([(float(e), Point("pretrain", 42, e, 1, "loss", e)) for e in range(1, 6)])
    feed.look()
    again = Recorder(tmp_path)  # another process goes on from epoch 3
    again.write([(9.0, Point("pretrain", 42, 3, 1, "loss", 30.0))])
    assert feed.look().curves["pretrain", 42, "loss"].values.tolist() == [1.0, 2.0, 30.0]


def test_a_curve_that_grew_long_is_held_in_few_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("edt_app.tui.screens.train.feed.ROWS", 10)
    monkeypatch.setattr("edt_app.tui.screens.train.feed.MOST_ROWS", 20)
    recorder, feed = Recorder(tmp_path), Feed(tmp_path)
    for epoch in range(1, 101):
        recorder.write([(float(epoch), Point("pretrain", 42, epoch, 1, "loss", 1.0))])
        held = feed.look().curves["pretrain", 42, "loss"]
        assert len(held.steps) <= 21
        assert held.last == (epoch, 1)


def test_a_run_without_points_is_no_error(tmp_path):
    feed = Feed(tmp_path)
    assert feed.look().curves == {}
    assert feed.look() is None


# ------------------------------------------------------------------ charts


def test_eight_charts_of_both_phases_come_first_and_no_curve_is_left_out(tmp_path):
    curves = curves_in(tmp_path, phases=("pretrain", "finetune"))
    first = panels.panels(curves, "pretrain", ["food", "kitchen"])
    assert [panel.title for panel in first[:8]] == [
        "loss", "valid ndcg@10", "valid ndcg@10 A food", "valid ndcg@10 B kitchen",
        "utilisation, %", "examples a second", "gradient norm", "alignment loss",
    ]  # fmt: skip
    second = panels.panels(curves, "finetune", ["food", "kitchen"])
    assert second[7].title == "loss B kitchen"
    for phase, found in (("pretrain", first), ("finetune", second)):
        shown = {name for panel in found for name in panel.names}
        assert shown >= {key[2] for key in curves if key[0] == phase}


def test_one_seed_shows_the_parts_of_a_loss_and_several_show_themselves(tmp_path):
    one = curves_in(tmp_path / "one")
    two = curves_in(tmp_path / "two", seeds=(42, 44))
    loss = panels.panels(one, "pretrain", [])[0]
    assert [s.name for s in panels.series_of(loss, one, "pretrain", "step")] == [
        "total", "loss", "alignment",
    ]  # fmt: skip
    both = panels.series_of(loss, two, "pretrain", "step", base=one, base_name="run 1")
    assert [s.name for s in both] == ["seed 42", "seed 44", "run 1 seed 42"]


def test_the_x_axis_counts_steps_epochs_or_minutes_over_the_whole_phase(tmp_path):
    curves = curves_in(tmp_path, epochs=3)
    key = ("pretrain", 42, "total")
    held = curves[key]
    assert panels.places(held, curves, key, "step")[[0, -1]].tolist() == [2, 3 * STEPS]
    assert panels.places(held, curves, key, "epoch")[[0, -1]].tolist() == [0.2, 3.0]
    assert panels.places(held, curves, key, "minutes")[[0, -1]].tolist() == pytest.approx([0, 2.8])


# ------------------------------------------------------------------ words


def test_the_table_stands_at_each_seeds_best_epoch_and_beside_the_base_run(tmp_path):
    curves = curves_in(tmp_path / "a", seeds=(42, 44), epochs=12)
    base = curves_in(tmp_path / "b", seeds=(42,), epochs=12)
    lines = view.table(curves, base, "pretrain", 78).plain.splitlines()
    assert lines[0].split()[:3] == ["mean,", "2", "seeds"]
    # best at epoch 10: .1 + .10 (+ .002 of seed 44); newest two epochs later, .02 lower
    assert lines[1].split() == [
        "ndcg@10", "0.2211", "0.1809", "0.2010", "10", "0.1810", "0.2000", "+0.0010",
    ]  # fmt: skip
    assert all(len(line) <= 78 for line in lines)


def test_patience_counts_the_epochs_since_the_best(tmp_path):
    curves = curves_in(tmp_path, epochs=12)
    found = view.facts(watched(), curves, "pretrain", 42, "")
    assert found["patience"].startswith("2 of 8")
    assert found["best"] == "ndcg@10 0.2000 at epoch 10"
    assert "patience 2/8" in view.brief(found, 78)
    unknown = view.facts(watched(), {}, "pretrain", 42, "")
    assert "patience" not in unknown


@pytest.mark.parametrize(
    ("life", "words"),
    [
        (Life.LIVE, "● LIVE run 14 LLM-EDT  beat 0.3 s ago  phase 1 of 2  epoch 38 of 200"),
        (Life.QUIET, "● QUIET run 14 LLM-EDT  beat 0.3 s ago  phase 1 of 2  epoch 38 of 200"),
        (Life.SILENT, "~ SILENT run 14 LLM-EDT  frozen? {train.kill} ends it  beat 0.3 s ago"),
        (
            Life.LOST,
            "? LOST run 14 LLM-EDT  0 s ago  {train.go_on} goes on with it  Ended by SIGKILL.",
        ),
        (Life.DONE, "✓ DONE run 14 LLM-EDT  0 s ago  Ended by SIGKILL."),
    ],
)
def test_the_state_is_said_in_a_mark_and_a_word_and_a_dead_run_never_runs(life, words):
    cause = "" if life in {Life.LIVE, Life.QUIET, Life.SILENT} else "Ended by SIGKILL."
    found = view.status(
        watched(life, cause=cause, events=[epoch(37), epoch(38)]), 100.0, 200, str
    ).plain
    assert found.strip().startswith(words)
    assert ("epoch 38" in found) == (not cause)


def test_a_model_of_one_phase_has_no_second_one_before_it(tmp_path):
    found = watched(events=[epoch(38)], stages=BOTH[:1])
    assert "phase 1 of 1" in view.status(found, 100.0, 200, str).plain
    assert view.facts(found, {}, "pretrain", 42, "")["phase"] == "1 of 1, pretrain"


def test_in_eighty_columns_the_stop_the_epoch_and_the_time_left_are_told_whole():
    events = [epoch(37), epoch(38)]
    found = watched(stopping=Stop.EPOCH, events=events)
    folded = found.found.folded
    folded = replace(folded, stages=(replace(folded.stages[0], eta=750.0),))
    found = replace(found, found=replace(found.found, folded=folded))
    shown = view.status(found, 100.0, 80, str).plain
    for part in ("stopping after this epoch", "epoch 38/200", "12m30 left"):
        assert part in shown
    assert len(shown) <= 80


def test_a_seeds_own_row_is_named_by_the_seed(tmp_path):
    curves = curves_in(tmp_path, seeds=(42, 44), epochs=12)
    lines = view.table(curves, None, "pretrain", 96, per_seed=True).plain.splitlines()
    assert [line[:9] for line in lines[3:]] == ["  seed 42", "  seed 44"]


def test_hostile_text_is_shown_and_not_obeyed():
    found = watched(Life.LOST, cause="\x1b]52;c;x\x07[red]")
    bad = replace(found, found=replace(found.found, run=replace(LINE, label="\x9b[b]")))
    shown = view.status(bad, 0.0, 200, str).plain
    assert not any(letter in shown for letter in "\x1b\x07\x9b")
    assert "[red]" in shown
    many = Held(*(np.array([1]),) * 2, np.array([1.0]), np.array([1.0]), (1, 1))
    titles = [p.title for p in panels.panels({("pretrain", 1, "x\x1b"): many}, "pretrain", [])]
    assert titles[-1] == "x\x1b"  # a chart's frame is made safe where it is set


def test_the_log_says_what_happened_and_whose_it_was():
    view_of = fold_all(begun(1), [])
    events = [
        EventLine(1, 0.0, *epoch(3)),
        EventLine(2, 0.0, "StageAdvanced", {**epoch(4)[1], "note": ""}),
        EventLine(3, 0.0, "StageFailed", {"fingerprint": "f", "step": "pretrain", "reason": "No."}),
    ]
    found = [line[10:] for line in log_lines(events, view_of)]
    assert found == ["pretrain: 3 of 200 epochs, N@10 0.5", "pretrain: ✗ No."]
