"""The real SDK against a server on loopback that misbehaves."""

import gzip
import json
import time
from dataclasses import replace

import pytest

from edt_core.config import LlmSettings
from edt_core.errors import LlmUnavailable
from edt_core.events import silence
from edt_core.llm.asking import RememberingModel
from edt_core.llm.in_flight import ServiceDesk
from edt_core.llm.openai_chat import OpenAIChat, endpoint, service_model
from edt_core.llm.replies import GeneratedItems, read_plain
from edt_core.ports import Answer, Question, Refusal

ITEM = '{"items": [{"title": "Tea kettle", "price": "9.99"}]}'


def question(text="hello", answer=None):
    return Question("generate", "generate", 1, "be brief", text, answer)


@pytest.fixture
def ask(server, ledger):
    """Ask the server; back-off is shortened, the rest is as in production."""

    def asked(*questions, timeout=5.0, purse=None, emit=silence, **changes):
        settings = LlmSettings(
            provider="openai", model="m", base_url=server.url, timeout=timeout, **changes
        )
        where = replace(endpoint(settings), shortest_pause=0.01)
        desk = ServiceDesk(
            OpenAIChat(where, emit=emit),
            ledger,
            concurrency=settings.concurrency,
            repair_attempts=settings.repair_attempts,
            purse=purse,
        )
        return list(RememberingModel(settings.choice, desk, ledger).ask(questions))

    return asked


def test_an_answer_is_on_record_with_its_request_and_tokens(ask, ledger, server):
    (answer,) = ask(question())
    assert answer == Answer("fine", None, 1)
    call = ledger.calls[1]
    assert (call.status, call.model_answered) == ("answered", "loopback-1")
    assert (call.prompt_tokens, call.completion_tokens) == (11, 7)
    assert json.loads(call.request) == server.requests[0]
    assert [message["role"] for message in server.requests[0]["messages"]] == ["system", "user"]
    assert [attempt.status for attempt in call.attempts] == [200]


def test_the_public_factory_asks_the_same_way(server, ledger):
    settings = LlmSettings(provider="openai", model="m", base_url=server.url)
    assert list(service_model(settings, ledger).ask([question()])) == [Answer("fine", None, 1)]


def test_what_was_answered_is_never_asked_again(ask, server):
    ask(question(), question("other"))
    again = ask(question("other"), question(), question())
    assert [answer.text for answer in again] == ["fine"] * 3
    assert len(server.requests) == 2


def test_identical_questions_of_one_batch_are_asked_once(ask, server):
    ask(question(), question(), question())
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503, 529, 408])
def test_a_passing_error_is_tried_again_and_every_attempt_recorded(
    ask, server, ledger, chat, response, status
):
    def answer(number, body):
        if number < 2:
            return response('{"error": {"message": "busy"}}', status)
        return response(chat("fine"))

    server.answer = answer
    assert ask(question())[0].text == "fine"
    assert [attempt.status for attempt in ledger.calls[1].attempts] == [status, status, 200]
    assert "busy" in ledger.calls[1].attempts[0].error


def test_retry_after_is_obeyed(ask, server, chat, response):
    def answer(number, body):
        return response("{}", 429, {"Retry-After": "0.3"}) if not number else response(chat("a"))

    server.answer = answer
    started = time.monotonic()
    ask(question())
    assert time.monotonic() - started >= 0.3


def test_a_service_that_asks_for_no_wait_at_all_is_not_hammered(ask, server, response):
    server.answer = lambda number, body: response("{}", 429, {"Retry-After": "0"})
    started = time.monotonic()
    (refused,) = ask(question(), timeout=2.0)
    assert isinstance(refused, Refusal)
    assert time.monotonic() - started > 1.0  # pauses that double, until a quarter of it is left
    assert len(server.requests) < 20


def test_one_prompt_that_is_forbidden_fails_alone(ask, server, chat, response):
    def answer(number, body):
        if body["messages"][1]["content"] == "bad":
            return response('{"error": {"message": "not for you"}}', 403)
        return response(chat("fine"))

    server.answer = answer
    good, refused, last = ask(question("a"), question("bad"), question("b"), concurrency=1)
    assert isinstance(good, Answer)
    assert isinstance(last, Answer)
    assert "403: not for you" in refused.reason


