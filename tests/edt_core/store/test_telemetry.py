"""Curves: tails, whole ones in few rows, and what a training that goes on takes back."""

import sqlite3

import numpy as np
import pytest

from edt_core.events import Point
from edt_core.store.telemetry import Points, Recorder


def points(values, *, epoch=1, start=1, at=0.0, every=0.2, seed=42, name="loss"):
    return [
        (at + every * i, Point("pretrain", seed, epoch, start + i, name, value))
        for i, value in enumerate(values)
    ]


@pytest.fixture
def recorder(tmp_path):
    made = Recorder(tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(tmp_path):
    made = Points(tmp_path)
    yield made
    made.close()


def test_a_point_carries_the_moment_it_was_measured(recorder, reader):
    recorder.write(points([1.0, 2.0], at=100.0, every=0.5))
    assert reader.curve(1).at.tolist() == [100.0, 100.5]


def test_a_training_that_goes_on_takes_back_what_it_measures_anew(tmp_path, recorder, reader):
    recorder.write(points([1.0, 0.9, 0.8]) + points([0.7, 0.6], epoch=2))
    recorder.write(points([0.5], epoch=2, name="ndcg@10") + points([9.0], epoch=7, seed=44))
    again = Recorder(tmp_path)
    again.write(points([0.7], epoch=2, start=2))
    again.close()
    assert [(s.seed, s.name) for s in reader.series()] == [
        (42, "loss"), (42, "ndcg@10"), (44, "loss"),
    ]  # fmt: skip
    curve = reader.curve(1)
    places = list(zip(curve.epochs.tolist(), curve.steps.tolist(), strict=True))
    assert places == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert reader.newest(1) == (2, 2)
    assert reader.curve(3).values.tolist() == [9.0]


def test_a_retake_from_the_first_epoch_empties_the_curve(tmp_path, recorder, reader):
    recorder.write(points([1.0, 0.9, 0.8], epoch=40))
    again = Recorder(tmp_path)
    again.write(points([2.0], epoch=1))
    again.close()
    assert reader.newest(1) == (1, 1)
    assert reader.overview(1).mean.tolist() == [2.0]


def test_a_lost_transaction_leaves_no_trace(tmp_path, recorder, reader):
    recorder.write(points([1.0]))
    blocker = sqlite3.connect(tmp_path / "telemetry.db", isolation_level=None)
    blocker.execute("CREATE TRIGGER t BEFORE INSERT ON point BEGIN SELECT RAISE(FAIL, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        recorder.write(points([5.0], name="new"))
    blocker.execute("DROP TRIGGER t")
    blocker.close()
    recorder.write(points([6.0], name="new"))
    assert [series.name for series in reader.series()] == ["loss", "new"]


def test_a_short_curve_is_shown_point_by_point(recorder, reader):
    recorder.write(points([3.0, 1.0, float("nan"), 2.0]))
    found = reader.overview(1)
    assert found.mean.tolist()[:2] == [3.0, 1.0]
    assert np.isnan(found.mean[2])
    assert (found.low == found.high)[[0, 1, 3]].all()
    assert found.last == (1, 4)


def test_a_long_curve_comes_in_few_rows_that_keep_every_peak(recorder, reader):
    n = 20_000
    values = np.sin(np.arange(n) / 3000)
    values[12_345] = 50.0
    values[17_001] = -50.0
    recorder.write(points(values.tolist()))
    found = reader.overview(1, rows=100)
    assert 60 < len(found.mean) <= 100
    assert (found.high.max(), found.low.min()) == (50.0, -50.0)
    place = int(np.searchsorted(found.steps, 12_346, side="right")) - 1
    assert found.high[place] == 50.0
    assert (np.diff(found.steps) > 0).all()
    assert found.mean[0] == pytest.approx(values[: found.steps[1] - 1].mean())
    assert len(reader.curve(1, after=found.last).values) == 0


def test_reading_on_from_an_overview_misses_nothing(recorder, reader):
    recorder.write(points(range(1000)))
    last = reader.overview(1, rows=50).last
    recorder.write(points([7.0, 8.0], start=1001, at=300.0))
    assert reader.curve(1, after=last).values.tolist() == [7.0, 8.0]


def test_the_version_tells_whether_to_look(recorder, reader):
    recorder.write(points([1.0]))
    first = reader.version()
    assert reader.version() == first
    recorder.write(points([2.0], start=2))
    assert reader.version() != first


def test_readers_leave_the_writers_journal_free(tmp_path, recorder, reader):
    recorder.write(points([1.0] * 100))
    reader.series()
    reader.overview(1)
    reader.curve(1)
    recorder.write(points([2.0], start=101))
    writer = sqlite3.connect(tmp_path / "telemetry.db")
    busy, _, _ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    writer.close()
    assert busy == 0
    assert (tmp_path / "telemetry.db-wal").stat().st_size == 0
