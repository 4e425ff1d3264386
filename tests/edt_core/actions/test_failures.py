"""Questions without an answer: listed with the reason, asked again alone, nothing left stale."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_service import LlmService, serving
from paid_shop import paid_shop

from edt_core.actions.board import board
from edt_core.actions.estimating import estimate
from edt_core.actions.failures import failed_calls
from edt_core.actions.needs import needs
from edt_core.actions.running import RunOutcome, run_variant
from edt_core.actions.status import project_status
from edt_core.events import silence
from edt_core.store.calls import CallLine, calls
from edt_core.store.project import Project
from edt_core.store.review import decide
from edt_core.store.review_queue import Wanted, generated_page


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmService]:
    for name in [name for name in os.environ if name.startswith(("EDT_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    with serving(LlmService({"content-filter": 0.4}, seed=1)) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, service: LlmService) -> Iterator[Project]:
    with paid_shop(tmp_path, service) as made:
        yield made


def run(project: Project, until: str = "generate", start: str = "", **more: bool) -> RunOutcome:
    return run_variant(
        project, until=until, start=start, seeds=[42], sink=silence, check=lambda: None, **more
    )


def failed(outcome: RunOutcome) -> dict[str, int]:
    return {each.step: each.questions for each in outcome.failed}


def listed(project: Project) -> list[CallLine]:
    return calls(project, ids=failed_calls(project), limit=999)


def states(project: Project) -> dict[str, str]:
    return {line.step: line.state for line in project_status(project, seeds=[42]).stages}


def shown(project: Project) -> int:
    """Generated items in the project's rows."""
    return len(generated_page(project, Wanted(), limit=9999))


def test_a_rerun_asks_the_failed_alone_until_none_is_left(project: Project, service: LlmService):
    first = run(project)
    number, asked = failed(first)["generate"], service.requests
    assert 0 < number < asked
    filtered = "The service's content filter stopped the answer."
    assert [line.reason for line in listed(project)] == [filtered] * number
    assert states(project)["generate"] == "partial"
    text = f"{number} questions have no answer ({number} in generate); 'edt run' asks them again"
    assert text in [need.text for need in needs(project)]
    assert [step.failed for step in board(project).steps if step.failed] == [number]
    left = [line.calls for line in estimate(project).lines if line.step == "generate"]
    assert left == [number]
    service.faults = {}
    again = run(project)
    assert service.requests - asked == number
    assert (again.failed, listed(project), again.computed) == ([], [], 1)
    assert states(project)["generate"] == "fresh"
    assert run(project).computed == 0
    assert service.requests - asked == number
    assert service.paid_twice == 0


def test_failing_again_makes_nothing_anew_and_the_run_ends(project: Project, service: LlmService):
    service.faults = {"refusal": 0.4}
    first = run(project, "insert")
    asked = service.requests
    service.faults = {"content-filter": 1.0}
    again = run(project, "insert")
    assert service.requests - asked == failed(first)["generate"]
    assert (failed(again), again.computed) == (failed(first), 1)
    assert states(project)["insert"] == "fresh"
    items = generated_page(project, Wanted(), limit=9999)
    assert all(item.verdict for item in items)
    assert any(item.inserted for item in items)
    assert {line.reason for line in listed(project)} == {
        "The service's content filter stopped the answer."  # the newest reason
    }


def test_nothing_is_fresh_that_stands_on_replaced_answers(project: Project, service: LlmService):
    run(project, "insert")
    rejected = generated_page(project, Wanted(), limit=5)[-1]
    decide(project, "reject", [rejected.id])
    before = shown(project)
    service.faults = {}
    run(project, "generate", start="generate")
    now = shown(project)
    assert now > before
    found = states(project)
    assert found["generate"] == "fresh"
    assert "fresh" not in {found[step] for step in ("filter", "review", "insert")}
    run(project, "insert")
    assert shown(project) == now
    items = generated_page(project, Wanted(), limit=9999)
    assert all(item.verdict for item in items)
    (same,) = [item for item in items if item.id == rejected.id]
    assert (same.title, same.decision) == (rejected.title, "rejected")
    assert not same.inserted
    assert any(item.inserted for item in items)


def test_once_a_model_is_trained_only_a_wish_asks_again(project: Project, service: LlmService):
    first = run(project, "evaluate")
    asked = service.requests
    assert failed(first)["generate"]
    service.faults = {}
    same = run(project, "evaluate")
    assert (same.computed, same.metrics, same.failed) == (0, first.metrics, first.failed)
    assert service.requests == asked  # the table is there, and stays
    assert any("'edt run --retry-failed' asks" in need.text for need in needs(project))
    again = run(project, "evaluate", retry_failed=True)
    assert (again.failed, again.run) == ([], first.run)
    assert set(states(project).values()) == {"fresh"}
    assert service.paid_twice == 0


def test_a_profile_without_an_answer_is_asked_again_too(project: Project, service: LlmService):
    service.faults = {}
    run(project, "insert")
    service.faults = {"content-filter": 0.4}
    first = run(project, "profile")
    assert failed(first)["profile"]
    service.faults = {}
    assert run(project, "profile").failed == []
    assert states(project)["profile"] == "fresh"
    assert service.paid_twice == 0
