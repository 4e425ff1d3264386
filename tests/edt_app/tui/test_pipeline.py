import asyncio
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from finished import finished
from pilot import drive, press, same_as_golden, settled, text_of
from textual.widgets import Static

from edt_app.tui.screens.pipeline import view
from edt_app.tui.screens.pipeline.start import options, wrong
from edt_app.tui.screens.pipeline.view import retrying
from edt_app.views import RunView, StageView
from edt_core.actions.board import Board, BoardStep
from edt_core.actions.configuring import change, configuration
from edt_core.actions.status import StepStatus
from edt_core.actions.stopping import Stopped
from edt_core.events import Noted, StageFailed, StageFinished, StageStarted
from edt_core.llm.ledger import Call
from edt_core.stage import Step
from edt_core.store.calls import Spend
from edt_core.store.home import Home
from edt_core.store.journal import Journal
from edt_core.store.memory import CallLedger
from edt_core.store.pulse import Stop
from edt_core.store.runs import NewRun, end_run, run_lines, start_run

GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr("edt_app.tui.app._TICK", 3600)  # nothing comes in between
    finished(tmp_path).close()
    return tmp_path


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_whole_screen(home, size):
    with Home(home).open("shop") as project:
        run = start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
        with Journal(project, run) as journal:
            journal(StageStarted("f", Step.GENERATE, "GenerateItems"))
            journal(Noted(Step.GENERATE, "Items are written by the embedded retrieval stand-in."))
            journal(StageFinished("f", Step.GENERATE, "GenerateItems", 2.5, reused=False))
            journal(StageStarted("g", Step.PRETRAIN, "Pretrain"))
            journal(StageFailed("g", Step.PRETRAIN, "Stopped as asked. Starting it goes on."))
        end_run(project, run, "interrupted", "Stopped as asked.")

    async def script(pilot, app):
        await press(pilot, "j", "j")
        await same_as_golden(pilot, GOLDENS / f"pipeline-{size[0]}x{size[1]}.txt")

    drive(home, script, project="shop", start="pipeline", size=size)


def test_a_form_becomes_the_options_of_a_run():
    values = {"until": "", "from_": " pretrain ", "seed": "42, 44", "max_cost": "3"}
    assert options(values) == {"from_": "pretrain", "seed": ["42", "44"], "max_cost": "3"}


def test_a_run_is_started_in_a_process_of_its_own_and_followed_to_its_end(copied):
    async def script(pilot, app):
        await press(pilot, "x")
        assert any("nothing runs" in told.message for told in app._notifications)
        await press(pilot, "s")
        app.screen.query_one("#from_").value = "evaluate"
        app.screen.query_one("#seed").value = "42"
        await press(pilot, "enter")
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            await settled(pilot)
            if re.search(r"✓ run \d+ DONE", text_of(app)) and _newest_done(copied.home):
                break
        assert "10 of 10 stages" in text_of(app) or "fresh" in text_of(app)
        assert _newest_done(copied.home)

    drive(copied.home, script, project="small", start="pipeline", size=(120, 36))


@pytest.mark.parametrize(
    ("values", "told_then"),
    [
        ({"until": "train"}, "There is no stage 'train'. The stages are import,"),
        ({"from_": "evaluate", "until": "embed"}, "evaluate comes after embed"),
        ({"variant": "SASREC2"}, "There is no model 'SASREC2'"),
        ({"seed": "abc"}, "whole number"),
        ({"seed": "42, -1"}, "not '-1'"),
        ({"seed": "4294967296"}, "at most 4294967295"),
        ({"device": "gpu"}, "There is no device 'gpu'"),
        ({"max_cost": "nan"}, "number of dollars, not 'nan'"),
        ({"max_cost": "-1"}, "number of dollars"),
    ],
)
def test_what_no_run_takes_is_named(values, told_then):
    assert told_then in wrong(options(values))


def test_what_a_run_takes_is_not_complained_of():
    values = {"until": "embed", "from_": "embed", "variant": "sasrec", "seed": "42, 4294967295"}
    assert wrong(options(values | {"device": "cpu", "max_cost": "0.5"})) == wrong({}) == ""


