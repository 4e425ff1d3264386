import re

import numpy as np
import pytest
from pilot import drive, press, settled, text_of

from edt_app.tui.screens.train import view
from edt_core.store.telemetry import Overview


def overview(values, steps=2):
    n = len(values)
    numbers = np.array(values, dtype=np.float64)
    epochs = np.arange(n) // steps + 1
    return Overview(
        epochs, np.arange(n) % steps + 1, 100.0 + np.arange(n), numbers, numbers, numbers, (n, 1)
    )


def curves(*named):
    found = [view.Curve("pretrain", 42, name, overview(values)) for name, values in named]
    return view.Curves(7, 90.0, tuple(found))


def test_points_stand_at_their_share_of_the_epoch_or_at_their_second():
    run = curves(("total", [3.0, 2.0, 1.0, 0.5]))
    (series,) = view.series_of(view.PANELS[0], run, "epoch")
    assert series.x.tolist() == [0.5, 1.0, 1.5, 2.0]
    (series,) = view.series_of(view.PANELS[0], run, "seconds")
    assert series.x.tolist() == [10.0, 11.0, 12.0, 13.0]
    assert "phase 1 seed 42" in series.name


def test_two_domains_are_two_curves_with_their_letter():
    run = curves(("ndcg@10.a", [0.1, 0.2]), ("ndcg@10.b", [0.3, 0.4]))
    names = [one.name for one in view.series_of(view.PANELS[2], run, "epoch")]
    assert names == ["phase 1 seed 42 a", "phase 1 seed 42 b"]


def test_the_table_tells_last_best_epoch_and_the_base_run():
    run = curves(("ndcg@10", [0.10, 0.30, 0.20, 0.25]))
    base = curves(("ndcg@10", [0.10, 0.20]))
    line = view.table(run, base, ["food", "kitchen"])[1]
    assert line.split() == ["N@10", "all", "0.2500", "0.3000", "1", "0.2000", "+0.1000"]


def test_a_run_without_points_says_so():
    assert view.table(None, None, []) == ["no points yet"]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_finished_run_is_shown_with_its_curves(made, size):
    async def script(pilot, app):
        await pilot.pause(1.2)
        await settled(pilot)
        text = text_of(app)
        assert re.search(r"run \d+ LLM-EDT  DONE", text)
        assert "N@10 all" in text
        assert "no points yet" not in text.split("╭", 1)[1].split("╯", 1)[0]
        await press(pilot, "t")
        assert "seconds" in text_of(app)
        await press(pilot, "right_square_bracket", "Z")
        assert len([chart for chart in app.screen.query("Chart") if chart.display]) == 1
        await press(pilot, "x")
        assert any("nothing runs" in told.message for told in app._notifications)

    drive(made.home, script, project="small", start="train", size=size)


def test_without_a_run_the_next_key_is_named(edt):
    edt("new", "empty")

    async def script(pilot, app):
        await pilot.pause(0.8)
        await settled(pilot)
        assert "No run yet" in text_of(app)

    drive(edt.home, script, project="empty", start="train")
