"""The training monitor on a screen: looked at, stopped, gone on with, noted."""

import threading
import time
from pathlib import Path

import pytest
from finished import finished
from pilot import drive, press, same_as_golden, text_of
from trained import write_points

from edt_app.tui.screens.train.feed import Feed
from edt_app.tui.screens.train.watched import look
from edt_core.actions.stopping import Stopped
from edt_core.events import Point
from edt_core.store.home import Home
from edt_core.store.journal import Journal
from edt_core.store.pulse import Stop
from edt_core.store.runs import NewRun, run_folder, run_line, start_run
from edt_core.store.telemetry import Recorder


async def until(pilot, app, text):
    """Wait for what is read in a thread."""
    for _ in range(200):
        if text in text_of(app):
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{text!r} did not come:\n{text_of(app)}")


GOLDENS = Path(__file__).parent / "goldens"
SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("edt_app.tui.app._TICK", 3600)  # nothing comes in between
    monkeypatch.setattr("edt_app.tui.screens.train.screen.LIFE_SECONDS", 3600)
    monkeypatch.setattr("edt_core.store.runs._since", lambda moment: 60.0)
    with finished(tmp_path) as project:
        # the newest that trained is the one shown: run 2
        (run_folder(project, 2) / "telemetry.db").unlink()
        write_points(run_folder(project, 2), seeds=(42, 44), phases=("pretrain", "finetune"))
    return tmp_path


@pytest.mark.parametrize("size", SIZES)
def test_a_finished_run_looks_as_agreed(home, size):
    async def script(pilot, app):
        await until(pilot, app, "0.2010")
        await same_as_golden(pilot, GOLDENS / f"train-{size[0]}x{size[1]}.txt")

    drive(home, script, project="shop", start="train", size=size)


@pytest.mark.parametrize("lines", [30, 35, 36])
def test_a_chart_of_a_wide_screen_has_room_for_its_legend_whatever_its_height(home, lines):
    async def script(pilot, app):
        await until(pilot, app, "0.2010")
        shown = [chart for chart in app.base_screen.charts.every if chart.display]
        assert len(shown) == (8 if lines == 36 else 4)
        assert all(chart.size.height >= 5 for chart in shown)
        assert "seed 42" in text_of(app)
        assert "too small" not in text_of(app)

    drive(home, script, project="shop", start="train", size=(160, lines))


def test_points_that_take_long_to_read_are_shown(home, monkeypatch):
    look = Feed.look

    def slow(feed):
        time.sleep(0.6)  # longer than between two drawings
        return look(feed)

    monkeypatch.setattr(Feed, "look", slow)

    async def script(pilot, app):
        await until(pilot, app, "0.2010")

    drive(home, script, project="shop", start="train", size=(160, 48))


def test_charts_turn_grow_and_are_inspected_together(home):
    async def script(pilot, app):
        await until(pilot, app, "0.2010")
        charts = app.base_screen.charts
        first, second, *_ = charts.every
        await press(pilot, "left")
        assert first.view.cursor == second.view.cursor == pytest.approx(12.0)
        await press(pilot, "left", "plus", "m")
        assert second.view.cursor == first.view.cursor < 12.0
        assert second.view.window == first.view.window is not None
        assert second.view.smooth == first.view.smooth > 0
        await press(pilot, "L")
        assert first.view.log
        assert not second.view.log
        await press(pilot, "escape", "escape")
        assert second.view.cursor is second.view.window is None
        await press(pilot, "t")
        assert "minutes" in text_of(app)
        await press(pilot, "tab", "enter")
        assert [chart for chart in charts.every if chart.display] == [second]
        await press(pilot, "escape")
        assert first.display
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert "utilisation, %" in text_of(app)
        assert not first.view.log  # another curve stands in it now
        await press(pilot, "left_square_bracket")
        assert "valid ndcg@10 B kitchen" in text_of(app)
        await press(pilot, "p", "p")
        assert "phase 2" in text_of(app)
        await press(pilot, "escape")
        assert app.current_mode == "projects"

    drive(home, script, project="shop", start="train")


