"""What is found out about an endpoint, one dialect of OpenAI's interface after another."""

import json

import pytest
from batch_service import Batches
from llm_service import LlmService, serving

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.llm.openai_chat import service_model
from edt_core.llm.probing import LONG_PROMPT, Colour, dearest, probe_chat, probe_embeddings
from edt_core.ports import Question

PRICED = {"price_input": 1.0, "price_output": 2.0}


def settings(server, **changes):
    given = {"provider": "openai", "model": "m", "base_url": server.url, **changes}
    return LlmSettings(**given)


def found(findings):
    return {line.what: (line.state, line.detail) for line in findings}


@pytest.fixture
def able(server, chat, response):
    """A server that can do all, or as told: refuses forms, cuts prompts, counts nothing."""

    def set_up(refuses=(), ignores=(), cuts_at=10**9, counts=True, says='{"colour": "red"}'):
        def answer(number, body):
            form = body.get("response_format", {}).get("type", "text")
            if form in refuses:
                return response('{"error": {"message": "response_format unsupported"}}', 400)
            if form in ignores:
                return response(chat("Sure! It is red.", prompt_tokens=9))
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
    able(refuses={"json_schema", "json_object"}, says='Here you are: {"colour": "red"}')
    told = found(probe_chat(settings(server), ledger))
    assert told["form of answers"][1].startswith("plain text")


def sent_by_a_run(server, ledger, given, count=1):
    """The forms that a run with these settings asks for."""
    server.requests.clear()
    asked = [
        Question("generate", "generate", None, "", f"colour {n}", Colour) for n in range(count)
    ]
    list(service_model(given, ledger).ask(asked))
    return [body.get("response_format", {}).get("type", "text") for body in server.requests]


def test_what_doctor_says_of_the_form_is_what_a_run_does_whatever_the_preset_allows(
    server, ledger, able
):
    able()
    given = settings(server, provider="deepseek")
    told = found(probe_chat(given, ledger))
    assert told["JSON schema"][0] == "good"
    assert told["form of answers"] == (
        "good",
        "JSON mode is what a run would ask for;"
        " with llm.answer_form = schema it would be JSON schema",
    )
    assert sent_by_a_run(server, ledger, given) == ["json_object"]
    told = settings(server, provider="deepseek", answer_form="schema")
    assert found(probe_chat(told, ledger))["form of answers"][1].startswith("JSON schema is")
    assert sent_by_a_run(server, ledger, told, count=2) == ["json_schema"]  # one is known


def test_what_doctor_says_of_a_form_that_is_ignored_is_what_a_run_does(server, ledger, able):
    able(ignores={"json_schema"})
    given = settings(server, concurrency=1)
    told = found(probe_chat(given, ledger))
    assert told["JSON schema"] == ("note", "taken, but the answer is not the JSON asked for")
    assert told["form of answers"] == (
        "note", "a run would ask for JSON schema, and for JSON mode after 5 answers without it;"
        " with llm.answer_form = json at once",
    )  # fmt: skip
    forms = sent_by_a_run(server, ledger, given, count=6)
    assert forms == ["json_schema"] * 5 + ["json_object"] * (len(forms) - 5)


def test_a_service_that_never_brings_json_is_no_good(server, ledger, able):
    able(says="Sure! It is red.")
    told = found(probe_chat(settings(server), ledger))
    assert told["form of answers"] == ("bad", "no form brings the JSON that a run needs")


def test_a_form_that_fails_in_other_words_is_no_good_either(server, ledger, chat, response):
    def answer(number, body):
        if "response_format" in body:
            return response('{"error": {"message": "not in your plan"}}', 400)
        return response(chat('{"colour": "red"}'))

    server.answer = answer
    told = found(probe_chat(settings(server), ledger))
    assert told["form of answers"] == (
        "bad", "a run would ask for JSON schema, which brings nothing",
    )  # fmt: skip


def test_how_a_model_wants_its_parameters_is_found_out_once_and_told(
    server, ledger, chat, response
):
    def answer(number, body):
        if "max_tokens" in body:
            return response('{"error": {"message": "use \'max_completion_tokens\'"}}', 400)
        if "temperature" in body:
            return response('{"error": {"message": "temperature is not supported"}}', 400)
        return response(chat('{"colour": "red"}', prompt_tokens=9000))

    server.answer = answer
    told = found(probe_chat(settings(server, extra='{"reasoning_effort": "low"}'), ledger))
    assert told["parameters"] == (
        "note",
        "max_completion_tokens instead of max_tokens; no temperature (llm.temperature is not"
        " sent); llm.extra (reasoning_effort)",
    )
    assert told["form of answers"][0] == "good"
    assert len(server.requests) == 4 + 2
    assert all(body["reasoning_effort"] == "low" for body in server.requests)


def test_a_key_in_the_list_of_models_is_not_shown(server, ledger, able, response, monkeypatch):
    monkeypatch.setenv("EDT_LLM_KEY", "sk-canary-models")
    able()
    server.models = response(json.dumps({"data": [{"id": "model of sk-canary-models"}]}))
    told = found(probe_chat(settings(server), ledger))
    assert told["list of models"] == ("note", "m is not among: model of ***")


def test_a_list_of_models_without_end_is_not_read(server, ledger, able, response):
    able()
    server.models = response('{"data": [' + " " * 30_000_000)
    assert found(probe_chat(settings(server), ledger))["list of models"][1] == "none offered"


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
    assert findings[-1].detail == "no form brings the JSON that a run needs"
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
