"""One question asked again: bought once, found by the next run, and nothing else made anew."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from llm_service import SAMPLES, LlmService, serving
from paid_shop import paid_shop

from edt_core.actions.asking_again import AskedAgain, ask_again, prospect
from edt_core.actions.board import board
from edt_core.actions.configuring import change, configuration
from edt_core.actions.estimating import estimate
from edt_core.actions.running import RunOutcome, run_variant
from edt_core.actions.status import StepStatus, project_status
from edt_core.errors import BudgetReached, LlmError, ProjectBusy, RunCancelled, UsageError
from edt_core.events import silence
from edt_core.llm.ledger import Call
from edt_core.store.backup import back_up, restore
from edt_core.store.batches import CallBatches
from edt_core.store.calls import CallLine, call, calls
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project
from edt_core.store.review import decide
from edt_core.store.review_queue import GeneratedLine, Wanted, generated_page
from edt_core.store.same_question import key_of

PRICED = {"llm.price_input": 1.0, "llm.price_output": 4.0}
COST = 900 / 1e6 + 90 * 4 / 1e6
"""Of one call to the loopback service at that price."""
OTHER = {"thousands": 1.0}
"""The service answers the same content the same, unless it is one of its odd and good answers."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmService]:
    for name in [name for name in os.environ if name.startswith(("EDT_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    with serving(LlmService()) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, service: LlmService) -> Iterator[Project]:
    with paid_shop(tmp_path, service, PRICED) as made:
        yield made


def run(project: Project, until: str = "insert") -> RunOutcome:
    return run_variant(project, until=until, seeds=[42], sink=silence, check=lambda: None)


def again(
    project: Project,
    number: int,
    max_cost: float | None = None,
    check: Callable[[], None] = lambda: None,
) -> AskedAgain:
    return ask_again(project, number, max_cost=max_cost, sink=silence, check=check)


def steps(project: Project) -> dict[str, StepStatus]:
    return {line.step: line for line in project_status(project, seeds=[42]).stages}


def newest(project: Project, template: str = "generate", status: str = "answered") -> CallLine:
    found = calls(project, status=status, limit=9999)
    return next(line for line in found if line.template == template)


def items_of(project: Project, number: int) -> list[GeneratedLine]:
    return generated_page(project, Wanted(where=f"call={number}"), limit=99)


def test_another_answer_is_found_by_the_next_run_and_makes_what_stands_on_it_anew(
    project: Project, service: LlmService
):
    run(project)
    asked, old = service.requests, newest(project)
    told = prospect(project, old.id)
    assert (told.paid, told.cost) == (pytest.approx(COST), pytest.approx(COST))
    assert (told.step, told.behind, told.decisions) == (
        "generate",
        ["filter", "review", "insert"],
        0,
    )
    service.faults = OTHER
    found = again(project, old.id)
    assert service.requests == asked + 1
    assert found.call > old.id
    assert (found.cost, found.same) == (pytest.approx(COST), False)
    state = steps(project)
    assert (state["embed"].state, state["generate"].state) == ("fresh", "stale")
    reason = "1 answer was asked for again since; 'edt run' makes it anew"
    assert state["generate"].told == f"because {reason}"
    assert (state["insert"].state, state["insert"].reason) == ("stale", f"generate: {reason}")
    left = {line.what: line for line in estimate(project).lines}
    assert left["generations"].calls == 0
    generate = next(step for step in board(project).steps if step.status.step == "generate")
    assert generate.what_is_left == "1 of 3 results to compute, no call"
    assert items_of(project, old.id)  # until then the old ones are shown
    outcome = run(project)
    assert outcome.computed > 2
    assert service.requests == asked + 1
    assert {line.state for step, line in steps(project).items() if step in told.behind} == {"fresh"}
    assert [item.title for item in items_of(project, found.call)] == [
        f"Thing {n}" for n in range(5)
    ]
    assert all(item.verdict for item in items_of(project, found.call))
    assert items_of(project, old.id) == []
    assert run(project).computed == 0
    assert service.requests == asked + 1


def test_the_same_answer_again_leaves_everything_behind_it_and_every_decision(project: Project):
    run(project)
    old = newest(project)
    item = items_of(project, old.id)[0]
    decide(project, "reject", [item.id])
    run(project)
    assert prospect(project, old.id).decisions == 1
    found = again(project, old.id)
    assert found.same
    assert run(project).computed == 1
    (same,) = [each for each in items_of(project, found.call) if each.id == item.id]
    assert (same.decision, same.source_score) == ("rejected", item.source_score)
    others = generated_page(project, Wanted(), limit=9999)
    assert all(other.verdict for other in others)
    assert any(other.inserted for other in others)
    assert {line.state for line in steps(project).values()} <= {"fresh", "missing"}


@pytest.mark.parametrize("fault", ["content-filter", "401", SAMPLES])
def test_without_a_usable_answer_the_old_one_stands(
    project: Project, service: LlmService, fault: str
):
    run(project)
    old = newest(project)
    service.faults = {fault: 1.0}
    with pytest.raises(LlmError):
        again(project, old.id)
    service.faults = {}
    asked = service.requests
    assert project.artifacts.outdated() == {}
    assert (steps(project)["generate"].state, run(project).computed) == ("fresh", 0)
    assert service.requests == asked
    assert again(project, newest(project, status="bad").id).same  # whatever became of the call


def test_a_failure_takes_no_earlier_note_back(project: Project, service: LlmService):
    run(project)
    old = newest(project)
    again(project, old.id)
    service.faults = {"content-filter": 1.0}
    with pytest.raises(LlmError):
        again(project, old.id)
    assert "1 answer was" in steps(project)["generate"].reason


def test_a_stop_brings_the_paid_answer_home_and_notes_it(project: Project, service: LlmService):
    run(project)
    old, asked = newest(project), service.requests
    service.seconds, service.faults = 1.0, OTHER

    def stop() -> None:
        if service.requests > asked:
            raise RunCancelled("Stopped as asked.")

    with pytest.raises(RunCancelled):
        again(project, old.id, check=stop)
    assert newest(project).id > old.id
    assert steps(project)["generate"].state == "stale"


def test_a_cap_holds_before_anything_is_sent(project: Project, service: LlmService):
    run(project)
    old, asked = newest(project), service.requests
    with pytest.raises(BudgetReached):
        again(project, old.id, max_cost=COST / 2)
    change(project, {"llm.max_cost": COST / 2})
    with pytest.raises(BudgetReached):
        again(project, old.id)
    assert service.requests == asked
    assert project.artifacts.outdated() == {}
    change(project, {"llm.price_input": None, "llm.price_output": None})
    with pytest.raises(UsageError, match="No price is known"):
        again(project, old.id, max_cost=1.0)


def test_a_repaired_question_is_asked_from_its_beginning(project: Project, service: LlmService):
    service.faults = {"empty": 0.3}
    run(project)
    old = next(line for line in calls(project, status="answered", limit=999) if line.repair)
    service.faults = {}
    assert again(project, old.id).call > old.id
    line = newest(project)
    assert (line.repair, key_of(project, line.id)) == (0, key_of(project, old.id))


def test_a_summary_is_quoted_and_its_readers_alone_are_asked_anew(
    project: Project, service: LlmService
):
    run(project, "profile")
    old, asked = newest(project, "summarize"), service.requests
    told = prospect(project, old.id)
    assert told.users >= 1
    service.faults = OTHER
    again(project, old.id)
    service.faults = {}
    left = {line.what: line for line in estimate(project).lines}
    assert left["analyses"].calls == told.users
    assert left["summaries"].calls <= told.users * 20
    assert run(project, "profile").computed > 0
    assert asked + 1 < service.requests <= asked + 1 + told.users  # equal users share one analysis
    assert run(project, "profile").computed == 0
    alone = newest(project, "analyze")
    assert prospect(project, alone.id).users == 1


def test_where_answers_come_in_batches_one_is_asked_for_live(project: Project, service: LlmService):
    run(project, "generate")
    change(project, {"llm.mode": "batch"})  # the service has none
    assert again(project, newest(project).id).same


def test_a_copy_and_a_backup_know_that_it_was_asked_again(project: Project, tmp_path: Path):
    run(project, "generate")
    again(project, newest(project).id)
    home = Home(project.folder.parent)
    with home.copy("small", "copy") as copy:
        assert steps(copy)["generate"].state == "stale"
        assert run(copy, "generate").computed == 1
        assert steps(copy)["generate"].state == "fresh"
    back_up(project.folder, tmp_path / "small.zip")
    restore(home, tmp_path / "small.zip", "restored")
    with home.open("restored") as restored:
        assert steps(restored)["generate"].state == "stale"


def test_what_the_project_would_not_ask_today_is_refused_and_says_what_differs(project: Project):
    run(project, "generate")
    number = newest(project).id
    for settings, said in (
        ({"llm.temperature": 0.75}, "temperature was 0.5 and is 0.75"),
        ({"llm.model": "other"}, 'model was "tiny" and is "other"'),
        ({"llm.extra": '{"top_p": 0.5}'}, "top_p was not set and is 0.5"),
        ({"llm.provider": "stand-in"}, "llm.provider is stand-in"),
        ({"generator.n_generate": 7}, "No result rests on call"),
        ({"clusters.n_clusters": 3}, "No result rests on call"),
    ):
        before = configuration(project).flat()
        change(project, settings)
        with pytest.raises(UsageError, match=said):
            again(project, number)
        with pytest.raises(UsageError, match=said):
            prospect(project, number)
        change(project, {key: before[key] for key in settings})
    assert prospect(project, number).call == number


def test_what_is_no_question_of_a_stage_is_refused(project: Project, service: LlmService):
    run(project, "generate")
    old, asked = newest(project), service.requests
    key, request = key_of(project, old.id), '{"model": "tiny", "messages": []}'
    line = Call("k", "generate", "generate", 0, "openai", "tiny", request, "answered")
    doctor, vectors, stand_in, odd = CallLedger(project.database).record(
        [
            replace(line, step="doctor"),
            replace(line, template="embedding"),
            replace(line, provider="stand-in"),
            line,
        ]
    )
    for number, said in (
        (doctor, "is one of edt doctor's"),
        (vectors, "asked for vectors"),
        (stand_in, "stand-in's"),
        (odd, "would not ask"),
        (10**6, "There is no call"),
    ):
        with pytest.raises(UsageError, match=said):
            again(project, number)
    with project.stages("edt run"), pytest.raises(ProjectBusy):
        again(project, old.id)
    waiting = replace(line, key=key, status="unknown", request=call_text(project, old.id))
    CallBatches(project.database).prepare("batch-1", "host", [waiting], [])
    with pytest.raises(UsageError, match="in the batch batch-1"):
        again(project, old.id)
    assert service.requests == asked


def call_text(project: Project, number: int) -> str:
    return json.dumps(call(project, number).request)