def test_a_form_that_no_run_takes_stays_open_and_says_why(home, launched):
    async def script(pilot, app):
        await press(pilot, "s", *"train", "enter")
        assert "✗ There is no stage 'train'" in plain(app)
        assert launched == []
        await press(pilot, "ctrl+u", *"embed", "enter")
        ((line, _),) = launched
        assert line[-2:] == ["--until", "embed"]

    drive(home, script, project="shop", start="pipeline")


def test_the_form_says_what_a_run_as_it_stands_would_ask(home):
    async def script(pilot, app):
        await press(pilot, "s")
        assert re.search(r"at most \d+ calls \(\d+ generations,.*\): free", plain(app)), plain(app)
        app.screen.query_one("#variant").value = "SASRec"
        await until(pilot, app, "asks no model anything")
        app.screen.query_one("#variant").value = ""
        app.screen.query_one("#until").value = "embed"
        app.screen.query_one("#from_").value = "import"
        await until(pilot, app, "From import on all is computed anew")
        assert "asks no model anything" in plain(app)

    with Home(home).open("shop") as project:
        change(project, {"generator.n_generate": 7})
    drive(home, script, project="shop", start="pipeline")


def test_why_a_run_did_not_begin_is_shown(home, monkeypatch):
    line = ["edt", "--home", str(home), "run", "--project", "shop", "--seed", "abc"]
    monkeypatch.setattr("edt_app.tui.screens.pipeline.screen.command_line", lambda *_, **__: line)

    async def script(pilot, app):
        await press(pilot, "s", "enter")
        assert "Invalid value for '--seed'" in plain(app)
        assert "run --help'" in plain(app)

    drive(home, script, project="shop", start="pipeline", size=(120, 36))


async def until(pilot, app, text):
    """Wait for what is worked out after a pause."""
    for _ in range(200):
        if text in plain(app):
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{text!r} did not come:\n{text_of(app)}")


def plain(app):
    """What the screen on top says, unbroken."""
    return " ".join(" ".join(str(part.render()) for part in app.screen.query(Static)).split())


def test_without_data_a_run_is_not_started(edt):
    edt("new", "empty")

    async def script(pilot, app):
        await press(pilot, "s")
        assert any("nothing is imported yet" in told.message for told in app._notifications)
        assert "nothing is imported yet" in text_of(app)

    drive(edt.home, script, project="empty", start="pipeline")


@pytest.fixture
def launched(monkeypatch):
    """The commands that were started, and in which thread."""
    found = []
    monkeypatch.setattr(
        "edt_app.tui.screens.pipeline.screen.launch",
        lambda home, name, line: found.append((line, threading.current_thread().name)),
    )
    monkeypatch.setattr("edt_app.tui.screens.pipeline.screen.check_begun", lambda folder: None)
    return found


def told(app):
    return " ".join(notice.message for notice in app._notifications)


def test_a_start_does_not_hold_the_screen_and_retry_asks_what_found_no_answer(home, launched):
    with Home(home).open("shop") as project:
        question = Call("k9", "profile", "summarize", None, "x", "m", "{}", "failed")
        CallLedger(project.database, run=1).record([question])

    async def script(pilot, app):
        await press(pilot, "R")
        assert "what found no answer (1 in profile)? Cost: unknown." in plain(app)
        await press(pilot, "n")
        assert launched == []
        await press(pilot, "R", "y")
        ((line, thread),) = launched
        assert line[line.index("run") :] == ["run", "--project", "shop", "--retry-failed"]
        assert thread.startswith("write")
        assert "Closing edt-app does not stop it" in told(app)

    drive(home, script, project="shop", start="pipeline")


def test_asking_again_costs_what_answers_cost_so_far():
    def step(name, failed, cost, unpriced=0):
        spent = Spend(name, 10, 0, failed, 0, 0, 0, cost, unpriced)
        return BoardStep(StepStatus(name, "partial", 1, 1, "", ""), spent, failed, ())

    steps = [step("generate", 2, 1.0), step("profile", 0, 5.0, unpriced=1)]
    assert "(2 in generate)?\nCost: about $0.20 by" in retrying(Board(None, steps, []))
    assert "Cost: free" in retrying(Board(None, [step("generate", 2, 0.0)], []))
    unknown = [*steps, step("filter", 1, 0.0, unpriced=1)]
    assert "Cost: unknown" in retrying(Board(None, unknown, []))


