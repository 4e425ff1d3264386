"""Every fault of a service alone, and all of them at once, through the real SDK and store."""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from llm_service import (
    PASSING,
    REFUSED,
    UNUSABLE,
    USABLE,
    VECTOR_FAULTS,
    LlmService,
    serving,
    vector_of,
)

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.errors import LlmError, LlmUnavailable
from edt_core.llm import openai_embed
from edt_core.llm.asking import RememberingModel
from edt_core.llm.in_flight import ServiceDesk
from edt_core.llm.openai_chat import OpenAIChat, endpoint
from edt_core.llm.openai_embed import OpenAIEmbedder
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question, Refusal
from edt_core.store.calls import call, calls
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger, EmbeddingLedger

ENDS_THE_RUN = {"401": "refuses the key", "404": "does not know the model", "quota": "no credit"}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("EDT_", "OPENAI_", "AZURE_"))]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path):
    with Home(tmp_path).create("paid") as made:
        yield made


def ask(service, project, count, *, concurrency=8, timeout=20.0, repair_attempts=2):
    """Ask ``count`` questions; back-off is shortened, the rest is as in production."""
    settings = LlmSettings(
        provider="openai", model="m", base_url=service.url, timeout=timeout, concurrency=concurrency
    )
    ledger = CallLedger(project.database)
    desk = ServiceDesk(
        OpenAIChat(replace(endpoint(settings), shortest_pause=0.005)),
        ledger,
        concurrency=concurrency,
        repair_attempts=repair_attempts,
    )
    questions = [
        Question("generate", "generate", None, "You write items.", f"User {n}", GeneratedItems)
        for n in range(count)
    ]
    return list(RememberingModel(settings.choice, desk, ledger).ask(questions))


def everything(project):
    """Every call that is on record, oldest first."""
    lines = calls(project, limit=100_000)
    return [call(project, line.id) for line in reversed(lines)]


@pytest.mark.parametrize("fault", PASSING)
def test_each_fault_alone_ends_as_it_should(fault, project):
    once = LlmService({fault: 0.5}, seed=3)
    with serving(once):
        answers = ask(once, project, 12, timeout=3.0 if fault == "hang" else 20.0)
        assert once.struck[fault]
        assert once.paid_twice == 0
        told = everything(project)
        if fault in USABLE:
            assert all(isinstance(answer, Answer) for answer in answers)
            assert once.requests == len(told) == 12
        for answer in answers:
            assert isinstance(answer, Answer) or answer.reason
            assert call(project, answer.call).line.status in {"answered", "invalid", "failed"}
        if fault in UNUSABLE:
            assert any(text.line.status in {"invalid", "failed"} for text in told)
        assert sum(len(text.attempts) for text in told) == once.requests
        failed = sum(isinstance(answer, Refusal) for answer in answers)
        once.faults = {}
        before = once.requests
        again = ask(once, project, 12)
        assert [answer.reason for answer in again if isinstance(answer, Refusal)] == []
        assert once.requests - before == failed  # a rerun asks for the failed alone
        assert once.paid_twice == 0


@pytest.mark.parametrize("fault", ENDS_THE_RUN)
def test_what_no_other_call_could_better_ends_the_run_at_once(fault, project):
    service = LlmService({fault: 1.0})
    with serving(service):
        with pytest.raises(LlmUnavailable, match=ENDS_THE_RUN[fault]) as caught:
            ask(service, project, 50)
        assert caught.value.hint
        assert service.requests == 1  # the first goes alone
        service.faults = {}
        assert all(isinstance(answer, Answer) for answer in ask(service, project, 50))
        assert service.requests == 51


def test_all_faults_at_once_lose_nothing_and_pay_nothing_twice(project):
    users = 300
    service = LlmService(dict.fromkeys(PASSING, 0.05), seed=11)
    with serving(service):
        answers = ask(service, project, users, concurrency=32, timeout=8.0)
        assert len(answers) == users
        assert set(PASSING) <= service.struck.keys()
        assert service.paid_twice == 0
        told = everything(project)
        assert sum(len(text.attempts) for text in told) == service.requests
        assert not [text for text in told if text.line.status == "unknown"]
        assert all(text.line.reason for text in told if text.line.status != "answered")
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert all(answer.reason for answer in refused)
        assert len(refused) < users / 4
        answered = Counter(text.line.status for text in told)["answered"]
        assert answered == users - len(refused)
        rounds = 0
        while any(isinstance(answer, Refusal) for answer in answers):
            before, failed = set(service.answered), rounds
            answers = ask(service, project, users, concurrency=32, timeout=8.0)
            assert before <= set(service.answered)
            assert service.paid_twice == 0
            rounds = failed + 1
            assert rounds < 20
        assert all(isinstance(answer, Answer) for answer in answers)


def test_what_a_model_wrote_cannot_steer_a_terminal(project):
    service = LlmService({"escapes": 1.0})
    with serving(service):
        (answer,) = ask(service, project, 1)
    (item,) = answer.parsed.items
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in item.title)


def test_what_a_model_thought_is_no_answer(project):
    service = LlmService({"thinking": 1.0})
    with serving(service):
        (answer,) = ask(service, project, 1)
    assert [item.title[:5] for item in answer.parsed.items] == ["Thing"] * 3


def embedder(service, project, monkeypatch, **changes):
    settings = EmbeddingSettings(
        provider="openai", model="e", base_url=service.url, timeout=20.0, **changes
    )
    where = replace(openai_embed.endpoint(settings), shortest_pause=0.005)
    return OpenAIEmbedder(
        settings, EmbeddingLedger(project.database), where, ledger=CallLedger(project.database)
    )


TEXTS = [f"text number {n}" for n in range(300)]


@pytest.mark.parametrize("fault", [*VECTOR_FAULTS, "429", "500", "reset"])
def test_each_fault_of_an_embedding_service_alone(fault, project, monkeypatch):
    service = LlmService({fault: 0.3}, seed=5)
    with serving(service):
        # the first request tells the dimension: it must not be the faulty one
        first = embedder(LlmService(url=service.url), project, monkeypatch)
        service.faults, faults = {}, service.faults
        first.embed(TEXTS[:1])
        service.faults = faults
        ours = embedder(service, project, monkeypatch, batch_size=10)
        found = None
        for _ in range(10):
            with suppress(LlmError):
                found = ours.embed(TEXTS)
                break
    assert service.struck[fault]
    np.testing.assert_array_equal(found, np.stack([vector_of(text) for text in TEXTS]))
    assert service.paid_twice == 0


def test_the_batch_limit_is_found_once_and_kept_to(project, monkeypatch):
    service = LlmService(batch_limit=9)
    with serving(service):
        found = embedder(service, project, monkeypatch, batch_size=64, concurrency=1).embed(TEXTS)
    np.testing.assert_array_equal(found, np.stack([vector_of(text) for text in TEXTS]))
    refused = sum(line.status == "failed" for line in calls(project, limit=1000))
    assert refused == 7  # 64, 32, 16, 32's other half's 16s: the first batch alone pays for it
    assert service.paid_twice == 0


def test_the_table_of_faults_is_whole():
    assert set(ENDS_THE_RUN) <= REFUSED.keys()
    assert len(set(PASSING)) == len(PASSING)