def test_a_first_prompt_that_is_flagged_says_nothing_of_the_key(ask, server, chat, response):
    def answer(number, body):
        if not number:
            return response('{"error": {"message": "Your input was flagged"}}', 403)
        return response(chat("fine"))

    server.answer = answer
    refused, answered = ask(question("a"), question("b"), concurrency=1)
    assert isinstance(refused, Refusal)
    assert isinstance(answered, Answer)


def test_what_the_environment_holds_for_openai_goes_nowhere_else(ask, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-1")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-canary-2")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary-3")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-canary-4")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "canary-5")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "X-Gateway: canary-6\nAuthorization: Bearer canary-7"
    )
    ask(question())
    assert "canary" not in repr(server.headers)
    assert server.headers[0]["authorization"] == "Bearer no-key-needed"


def test_a_service_that_wants_an_hour_is_left_for_now(ask, server, response):
    server.answer = lambda number, body: response("{}", 429, {"Retry-After": "3600"})
    with pytest.raises(LlmUnavailable, match="asks to wait 3600 seconds"):
        ask(question())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, '{"error": {"message": "no"}}', "refuses the key"),
        (403, "{}", "refuses the key"),
        (404, '{"error": {"message": "no such model"}}', "does not know the model 'm'"),
        (402, "{}", "no credit"),
        (429, '{"error": {"message": "x", "code": "insufficient_quota"}}', "no credit"),
    ],
)
def test_what_no_other_call_can_better_stops_at_once(
    ask, server, ledger, response, status, body, said
):
    server.answer = lambda number, body_: response(body, status)
    with pytest.raises(LlmUnavailable, match=said) as caught:
        ask(*(question(str(n)) for n in range(50)), concurrency=1)
    assert caught.value.hint
    assert len(server.requests) == 1
    assert ledger.statuses() == ["failed"]
    assert ledger.calls[1].cost == 0.0


def test_no_key_is_written_anywhere_even_if_the_server_repeats_it(
    ask, server, ledger, chat, response, monkeypatch
):
    monkeypatch.setenv("EDT_LLM_KEY", "sk-canary-5f3a")

    def answer(number, body):
        if number == 0:
            return response('{"error": {"message": "bad sk-canary-5f3a"}}', 500)
        return response(chat("your key is sk-canary-5f3a"))

    server.answer = answer
    (answered,) = ask(question())
    assert server.headers[0]["authorization"] == "Bearer sk-canary-5f3a"
    assert answered.text == "your key is ***"
    assert "canary" not in repr(ledger.calls)
    server.answer = lambda number, body: response('{"error": {"message": "sk-canary-5f3a"}}', 401)
    with pytest.raises(LlmUnavailable) as caught:
        ask(question("more"))
    assert "canary" not in f"{caught.value} {caught.value.__cause__} {ledger.calls!r}"


def test_a_far_service_needs_a_key(server, ledger):
    settings = LlmSettings(provider="openai", model="m", base_url="https://example.invalid/v1")
    with pytest.raises(LlmUnavailable, match="no key") as caught:
        list(service_model(settings, ledger).ask([question()]))
    assert "EDT_LLM_KEY" in caught.value.hint


def test_nobody_listening_is_said_at_once(server, ledger):
    settings = LlmSettings(provider="openai", model="m", base_url="http://127.0.0.1:1/v1")
    where = replace(endpoint(settings), shortest_pause=0.001)
    desk = ServiceDesk(OpenAIChat(where), ledger, concurrency=2, repair_attempts=1)
    with pytest.raises(LlmUnavailable, match="can't be reached"):
        list(RememberingModel(settings.choice, desk, ledger).ask([question()]))


@pytest.mark.parametrize(
    "content",
    [
        f"```json\n{ITEM}\n```",
        f"Of course! Here it is: {ITEM} Enjoy.",
        '[{"title": "Tea kettle"}]',
        '{"items": [{"title": "Tea kettle", "price": 9.99, "categories": "a; b", "extra": 1}]}',
    ],
)
def test_wrapped_json_passes_without_repair(ask, server, chat, response, content):
    server.answer = lambda number, body: response(chat(content))
    (answer,) = ask(question(answer=GeneratedItems))
    assert [item.title for item in answer.parsed.items] == ["Tea kettle"]
    assert len(server.requests) == 1


def test_an_answer_that_breaks_off_keeps_its_whole_items(ask, server, chat, response):
    text = '{"items": [{"title": "a"}, {"title": "b"}, {"title": "c", "descr'
    server.answer = lambda number, body: response(chat(text, finish="length"))
    (answer,) = ask(question(answer=GeneratedItems))
    assert [item.title for item in answer.parsed.items] == ["a", "b"]