def test_another_run_and_a_base_run_are_chosen_and_a_note_is_kept(home):
    async def script(pilot, app):
        await until(pilot, app, "0.2010")
        await press(pilot, "b")
        assert "run 2 SASRec" not in text_of(app).split("over these?")[1]  # it is shown itself
        await press(pilot, "2")
        await until(pilot, app, "run 1 seed 42")
        await press(pilot, "N", "3")
        await until(pilot, app, "DONE run 1 LLM-EDT")
        watch = f"edt --home {home} watch --project shop --run 1"
        assert app.base_screen.shown_command_lines == [watch]
        await press(pilot, "n", *"high", "enter")
        with Home(home).open("shop") as project:
            assert run_line(project, 1).note == "high"
        await press(pilot, "x")
        assert "has ended" in " ".join(notice.message for notice in app._notifications)

    drive(home, script, project="shop", start="train", size=(160, 48))


def test_going_on_starts_the_same_run_and_asks_first(home, monkeypatch):
    started = []
    monkeypatch.setattr(
        "edt_app.launch.launch", lambda home, name, line: started.append((name, line))
    )
    monkeypatch.setattr("edt_app.launch.wait_until_held", lambda folder: True)

    async def script(pilot, app):
        await until(pilot, app, "DONE run 2")
        await press(pilot, "s")
        await until(pilot, app, "edt --home")
        await press(pilot, "n")
        assert started == []
        await press(pilot, "s", "y")
        (name, line), *others = started
        assert (name, others) == ("shop", [])
        assert line[line.index("run") :] == [
            "run", "--project", "shop", "--variant", "SASRec", "--seed", "42", "--seed", "44",
        ]  # fmt: skip

    drive(home, script, project="shop", start="train", size=(160, 48))


@pytest.fixture
def living(home):
    """A run of this very process, which holds the project's stage lock."""
    with Home(home).open("shop") as project, project.stages("edt run"):
        yield project, start_run(project, NewRun("SASRec", "evaluate", [42], {}))


def test_a_living_run_is_found_drawn_as_it_goes_and_stopped(home, living, monkeypatch):
    project, number = living
    asked = []

    def stop(project, when):
        asked.append(when)
        return Stopped("shop", running=True, heard=True, ended=False, seconds=0.1)

    monkeypatch.setattr("edt_core.actions.stopping.stop", stop)
    monkeypatch.setattr("edt_core.actions.stopping.kill", lambda project: stop(project, "kill"))

    async def script(pilot, app):
        await until(pilot, app, f"LIVE run {number} SASRec")
        assert "no points yet" in text_of(app)
        recorder = Recorder(run_folder(project, number))
        recorder.write(
            [(float(step), Point("pretrain", 42, 1, step, "total", 7.25)) for step in (1, 2)]
        )
        await until(pilot, app, "seed 42 7.25")
        await press(pilot, "x", "escape")
        assert asked == []
        await press(pilot, "x", "1")
        await press(pilot, "x", "2")
        await press(pilot, "f8", "n")
        assert asked == [Stop.EPOCH, Stop.NOW]
        await press(pilot, "f8", "y")
        assert asked[-1] == "kill"

    drive(home, script, project="shop", start="train")


def test_what_was_read_before_is_not_told_as_new_when_the_screen_is_seen_again(
    home, living, monkeypatch
):
    _, number = living
    reading = threading.Event()
    reading.set()

    def slow(*given):
        assert reading.wait(60)
        return look(*given)

    monkeypatch.setattr("edt_app.tui.screens.train.watched.look", slow)

    async def script(pilot, app):
        await until(pilot, app, f"LIVE run {number} SASRec")
        await press(pilot, "8")
        reading.clear()
        await pilot.press("7")
        await until(pilot, app, f"… run {number} SASRec")
        assert "LIVE" not in text_of(app).split("\n", 1)[1]  # but in the header
        reading.set()
        await until(pilot, app, f"LIVE run {number} SASRec")

    drive(home, script, project="shop", start="train")


def test_a_run_whose_process_is_gone_is_lost_and_offers_to_go_on(home):
    with Home(home).open("shop") as project:
        number = start_run(project, NewRun("SASRec", "evaluate", [42], {}))
        with Journal(project, number) as journal:
            journal(Point("pretrain", 42, 1, 1, "loss", 1.0))

    async def script(pilot, app):
        await until(pilot, app, f"LOST run {number}")
        assert "s goes on with it" in text_of(app)

    drive(home, script, project="shop", start="train")


def test_without_a_run_the_next_step_is_named(home):
    Home(home).create("empty").close()

    async def script(pilot, app):
        await until(pilot, app, "No run yet. Start one")
        await press(pilot, "x")
        assert "there is no run yet" in " ".join(notice.message for notice in app._notifications)

    drive(home, script, project="empty", start="train")
