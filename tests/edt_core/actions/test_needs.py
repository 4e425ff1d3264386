from pathlib import Path

from standing import make_stand, standing

from edt_core.actions.board import board
from edt_core.actions.configuring import change
from edt_core.actions.needs import needs
from edt_core.llm.ledger import Call
from edt_core.stage import Step
from edt_core.store import runs
from edt_core.store.home import Home
from edt_core.store.liveness import Life
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project


def texts(project: Project) -> list[str]:
    return [need.text for need in needs(project)]


def call(key: str, status: str, step: str = "generate") -> Call:
    return Call(key, step, "t", 0, "openai", "m", "{}", status=status)  # type: ignore[arg-type]


def test_an_empty_project_wants_data_first(tmp_path: Path):
    with Home(tmp_path).create("empty") as project:
        assert texts(project) == ["nothing is imported yet"]


def test_a_question_answered_since_is_no_failure(tmp_path: Path):
    with standing(tmp_path, steps=[Step.EMBED]) as project:
        ledger = CallLedger(project.database)
        ledger.record([call("a" * 40, "invalid"), call("a" * 40, "answered")])
        assert not any("no answer" in text for text in texts(project))
        ledger.record([call("b" * 40, "failed"), call("b" * 40, "invalid")])
        ledger.record([call("c" * 40, "failed", "profile")])
        told = "2 questions have no answer (1 in generate, 1 in profile); 'edt run' asks them again"
        assert told in texts(project)
        assert [step.failed for step in board(project).steps if step.failed] == [1, 1]


def test_of_a_stage_that_is_made_its_result_says_what_failed(tmp_path: Path):
    with standing(tmp_path) as project:
        ledger = CallLedger(project.database)
        ledger.record([call("b" * 40, "failed"), call("c" * 40, "failed", "profile")])
        assert not any("no answer" in text for text in texts(project))  # other settings' calls


def test_a_run_that_failed_says_why_until_one_ends_well(tmp_path: Path):
    with standing(tmp_path) as project:
        assert "nothing was run yet" in texts(project)
        number = runs.start_run(project, runs.NewRun("LLM-EDT", "filter", [42], {}))
        assert any(text.startswith(f"run {number} is lost") for text in texts(project))
        runs.end_run(project, number, "failed", "The disk is full.")
        assert f"run {number} failed: The disk is full" in texts(project)
        runs.end_run(project, number, "done")
        assert texts(project) == ["the stand-in answers, no LLM"]


def test_a_run_without_a_sign_of_life_may_be_frozen(tmp_path: Path, monkeypatch):
    silent = runs.Liveness(Life.SILENT, 13.0)
    monkeypatch.setattr("edt_core.actions.needs.liveness", lambda project, run: silent)
    with standing(tmp_path) as project:
        number = runs.start_run(project, runs.NewRun("LLM-EDT", "filter", [42], {}))
        told = next(text for text in texts(project) if text.startswith("no sign of life"))
        assert f"from run {number} since" in told
        assert told.endswith("frozen?")


def test_the_board_reads_every_call_once(tmp_path: Path, monkeypatch):
    def once_more(project: Project, **_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("edt_core.actions.status.spend", once_more)
    monkeypatch.setattr("edt_core.actions.needs.failed_questions", once_more)
    with standing(tmp_path, steps=[Step.EMBED]) as project:
        CallLedger(project.database).record([call("b" * 40, "failed")])
        found = board(project)
        assert found.status.calls == 1
        assert any("1 questions have no answer" in need.text for need in found.needs)


def test_the_board_tells_what_making_a_stale_stage_anew_takes(tmp_path: Path):
    with standing(tmp_path) as project:
        assert all(step.what_is_left == "" for step in board(project).steps)
        change(project, {"generator.n_generate": 6})
        left = {step.status.step: step.what_is_left for step in board(project).steps}
        assert left["embed"] == ""
        assert left["generate"].startswith("1 of 3 results to compute, at most 4 calls, free")
        assert left["evaluate"].endswith("no call")
        make_stand(project, [Step.GENERATE])
        assert board(project).steps[2].what_is_left == ""