def test_a_wrong_answer_is_asked_again_with_the_error_named(ask, server, ledger, chat, response):
    texts = ['{"items": "none"}', ITEM]
    server.answer = lambda number, body: response(chat(texts[number]))
    (answer,) = ask(question(answer=GeneratedItems))
    assert answer.call == 2
    assert ledger.statuses() == ["invalid", "answered"]
    assert [call.repair for call in ledger.calls.values()] == [0, 1]
    *_, said, wish = server.requests[1]["messages"]
    assert said == {"role": "assistant", "content": '{"items": "none"}'}
    assert "items is wrong" in wish["content"]
    ask(question(answer=GeneratedItems))  # the repaired answer is found by the question
    assert len(server.requests) == 2


def test_one_bad_answer_stops_nothing(ask, server, ledger, chat, response):
    def answer(number, body):
        bad = body["messages"][1]["content"] == "bad"
        return response(chat("I would rather not." if bad else ITEM))

    server.answer = answer
    questions = [question(text, GeneratedItems) for text in ("a", "bad", "b")]
    good, refused, last = ask(*questions, repair_attempts=2)
    assert isinstance(good, Answer)
    assert isinstance(last, Answer)
    assert refused == Refusal("The answer holds no JSON.", refused.call)
    assert ledger.statuses().count("invalid") == 3
    assert len(ask(*questions, repair_attempts=0)) == 3  # a rerun asks for the failed one alone
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>busy</html>",
        "[]",
        '{"choices": "nope"}',
        '{"choices": []}',
        '{"choices": [{"message": {"content": null}}]}',
        '{"choices": [{"message": {"content": ["x"]}, "finish_reason": 3}], "usage": "many"}',
        '{"choices": [{"message": {"content": "x"}, "finish_reason": "content_filter"}]}',
        '{"choices": [{"message": {"content": null, "refusal": "no"}}]}',
        "[" * 100_000,
    ],
)
def test_a_body_that_is_no_answer_is_a_refusal(ask, server, ledger, response, body):
    server.answer = lambda number, request: response(body)
    (refused,) = ask(question(), repair_attempts=0)
    assert isinstance(refused, Refusal)
    assert refused.reason.endswith(".")
    assert set(ledger.statuses()) <= {"failed", "invalid"}


def test_a_byte_that_is_no_utf8_spoils_a_letter_not_a_paid_answer(ask, server, response):
    body = b'{"choices": [{"message": {"content": "tea \xff kettle"}}]}'
    server.answer = lambda number, request: response(body)
    assert ask(question())[0].text == "tea \ufffd kettle"
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_a_broken_connection_is_tried_again(ask, server, ledger, chat, response, fault):
    def answer(number, body):
        return response(chat("fine"), fault="" if number else fault)

    server.answer = answer
    assert ask(question())[0].text == "fine"
    assert len(ledger.calls[1].attempts) == 2


def test_a_call_ends_at_its_deadline_though_bytes_keep_coming(ask, server, response):
    server.answer = lambda number, body: response(fault="trickle")
    started = time.monotonic()
    (refused,) = ask(question(), timeout=0.5)
    assert time.monotonic() - started < 1.5
    assert "within 0.5 seconds" in refused.reason


def test_a_body_that_never_ends_is_cut(ask, server, chat, response):
    server.answer = lambda number, body: response(chat("x" * 5_000_000))
    (refused,) = ask(question())
    assert "too large" in refused.reason


def test_a_form_that_the_server_does_not_know_is_asked_for_once(ask, server, chat, response):
    def answer(number, body):
        form = body.get("response_format", {}).get("type", "text")
        if form == "json_schema":
            return response('{"error": {"message": "response_format not supported"}}', 400)
        return response(chat(ITEM))

    server.answer = answer
    questions = [question(str(n), GeneratedItems) for n in range(3)]
    assert all(isinstance(answer, Answer) for answer in ask(*questions, concurrency=1))
    forms = [body["response_format"]["type"] for body in server.requests]
    assert forms == ["json_schema", "json_object", "json_object", "json_object"]


