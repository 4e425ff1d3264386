"""What goes on record of a call beside its answer: raw bodies, request ids, attempts to be paid."""

import json

import pytest

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.llm.ledger import Attempt, Call
from edt_core.llm.openai_chat import service_model
from edt_core.llm.openai_embed import OpenAIEmbedder
from edt_core.llm.prices import ModelPurse, Price, Till
from edt_core.llm.service import KEPT
from edt_core.ports import Answer, Question, Refusal
from edt_core.store.calls import call, spend
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger, EmbeddingLedger

KEY = "sk-canary-9f8e7d6c5b"
PRICE = Price(input=100.0, output=100.0)


@pytest.fixture
def project(tmp_path, monkeypatch, server):
    monkeypatch.setenv("EDT_LLM_KEY", KEY)
    monkeypatch.setenv("EDT_EMBEDDING_KEY", KEY)
    with Home(tmp_path).create("paid") as made:
        yield made


def ask(project, server, purse=None):
    settings = LlmSettings(
        provider="openai", model="m", base_url=server.url, concurrency=1, price_input=100.0,
        price_output=100.0,
    )  # fmt: skip
    question = Question("generate", "plain", None, "system", "user")
    (answer,) = service_model(settings, CallLedger(project.database), purse).ask([question])
    return answer


def test_the_body_and_the_requests_name_are_kept(project, server, response, chat):
    body = chat(f"You like tea, {KEY}.")
    server.answer = lambda number, asked: response(body, headers={"x-request-id": f"r-{KEY}"})
    ask(project, server)
    told = call(project, 1)
    raw = json.loads(told.raw)
    assert (raw["id"], raw["choices"][0]["finish_reason"]) == ("1", "stop")
    assert told.attempts[-1]["request_id"] == "r-***"
    assert told.attempts[-1]["body"] == ""  # it is the call's
    assert KEY not in repr(told)


def test_why_a_model_refuses_is_kept(project, server, response):
    message = {"role": "assistant", "content": None, "refusal": "No, because of policy 7."}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    server.answer = lambda number, asked: response(json.dumps({"id": "c9", "choices": choices}))
    assert isinstance(ask(project, server), Refusal)
    assert "policy 7" in call(project, 1).raw


def test_a_body_that_is_no_json_is_kept_with_its_attempt(project, server, response, chat):
    page = f"<html>gateway gave up {KEY}</html>"
    bodies = [response(page), response("{", 500), response(chat("You like tea."))]
    server.answer = lambda number, asked: bodies[number]
    assert isinstance(ask(project, server), Answer)
    told = call(project, 1)
    assert [attempt["body"] for attempt in told.attempts] == [
        "<html>gateway gave up ***</html>", "{", "",
    ]  # fmt: skip
    assert json.loads(told.raw)["choices"]


def test_a_long_body_is_cut_on_record_and_not_in_use(project, server, response, chat):
    server.answer = lambda number, asked: response(chat("tea " * KEPT))
    answer = ask(project, server)
    assert answer.text.count("tea") == KEPT
    assert len(call(project, 1).raw) < KEPT + 40
    assert call(project, 1).raw.endswith(" bytes)")


def test_attempts_that_may_be_billed_count_against_the_cap_and_in_the_report(
    project, server, response, chat
):
    good = chat("You like tea.", prompt_tokens=1000, completion_tokens=1000)
    bodies = [response('{"choices": ['), response("", 500), response(good)]
    server.answer = lambda number, asked: bodies[number]
    till = Till(10.0)
    ask(project, server, ModelPurse(PRICE, till))
    (spent,) = spend(project)
    assert (spent.cost, spent.uncertain, spent.unpriced) == (pytest.approx(0.2), 1, 0)
    assert 0.1 < till.spent - 0.2 < 0.2  # what the cut answer can have cost at most
    assert till.unknown == 1
    assert "1 calls unknown" in till.total


def test_an_embedders_lost_attempts_count_too(project, server, response):
    vector = {"index": 0, "embedding": [1.0, 2.0]}
    good = json.dumps({"data": [vector], "usage": {"prompt_tokens": 100}})
    bodies = [response('{"data": ['), response(good)]
    server.answer = lambda number, asked: bodies[number]
    settings = EmbeddingSettings(
        provider="openai", model="e", base_url=server.url, price_input=100.0
    )
    till = Till()
    embedder = OpenAIEmbedder(
        settings,
        EmbeddingLedger(project.database),
        ledger=CallLedger(project.database),
        purse=ModelPurse(Price(input=100.0), till),
    )
    embedder.embed(["a" * 50])
    (spent,) = spend(project)
    assert (spent.cost, spent.uncertain) == (pytest.approx(0.01), 1)
    assert till.spent == pytest.approx(0.01 + 0.005)
    assert call(project, 1).raw == '{"data": ['  # vectors are kept elsewhere


GOOD, CUT, TURNED = Attempt(1.0, status=200), Attempt(1.0, "cut", 200), Attempt(1.0, "no", 429)


@pytest.mark.parametrize(
    ("status", "cost", "attempts", "uncertain"),
    [
        ("unknown", None, (), 1),
        ("answered", 0.1, (GOOD,), 0),
        ("answered", None, (TURNED, CUT, GOOD), 1),
        ("invalid", 0.1, (CUT, GOOD), 1),
        ("invalid", None, (GOOD,), 1),
        ("failed", 0.0, (TURNED, TURNED), 0),
        ("failed", None, (CUT, TURNED, CUT), 2),
        ("failed", 0.0, (), 0),
        ("answered", 0.0, (), 0),
    ],
)
def test_what_may_be_billed_and_brought_nothing(status, cost, attempts, uncertain):
    line = Call("k", "s", "t", None, "p", "m", "{}", status, cost=cost, attempts=attempts)
    assert line.uncertain == uncertain
