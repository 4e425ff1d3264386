"""What is found out about an endpoint, one dialect of OpenAI's interface after another."""

import json

import pytest
from batch_service import Batches
from llm_service import LlmService, serving

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.llm.probing import LONG_PROMPT, dearest, probe_chat, probe_embeddings

PRICED = {"price_input": 1.0, "price_output": 2.0}


def settings(server, **changes):
    given = {"provider": "openai", "model": "m", "base_url": server.url, **changes}
    return LlmSettings(**given)


def found(findings):
    return {line.what: (line.state, line.detail) for line in findings}


@pytest.fixture
def able(server, chat, response):
    """A server that can do all, or as told: refuses forms, cuts prompts, counts nothing."""

    def set_up(refuses=(), cuts_at=10**9, counts=True, says='{"colour": "red"}'):
        def answer(number, body):
            form = body.get("response_format", {}).get("type", "text")
            if form in refuses:
                return response('{"error": {"message": "response_format unsupported"}}', 400)
            words = len(body["messages"][0]["content"].split())
            told = min(words + 9, cuts_at) if counts else 0
            return response(chat(says, prompt_tokens=told))

        server.answer = answer

    return set_up


def test_a_server_that_can_do_all(server, ledger, able, response):
    able()
    server.models = response(json.dumps({"data": [{"id": "m"}, {"id": "other"}]}))
    told = found(probe_chat(settings(server, **PRICED), ledger))
    assert told["JSON schema"] == ("good", "answers as asked")
    assert told["form of answers"] == ("good", "JSON schema is what a run would ask for")
    assert told["long prompts"][0] == "good"
    assert told["chat price"][0] == "good"
    assert told["list of models"] == ("good", "2, m among them")
    assert len(server.requests) == 4


def test_every_question_is_on_record_with_its_cost(server, ledger, able):
    able()
    list(probe_chat(settings(server, **PRICED), ledger))
    assert ledger.statuses() == ["answered"] * 4
    assert {call.step for call in ledger.calls.values()} == {"doctor"}
    spent = sum(call.cost for call in ledger.calls.values())
    assert 0.0 < spent <= dearest(settings(server, **PRICED))


def test_the_ladder_is_found_rung_by_rung(server, ledger, able):
    able(refuses={"json_schema"})
    told = found(probe_chat(settings(server), ledger))
    assert told["JSON schema"] == ("note", "refused by the service")
    assert told["form of answers"][1].startswith("JSON mode")
    able(refuses={"json_schema", "json_object"}, says="red")
    told = found(probe_chat(settings(server), ledger))
    assert told["form of answers"][1].startswith("plain text")


def test_a_form_that_is_taken_but_ignored_is_not_called_good(server, ledger, able):
    able(says="Sure! It is red.")
    told = found(probe_chat(settings(server), ledger))
    assert told["JSON mode"] == ("note", "taken, but the answer is not the JSON asked for")
    assert told["form of answers"][1].startswith("plain text")


def test_a_prompt_that_is_cut_in_silence_is_noticed(server, ledger, able):
    able(cuts_at=4096)
    state, detail = found(probe_chat(settings(server), ledger))["long prompts"]
    assert state == "bad"
    assert f"4,096 tokens counted for {LONG_PROMPT:,} words" in detail


def test_a_server_that_counts_nothing_is_said_to(server, ledger, able):
    able(counts=False)
    assert found(probe_chat(settings(server, **PRICED), ledger))["long prompts"][0] == "bad"
    assert [call.cost for call in ledger.calls.values()] == [None] * 4


def test_a_wrong_key_is_one_finding_and_one_request(server, ledger, response, monkeypatch):
    monkeypatch.setenv("EDT_LLM_KEY", "sk-canary-probe")
    server.answer = lambda number, body: response('{"error": {"message": "sk-canary-probe"}}', 401)
    findings = list(probe_chat(settings(server), ledger))
    assert findings[-1].state == "bad"
    assert "refuses the key" in findings[-1].detail
    assert len(server.requests) == 1
    assert "canary" not in f"{findings} {ledger.calls}"


def test_a_service_that_answers_nothing_is_asked_nothing_long(server, ledger, response):
    server.answer = lambda number, body: response('{"error": {"message": "no"}}', 400)
    findings = list(probe_chat(settings(server), ledger))
    assert findings[-1].detail == "no usable answer"
    assert findings[-1].state == "bad"
    assert max(len(str(body)) for body in server.requests) < 1000


def test_an_unknown_price_is_said(server, ledger, able):
    able()
    state, detail = found(probe_chat(settings(server), ledger))["chat price"]
    assert (state, dearest(settings(server))) == ("note", None)
    assert "unknown" in detail


def test_batches_are_offered_where_the_service_lists_them(ledger):
    with serving(LlmService(batches=Batches())) as service:
        told = found(probe_chat(settings(service), ledger))
    assert told["batches"] == ("good", "offered: llm.mode = batch can be used")


@pytest.mark.parametrize(("mode", "state"), [("live", "note"), ("batch", "bad")])
def test_a_service_without_batches_is_wrong_only_for_who_wants_them(
    server, ledger, able, mode, state
):
    able()
    told = found(probe_chat(settings(server, mode=mode), ledger))
    assert told["batches"] == (state, "127.0.0.1 has no batches (404).")


def embedding_answer(asked, order):
    texts = asked["input"]
    vectors = [[float(len(text)), float(text.count("e")), 1.0] for text in texts]
    data = [
        {"index": n, "embedding": vectors[at], "object": "embedding"}
        for n, at in enumerate(order(len(texts)))
    ]
    return json.dumps({"data": data, "usage": {"prompt_tokens": 9, "total_tokens": 9}})


@pytest.mark.parametrize(
    ("order", "state"), [(lambda n: range(n), "good"), (lambda n: reversed(range(n)), "bad")]
)
def test_embeddings_have_a_dimension_and_an_order(server, ledger, response, order, state):
    server.answer = lambda number, asked: response(embedding_answer(asked, order))
    where = EmbeddingSettings(provider="openai", model="e", base_url=server.url)
    told = found(probe_embeddings(where, ledger))
    assert told["dimension"] == ("good", "3")
    assert told["order of vectors"][0] == state
    assert ledger.statuses() == ["answered", "answered"]


def test_a_service_without_embeddings_is_one_finding(server, ledger, response):
    server.answer = lambda number, asked: response("{}", 404)
    where = EmbeddingSettings(provider="openai", model="e", base_url=server.url)
    findings = list(probe_embeddings(where, ledger))
    assert findings[-1].state == "bad"
    assert "404" in findings[-1].detail