def test_one_call_finds_out_the_form_before_others_ask_for_it(ask, server, chat, response, slowly):
    def answer(number, body):
        form = body.get("response_format", {}).get("type", "text")
        if form != "text":
            refusal = response('{"error": {"message": "unknown field response_format"}}', 400)
            return slowly(refusal, 0.05)
        return response(chat(ITEM))

    server.answer = answer
    notes = []
    questions = [question(str(n), GeneratedItems) for n in range(12)]
    ask(*questions, concurrency=6, emit=notes.append)
    assert len(server.requests) == 14
    assert [note.text for note in notes] == [
        "The service takes no JSON schema; it is asked for JSON mode.",
        "The service takes no JSON mode; it is asked for plain text.",
    ]


def reasoning(chat, response):
    """A model that takes neither max_tokens nor a temperature, as OpenAI's reasoning models."""

    def answer(number, body):
        if "max_tokens" in body:
            said = (
                "Unsupported parameter: 'max_tokens' is not supported with this model."
                " Use 'max_completion_tokens' instead."
            )
        elif "temperature" in body:
            said = "Unsupported value: 'temperature' does not support 0.5 with this model."
        else:
            return response(chat(ITEM))
        return response(json.dumps({"error": {"message": said, "code": "unsupported"}}), 400)

    return answer


@pytest.mark.parametrize("answer", [None, GeneratedItems])
def test_a_reasoning_model_is_asked_in_its_own_words_which_one_call_finds_out(
    ask, server, ledger, chat, response, answer
):
    server.answer = reasoning(chat, response)
    notes = []
    asked = ask(*(question(str(n), answer) for n in range(9)), concurrency=4, emit=notes.append)
    assert all(isinstance(found, Answer) for found in asked)
    assert len(server.requests) == 9 + 2
    assert server.requests[-1]["max_completion_tokens"] == 1024
    assert len(notes) == 2
    assert json.loads(ledger.calls[1].request) == server.requests[2]  # as it was sent
    assert [attempt.status for attempt in ledger.calls[1].attempts] == [400, 400, 200]


def test_fields_of_the_users_own_are_sent_and_are_part_of_what_is_remembered(ask, server):
    ask(question(), extra='{"reasoning_effort": "low", "seed": 7}')
    ask(question(), extra='{"seed":7,"reasoning_effort":"low"}')
    assert len(server.requests) == 1
    assert server.requests[0]["reasoning_effort"] == "low"
    ask(question())
    assert len(server.requests) == 2
    assert "seed" not in server.requests[1]


def test_a_field_that_was_never_taken_ends_the_run_at_once(ask, server, ledger, chat, response):
    refusal = {"message": "Invalid value: 'huge'.", "param": "reasoning_effort"}
    server.answer = lambda number, body: response(json.dumps({"error": refusal}), 400)
    questions = [question(str(n)) for n in range(9)]
    with pytest.raises(LlmUnavailable, match=r"llm\.extra.* Invalid value: 'huge'") as caught:
        ask(*questions, extra='{"reasoning_effort": "huge"}')
    assert "'reasoning_effort'" in caught.value.hint
    assert len(server.requests) == 1


def test_a_form_that_is_taken_and_ignored_is_paid_for_a_few_times_only(ask, server, chat, response):
    def answer(number, body):
        form = body.get("response_format", {}).get("type", "text")
        return response(chat("Sure! A kettle." if form == "json_schema" else ITEM))

    server.answer = answer
    notes = []
    asked = ask(*(question(str(n), GeneratedItems) for n in range(40)), emit=notes.append)
    assert sum(isinstance(found, Refusal) for found in asked) <= 1
    assert [note.text for note in notes] == [
        "The service takes JSON schema and ignores it; it is asked for JSON mode."
    ]
    assert len(server.requests) <= 40 + 8 + 5


def test_prompts_that_are_refused_fail_alone_however_many_there_are_in_a_row(
    ask, server, chat, response
):
    def answer(number, body):
        if body["messages"][1]["content"] == "fine":
            return response(chat("fine"))
        if number % 2:
            return response('{"error": {"message": "maximum context length"}}', 400)
        message = {"role": "assistant", "content": None, "refusal": "no"}
        return response(json.dumps({"choices": [{"message": message}]}))

    server.answer = answer
    asked = ask(*(question(str(n)) for n in range(60)), question("fine"), concurrency=4)
    assert [isinstance(found, Answer) for found in asked] == [False] * 60 + [True]


def test_thoughts_before_an_answer_are_no_part_of_it(ask, server, chat, response):
    thought = '<think>\nMaybe {"items": [{"title": "Draft"}]}? No.\n</think>\n'
    server.answer = lambda number, body: response(
        chat(thought + (ITEM if "response_format" in body else "A kettle."))
    )
    structured, plain = ask(question("a", GeneratedItems), question("b"))
    assert [item.title for item in structured.parsed.items] == ["Tea kettle"]
    assert plain.text.startswith("<think>")  # as the model wrote it
    assert read_plain(plain.text) == "A kettle."