def test_without_a_failed_question_nothing_is_retried(home, launched):
    async def script(pilot, app):
        await press(pilot, "R", "f8")
        assert "Retry: no question failed." in told(app)
        assert "Kill: nothing runs." in told(app)
        assert launched == []

    drive(home, script, project="shop", start="pipeline")


def test_the_gate_is_passed_and_the_estimate_names_every_stage(home):
    with Home(home).open("shop") as project:
        change(project, {"review.required": True})

    async def script(pilot, app):
        await press(pilot, "p")
        with Home(home).open("shop") as project:
            assert not configuration(project).review.required
        assert "review.required is false now" in told(app)
        app.clear_notifications()
        await press(pilot, "p")
        assert told(app) == "Pass gate: no run waits for the review: review.required is false."
        await press(pilot, "d")
        shown = text_of(app)
        assert re.search(r"pretrain +3 of 3 results to compute, no call", shown)
        assert re.search(r"import +nothing left", shown)

    drive(home, script, project="shop", start="pipeline", size=(120, 36))


def test_a_living_run_is_stopped_now_after_its_epoch_or_by_force(home, monkeypatch):
    asked = []

    def stop(project, when):
        asked.append(when)
        return Stopped("shop", running=True, heard=True, ended=False, seconds=0.1)

    monkeypatch.setattr("edt_core.actions.stopping.stop", stop)
    monkeypatch.setattr("edt_core.actions.stopping.kill", lambda project: stop(project, "kill"))

    async def script(pilot, app):
        await press(pilot, "x", "escape")
        assert asked == []
        await press(pilot, "x", "1")
        await press(pilot, "x", "2")
        await press(pilot, "f8", "n")
        assert asked == [Stop.EPOCH, Stop.NOW]
        await press(pilot, "f8", "y")
        assert asked[-1] == "kill"
        assert "The run heard (0.1 s) and stops." in told(app)
        await press(pilot, "s")
        assert "Start: a run goes on." in told(app)

    with Home(home).open("shop") as project, project.stages("edt run"):
        start_run(project, NewRun("SASRec", "evaluate", [42], {}))
        drive(home, script, project="shop", start="pipeline")


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 48)])
def test_the_log_shows_what_happened_whole_and_large_screens_the_last_calls(home, size):
    text = "A sentence that is too long for one line of a small screen and is read to its end."
    with Home(home).open("shop") as project:
        run = start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))
        with Journal(project, run) as journal:
            journal(StageStarted("f", Step.PRETRAIN, "Pretrain"))
            journal(Noted(Step.PRETRAIN, text))

    async def script(pilot, app):
        shown = text_of(app)
        assert text in " ".join(re.sub("[│▁-█]", " ", shown).split())
        assert ("Pretrain started" in shown) == (size[1] > 24)
        assert ("summarize" in shown) == (size[1] >= 40)
        assert "LLM-EDT" in shown  # the end of the summary

    drive(home, script, project="shop", start="pipeline", size=size)


def _newest_done(home: Path) -> bool:
    with Home(home).open("small") as project:
        return run_lines(project)[0].state == "done"


def test_a_stage_at_work_says_how_far_it_is_and_not_that_it_never_ran():
    board = BoardStep(StepStatus("pretrain", "missing", 0, 3, "", "never run"), None, 0, ())
    stage = StageView("f", "pretrain", "Pretrain", 42, state="running", done=15, total=40)
    for at_work, told in (
        (replace(stage, unit="epochs"), "seed 42: 15 of 40 epochs"),
        (replace(stage, seed=None, total=0), "Pretrain is at work"),
        (replace(stage, state="waiting"), "never run"),
    ):
        run = RunView(2, (at_work,))
        assert view.row(8, board, run, 100.0)[-1] == told
        assert ("never run" in view.detail(board, run, 60, 100.0)) == (told == "never run")