def test_thoughts_without_an_answer_are_none_and_are_not_sent_back(ask, server, chat, response):
    server.answer = lambda number, body: response(
        chat('<think>{"items": [{"title": "Draft"}]} or', finish="length")
    )
    (refused,) = ask(question(answer=GeneratedItems), repair_attempts=1)
    assert isinstance(refused, Refusal)
    assert "longer than llm.max_tokens" in refused.reason
    assert server.requests[1]["messages"][-2]["content"] == "(nothing)"


def test_a_prompt_that_the_service_cuts_is_said_once(ask, server, chat, response):
    server.answer = lambda number, body: response(chat("fine", prompt_tokens=4096))
    notes = []
    ask(question("word " * 4000), question("other " * 4000), emit=notes.append)
    assert not notes
    ask(question("word " * 6000), question("other " * 6000), emit=notes.append)
    assert len(notes) == 1
    assert "4,096 tokens in a prompt of 6,002 words" in notes[0].text


def test_an_answer_that_is_cut_says_so_when_it_cannot_be_read(ask, server, chat, response):
    server.answer = lambda number, body: response(chat('{"items": [{"titl', finish="length"))
    (refused,) = ask(question(answer=GeneratedItems), repair_attempts=1)
    assert "longer than llm.max_tokens" in refused.reason
    assert "longer than llm.max_tokens" in server.requests[1]["messages"][-1]["content"]


def test_whoever_redirects_gets_neither_key_nor_prompt(ask, server, response):
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.answer = lambda number, body: response(
        "{}", 307, {"Location": f"{elsewhere}/chat/completions"}
    )
    with pytest.raises(LlmUnavailable, match="sends requests elsewhere"):
        ask(question())
    assert len(server.requests) == 1


def test_an_error_page_that_never_ends_is_cut(ask, server, ledger, response):
    server.answer = lambda number, body: response("x" * 30_000_000, 400)
    (refused,) = ask(question())
    assert refused.reason.startswith("The service answers 400: xxx")
    assert len(refused.reason) < 400


def test_a_packed_body_that_nobody_asked_for_is_refused(ask, server, response):
    packed = gzip.compress(b"x" * 50_000_000)
    server.answer = lambda number, body: response(packed, 200, {"Content-Encoding": "gzip"})
    (refused,) = ask(question())
    assert "packs its answer" in refused.reason
    assert server.headers[0]["accept-encoding"] == "identity"


def test_a_request_that_is_too_long_fails_alone(ask, server, chat, response):
    def answer(number, body):
        if body["messages"][1]["content"] == "long":
            return response('{"error": {"message": "maximum context length"}}', 400)
        return response(chat("fine"))

    server.answer = answer
    refused, answered = ask(question("long"), question("short"))
    assert "maximum context length" in refused.reason
    assert answered.text == "fine"


def test_cached_prompt_tokens_are_read_as_either_vendor_reports_them(ask, server, ledger, response):
    usages = [
        {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60}},
        {"prompt_tokens": 100, "prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 60},
        {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": "many"}},
        {"prompt_tokens": 100, "prompt_tokens_details": None},
    ]

    def answer(number, body):
        message = {"role": "assistant", "content": "fine"}
        return response(json.dumps({"choices": [{"message": message}], "usage": usages[number]}))

    server.answer = answer
    ask(*(question(str(n)) for n in range(4)), concurrency=1)
    assert [call.cached_tokens for call in ledger.calls.values()] == [60, 40, 0, 0]


def test_azure_is_asked_its_own_way(server, ledger, monkeypatch):
    monkeypatch.setenv("EDT_LLM_KEY", "azure-canary-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary-2")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "canary-3")
    settings = LlmSettings(
        provider="azure", model="dep-1", api_version="2024-10-21",
        base_url=server.url.removesuffix("/v1"),
    )  # fmt: skip
    (answer,) = service_model(settings, ledger).ask([question()])
    assert answer.text == "fine"
    assert server.paths == ["/openai/deployments/dep-1/chat/completions?api-version=2024-10-21"]
    assert server.headers[0]["api-key"] == "azure-canary-1"
    assert "authorization" not in server.headers[0]
    assert "openai-organization" not in server.headers[0]
