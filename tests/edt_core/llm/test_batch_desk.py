"""Files of requests: how batches may end, and that nothing is asked for twice."""

import json
import os
import time
from dataclasses import replace

import pytest
from batch_service import SPOILT, Batches
from llm_service import REFUSED, UNUSABLE, USABLE, LlmService, send, serving

from edt_core.config import LlmSettings
from edt_core.errors import BudgetReached, LlmUnavailable, RunCancelled
from edt_core.events import Noted, StageAdvanced
from edt_core.llm import batch_api, batch_collecting
from edt_core.llm.asking import RememberingModel
from edt_core.llm.batch_book import Pending
from edt_core.llm.batch_desk import BatchDesk
from edt_core.llm.batch_work import NOBODY, restored
from edt_core.llm.in_flight import ServiceDesk
from edt_core.llm.openai_chat import OpenAIChat, endpoint
from edt_core.llm.presets import PRESETS
from edt_core.llm.prices import ModelPurse, Price, Till
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question, Refusal
from edt_core.store.batches import CallBatches
from edt_core.store.calls import call, calls, unanswered
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger

PRICE = Price(input=1.0, output=2.0, batch_discount=0.5)
ONE = (900 * 1.0 + 90 * 2.0) / 2e6
"""Dollars for one answer of the loopback service in a batch."""


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("EDT_", "OPENAI_", "AZURE_"))]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path):
    with Home(tmp_path).create("paid") as made:
        yield made


@pytest.fixture
def batches():
    return Batches()


@pytest.fixture
def service(batches):
    with serving(LlmService(batches=batches)) as running:
        yield running


def questions(count, first=0, answer=GeneratedItems):
    return [
        Question("generate", "generate", None, "You write items.", f"User {n}", answer)
        for n in range(first, first + count)
    ]


class Asker:
    """Asks through batches; pauses are shortened, the rest is as in production."""

    def __init__(self, service, project):
        self.service, self.project = service, project
        self.events = []

    def model(self, mode="batch", cap=None, limits=None, repair_attempts=2, check=lambda: None):
        settings = LlmSettings(provider="openai", model="m", base_url=self.service.url)
        where = replace(endpoint(settings), shortest_pause=0.01, longest_pause=0.05, attempts=2)
        ledger = CallLedger(self.project.database)
        live = ServiceDesk(OpenAIChat(where), ledger, concurrency=4, repair_attempts=0)
        self.till = Till(cap)
        desk = BatchDesk(
            where,
            replace(PRESETS["openai"], **(limits or {})),
            CallBatches(self.project.database),
            model="m",
            repair_attempts=repair_attempts,
            price=PRICE,
            purse=ModelPurse(PRICE, self.till, batch=True),
            emit=self.events.append,
            check=check,
            live=live if mode == "live" else None,
            unsure=0.2,
        )
        return RememberingModel(settings.choice, desk, ledger)

    def __call__(self, count, first=0, **options):
        return list(self.model(**options).ask(questions(count, first)))

    def notes(self):
        return [event.text for event in self.events if isinstance(event, Noted)]

    def statuses(self):
        return [line.status for line in reversed(calls(self.project, limit=10**6))]


@pytest.fixture
def ask(service, project):
    return Asker(service, project)


def good(answers):
    return all(isinstance(answer, Answer) for answer in answers)


def test_answers_come_in_the_order_of_the_questions_whatever_that_of_the_results(
    ask, batches, project
):
    answers = ask(25)
    assert good(answers)
    assert len({answer.parsed.items[0].title for answer in answers}) == 25
    sent = [call(project, answer.call).request["messages"][1]["content"] for answer in answers]
    assert sent == [f"User {n}" for n in range(25)]
    assert (len(batches.made), batches.bought_twice) == (1, 0)


def test_every_call_is_in_the_ledger_as_sent_with_what_it_cost(ask, project):
    (answer,) = ask(1)
    told = call(project, answer.call)
    assert told.request["response_format"]["type"] == "json_schema"
    assert told.line.cost == pytest.approx(ONE)
    assert (told.line.prompt_tokens, told.line.completion_tokens) == (900, 90)
    assert (told.line.status, told.line.model_answered) == ("answered", "loopback-1")
    assert told.line.latency > 0.0
    assert [attempt["status"] for attempt in told.attempts] == [200]
    assert told.parsed["items"][0]["title"] == answer.parsed.items[0].title
    assert ask.till.spent == pytest.approx(ONE)
    assert ask.till.held == 0.0


@pytest.mark.parametrize("count", [9, 10, 11])
def test_a_batch_has_ended_when_its_last_answer_is_handed_out(
    ask, service, project, count, monkeypatch
):
    monkeypatch.setattr(batch_collecting, "_AT_ONCE", 5)
    assert good(ask(count))
    assert ask.notes()[-1] == (
        f"Batch 1 of 1 is completed: {count} of {count} requests are answered."
    )
    (answer,) = ask(1)
    assert call(project, answer.call).batch == "batch-0 (ended)"


def test_what_is_answered_is_asked_for_no_more(ask, batches):
    first = ask(10)
    assert ask(10) == first
    assert ask(15)[:10] == first
    assert [batch["request_counts"]["total"] for batch in batches.made] == [10, 5]


def test_every_request_is_on_record_before_its_file_is_uploaded(ask, batches, project):
    seen = []
    upload = batches._upload

    async def watched(writer, body):
        seen.extend(ask.statuses())
        await upload(writer, body)

    batches._upload = watched
    ask(3)
    assert seen == ["unknown"] * 3


def test_more_than_a_file_holds_go_in_several_that_run_side_by_side(ask, batches):
    read = []
    create = batches._create

    async def noted(writer, asked):
        read.append(batches.seen["content"])
        await create(writer, asked)

    batches._create = noted
    assert good(ask(25, limits={"batch_requests": 10}))
    sizes = [batch["request_counts"]["total"] for batch in batches.made]
    assert sizes == [10, 10, 5]
    assert read == [0, 0, 0]  # all are there before the first is read


def test_a_file_is_no_larger_than_the_service_takes(ask, batches):
    assert good(ask(10, limits={"batch_bytes": 5000}))
    assert len(batches.made) > 1
    uploaded = [batches.files[batch["input_file_id"]] for batch in batches.made]
    assert all(len(body) <= 5000 for body in uploaded)


def test_progress_says_which_batch_and_how_far_it_is(ask, batches):
    batches.seconds = 0.3
    ask(10)
    told = [event for event in ask.events if isinstance(event, StageAdvanced)]
    assert {event.total for event in told} == {10}
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert told[-1].note == f"batch 1 of 1: {told[-1].done} of 10 done"
    assert ask.notes() == [
        "Batch 1: 10 requests are with 127.0.0.1 as batch-0.",
        "Batch 1 of 1 is completed: 10 of 10 requests are answered.",
    ]


def test_requests_that_failed_for_a_moment_go_again_and_others_are_refused(ask, batches):
    batches.share, batches.failures = 0.5, ["500", "400"]
    answers = ask(16)
    assert len(batches.made) > 1
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert refused
    assert all("400" in answer.reason or "500" in answer.reason for answer in refused)
    assert batches.bought_twice == 0
    assert {line.cost for line in calls(ask.project, status="failed", limit=99)} == {0.0}
    batches.share = 1.0
    assert good(ask(16))
    assert batches.bought_twice == 0


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_a_batch_answered_before_its_end_is_kept_and_the_rest_asked_again(
    status, ask, batches
):
    batches.ends = lambda number: status if number == 0 else "completed"
    assert good(ask(10))
    assert [batch["request_counts"]["total"] for batch in batches.made] == [10, 5]
    assert batches.bought_twice == 0
    assert ask.statuses().count("failed") == 5
    assert ask.till.spent == pytest.approx(10 * ONE)


def test_requests_that_always_come_back_are_given_up_after_three_batches(ask, batches):
    batches.ends = lambda number: "expired"
    answers = ask(1)
    assert len(batches.made) == 3
    assert "could not be run in time" in answers[0].reason
    assert ask.till.spent == 0.0


def test_a_request_that_no_line_tells_of_may_have_cost_and_goes_again(ask, batches):
    batches.share, batches.failures = 0.5, ["none"]
    batches.ends = lambda number: "completed"
    answers = ask(4)
    assert batches.bought_twice == 0
    lost = calls(ask.project, status="failed", limit=99)
    assert {line.cost for line in lost} == {None}
    assert all("no line" in line.reason for line in lost)
    assert any(isinstance(answer, Answer) for answer in answers)


@pytest.mark.parametrize("fault", [*USABLE, *UNUSABLE])
def test_every_odd_answer_ends_as_it_does_live(fault, ask, batches):
    batches.faults = {fault: 0.5}
    answers = ask(12)
    assert batches.bought_twice == 0
    if fault in USABLE:
        assert good(answers)
        assert sum(batches.ran.values()) == 12
    told = ask.statuses()
    assert "unknown" not in told
    assert told.count("answered") == sum(isinstance(answer, Answer) for answer in answers)


def test_all_faults_at_once_lose_nothing_and_pay_nothing_twice(ask, batches):
    batches.faults = dict.fromkeys((*USABLE, *UNUSABLE, "429", "500"), 0.05)
    batches.spoilt = SPOILT
    batches.share, batches.failures = 0.9, ["500", "400", "expired"]
    batches.ends = lambda number: "expired" if number % 4 == 2 else "completed"
    answers = ask(200, limits={"batch_requests": 60})
    assert batches.bought_twice == 0
    told = calls(ask.project, limit=10**5)
    assert not [line for line in told if line.status == "unknown"]
    assert all(line.reason for line in told if line.status != "answered")
    assert all(answer.reason for answer in answers if isinstance(answer, Refusal))
    assert 150 < sum(isinstance(answer, Answer) for answer in answers) < 200
    for _ in range(10):
        answers = ask(200, limits={"batch_requests": 60})
        if good(answers):
            break
    assert good(answers)
    assert batches.bought_twice == 0
    assert len(calls(ask.project, limit=10**5, status="answered")) == 200


def test_a_key_that_the_service_repeats_is_written_nowhere(ask, batches, project, monkeypatch):
    key = "sk-canary-55aa55aa"
    monkeypatch.setenv("EDT_LLM_KEY", key)
    batches.failures, batches.share = ["400"], 0.5
    monkeypatch.setitem(REFUSED, "400", (400, {}, f"{key} may not"))
    answers = ask(4)
    assert "*** may not" in next(a.reason for a in answers if isinstance(a, Refusal))
    project.close()
    paths = [path for path in project.folder.rglob("*") if path.is_file()]
    assert not any(key.encode() in path.read_bytes() for path in paths)


def test_an_invalid_answer_is_asked_for_again_with_the_error_named(ask, batches, project):
    batches.faults = {"wrong-types": 1.0}
    (refused,) = ask(1)
    assert len(batches.made) == 3  # llm.repair_attempts is 2
    assert [line.repair for line in calls(project, limit=9)] == [2, 1, 0]
    last = call(project, refused.call).request["messages"]
    assert [message["role"] for message in last[1:]] == [
        "user", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
    assert "That answer can't be used." in last[-1]["content"]


@pytest.mark.parametrize("kind", SPOILT)
def test_lines_that_belong_to_nobody_are_passed_over(kind, ask, batches):
    batches.spoilt = [kind, kind]
    assert good(ask(6))
    assert len(batches.made) == 1
    assert ask.statuses() == ["answered"] * 6


def test_a_form_of_answers_that_is_refused_is_asked_for_no_more(ask, batches):
    def answered(line, whole=batches._answered):
        if line["body"].get("response_format", {}).get("type") != "json_schema":
            return whole(line)
        return (
            b'{"custom_id": "%s", "response": {"status_code": 400, "body":'
            b' {"error": {"message": "response_format json_schema is not supported"}}}}'
        ) % line["custom_id"].encode()

    batches._answered = answered
    assert good(ask(5))
    assert len(batches.made) == 2
    assert "takes no JSON schema" in ask.notes()[1]


def test_a_reasoning_model_is_asked_in_its_own_words_in_the_next_batch(ask, batches, project):
    def answered(line, whole=batches._answered):
        if "max_tokens" in line["body"]:
            said = "Unsupported parameter: use 'max_completion_tokens'"
        elif "temperature" in line["body"]:
            said = "'temperature' is not supported"
        else:
            return whole(line)
        body = {"error": {"message": said}}
        answer = {"custom_id": line["custom_id"], "response": {"status_code": 400, "body": body}}
        return json.dumps(answer).encode()

    batches._answered = answered
    answers = ask(5)
    assert good(answers)
    assert len(batches.made) == 3
    assert "temperature" not in call(project, answers[0].call).request


def test_a_form_that_a_batch_shows_to_be_ignored_is_not_in_its_repairs(ask, batches):
    def answered(line, whole=batches._answered):
        told = whole(line)
        if line["body"].get("response_format", {}).get("type") != "json_schema":
            return told
        row = json.loads(told)
        row["response"]["body"]["choices"][0]["message"]["content"] = "Sure! Two lamps."
        return json.dumps(row).encode()

    batches._answered = answered
    assert good(ask(6))
    assert len(batches.made) == 2
    assert any("takes JSON schema and ignores it" in note for note in ask.notes())


def test_a_batch_of_refusals_ends_no_run(ask, batches):
    batches.faults = {"refusal": 1.0}
    answers = ask(25)
    assert {answer.reason for answer in answers} == {"The model refuses to answer."}


def test_a_repair_that_was_sent_in_other_words_is_taken_up_again():
    body = {"model": "o9", "messages": [], "max_completion_tokens": 9, "response_format": {}}
    pending = Pending(1, "k", 1, json.dumps(body))
    assert restored(NOBODY, pending).body == {"model": "o9", "messages": [], "max_tokens": 9}


def test_a_refused_batch_is_one_clear_sentence_and_its_lines_serve_again(ask, batches):
    batches.ends = lambda number: "failed" if number == 0 else "completed"
    with pytest.raises(LlmUnavailable, match="refuses a batch of 4 requests: The file is not what"):
        ask(4)
    assert unanswered(ask.project) == {}
    assert good(ask(4))
    assert ask.statuses() == ["answered"] * 4  # no line more


def test_lines_of_a_refused_batch_that_nobody_asks_for_are_closed_at_no_cost(ask, batches):
    batches.ends = lambda number: "failed" if number == 0 else "completed"
    with pytest.raises(LlmUnavailable):
        ask(4)
    assert good(ask(2))
    assert ask.statuses() == ["answered", "answered", "failed", "failed"]
    assert {line.cost for line in calls(ask.project, status="failed")} == {0.0}


def test_where_too_much_waits_at_the_service_batches_become_smaller(ask, batches):
    batches.enqueued, batches.seconds = 3, 0.05
    assert good(ask(10))
    assert max(batches.ran.values()) == 1
    ran = [made for made in batches.made if made["status"] == "completed"]
    assert sum(made["request_counts"]["total"] for made in ran) == 10
    assert ask.statuses() == ["answered"] * 10


def test_a_service_that_takes_not_even_one_request_ends_the_run(ask, batches):
    batches.enqueued = 0
    with pytest.raises(LlmUnavailable, match="Enqueued token limit"):
        ask(4)


@pytest.mark.parametrize("status", [404, 405])
def test_a_service_without_batches_is_told_of_before_anything_is_written(status, ask, batches):
    batches.status = status
    with pytest.raises(LlmUnavailable, match=r"has no batches.*llm\.mode = live"):
        ask(3)
    assert ask.statuses() == []


def test_a_refused_key_is_told_of_before_anything_is_written(ask, batches):
    batches.status = 401
    with pytest.raises(LlmUnavailable, match="refuses the key"):
        ask(3)
    assert ask.statuses() == []


def test_a_batch_that_answers_nobody_ends_the_run(ask, batches):
    batches.share, batches.failures = 0.0, ["400"]
    with pytest.raises(LlmUnavailable, match="None of the 30 requests of a batch was answered"):
        ask(30)
    assert ask.statuses() == ["failed"] * 30


def test_an_unknown_model_ends_the_run_in_one_sentence(ask, batches):
    batches.share, batches.failures = 0.0, ["404"]
    with pytest.raises(LlmUnavailable, match="does not know the model 'm'"):
        ask(3)


def test_a_batch_made_without_a_word_is_found_in_the_list_and_not_made_twice(ask, batches):
    batches.silent, batches.unlisted = 1, 0.1
    assert good(ask(5))
    assert len(batches.made) == 1
    assert batches.seen["create"] == 1


@pytest.mark.parametrize(
    "page", [{}, {"data": 7}, {"data": [7, None]}, {"data": {"id": "batch-0"}}]
)
def test_a_list_of_batches_that_is_none_shows_nothing(page, ask, batches):
    batches.silent = 1

    async def listed(writer, query):
        await send(writer, json.dumps(page).encode())

    batches._list = listed
    assert good(ask(2))
    assert batches.seen["create"] == 2  # what the service denies is asked for again


def test_a_batch_that_is_not_listed_in_time_is_asked_for_again(ask, batches):
    create = batches._create
    batches.silent = 1

    async def unheard(writer, asked):
        if batches.silent:
            batches.silent = 0
            writer.transport.abort()
        else:
            await create(writer, asked)

    batches._create = unheard
    assert good(ask(5))
    assert (batches.seen["create"], len(batches.made)) == (1, 1)


def test_a_batch_that_nobody_can_find_among_too_many_is_paid_for_again_and_that_is_on_record(
    ask, batches, monkeypatch
):
    monkeypatch.setattr(batch_api, "_PAGE", 1)
    monkeypatch.setattr(batch_api, "_MOST_PAGES", 2)
    batches.silent = 1
    create = batches._create

    async def crowded(writer, asked):
        await create(writer, asked)
        for number in range(3):
            batches.made.append(batches.made[0] | {"id": f"other-{number}", "metadata": None})
            batches.made[-1]["input_file_id"] = "another"

    batches._create = crowded
    with pytest.raises(LlmUnavailable, match="Nobody knows whether"):
        ask(3)
    batches._create = create
    assert good(ask(3))
    assert any("Nobody knows what became of a batch of 3" in note for note in ask.notes())
    told = list(reversed(calls(ask.project, limit=9)))
    assert [line.status for line in told] == ["unknown"] * 3 + ["answered"] * 3
    assert all("perhaps it was paid for" in line.reason for line in told[:3])
    assert good(ask(3))


def test_files_and_looks_that_break_off_are_tried_again(ask, batches):
    batches.broken, batches.seconds = 3, 0.05
    assert good(ask(40))
    assert batches.bought_twice == 0
    assert ask.statuses() == ["answered"] * 40


def test_azure_is_spoken_to_in_its_own_paths_and_its_files_are_waited_for(
    ask, batches, service, project
):
    batches.reading = 3
    settings = LlmSettings(
        provider="azure",
        model="m",
        base_url=service.url.removesuffix("/v1"),
        api_version="2024-10-21",
        mode="batch",
    )
    ledger = CallLedger(project.database)
    where = replace(endpoint(settings), shortest_pause=0.01, longest_pause=0.05)
    desk = BatchDesk(
        where, PRESETS["azure"], CallBatches(project.database), model="m", repair_attempts=0
    )
    assert good(list(RememberingModel(settings.choice, desk, ledger).ask(questions(3))))
    (sent,) = batches.made
    assert b'"url": "/chat/completions"' in batches.files[sent["input_file_id"]]


def stopping_after(looks, batches):
    def check():
        if batches.seen["look"] >= looks:
            raise RunCancelled("Stopped as asked.")

    return check


def test_a_stop_leaves_the_batch_at_the_service_and_the_next_run_waits_for_it(ask, batches):
    batches.seconds = 1.0
    with pytest.raises(RunCancelled):
        ask(5, check=stopping_after(2, batches))
    assert "Running again goes on waiting for them" in ask.notes()[-1]
    assert ask.statuses() == ["unknown"] * 5
    assert unanswered(ask.project) == {}  # not lost: under way
    assert good(ask(8))
    assert [batch["request_counts"]["total"] for batch in batches.made] == [5, 3]
    assert batches.bought_twice == 0
    assert ask.statuses() == ["answered"] * 8


def test_a_user_who_insists_is_not_kept_waiting(ask, batches):
    batches.seconds = 60.0

    def check():
        if batches.seen["look"] >= 1:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ask(5, check=check)
    assert time.monotonic() - started < 10
    assert ask.statuses() == ["unknown"] * 5


def test_a_stage_that_stops_asking_leaves_the_batches_at_the_service(ask, batches):
    batches.ends = lambda number: "completed" if number == 0 else "in_progress"
    asking = ask.model(limits={"batch_requests": 5}).ask(questions(10))
    assert isinstance(next(asking), Answer)
    asking.close()
    assert "5 requests go on in batches" in ask.notes()[-1]
    batches.ends = lambda number: "completed"
    assert good(ask(10))
    assert batches.bought_twice == 0


def test_a_stopped_repair_goes_on_with_the_conversation_that_it_was(ask, batches, project):
    batches.faults = {"wrong-types": 1.0}
    with pytest.raises(RunCancelled):
        ask(1, check=lambda: stopping_after(1, batches)() if len(batches.made) == 2 else None)
    batches.seconds = 0.0
    ask(1)
    assert [line.repair for line in calls(project, limit=9)] == [2, 1, 0]


def test_answers_that_nobody_asks_for_any_more_are_kept_and_found_when_asked_again(ask, batches):
    batches.seconds = 0.3
    with pytest.raises(RunCancelled):
        ask(5, check=stopping_after(1, batches))
    batches.made[0]["at"] -= 9
    ask(2, first=100)
    assert ask.statuses()[:5] == ["answered"] * 5
    assert good(ask(5))
    assert batches.bought_twice == 0


def test_live_calls_collect_what_batches_have_answered(ask, batches, service):
    batches.seconds = 0.3
    with pytest.raises(RunCancelled):
        ask(5, check=stopping_after(1, batches))
    with pytest.raises(LlmUnavailable, match=r"5 requests.*under way.*llm\.mode = batch"):
        ask(7, mode="live")
    assert service.requests == 0
    batches.made[0]["at"] -= 9
    assert good(ask(7, mode="live"))
    assert service.requests == 2
    assert ask.statuses() == ["answered"] * 7


def test_a_batch_that_the_service_does_not_know_is_not_paid_for_again_unasked(ask, batches):
    batches.seconds = 60.0
    with pytest.raises(RunCancelled):
        ask(3, check=stopping_after(1, batches))
    batches.made.clear()
    with pytest.raises(LlmUnavailable, match="does not know the batch batch-0"):
        ask(3)
    assert good(ask(3, mode="live"))
    assert ask.statuses() == ["unknown"] * 3 + ["answered"] * 3
    assert good(ask(3))


def test_the_cap_cuts_a_batch_short_and_ends_the_run_when_no_more_fits(ask, batches):
    dearest = ModelPurse(PRICE, Till(), batch=True)
    request = ask.model().rendered(questions(1)[0])
    most = dearest.owe(request.text, request.body["max_tokens"])
    with pytest.raises(BudgetReached):
        ask(100, cap=20 * most)
    assert batches.made[0]["request_counts"]["total"] in {19, 20}
    assert ask.till.spent <= 20 * most
    assert ask.till.held == pytest.approx(0.0)
    answered = ask.statuses().count("answered")
    assert answered == len(ask.statuses())
    assert good(ask(100))
    assert batches.bought_twice == 0


def test_a_cap_that_allows_no_request_sends_nothing(ask, batches):
    with pytest.raises(BudgetReached):
        ask(3, cap=1e-6)
    assert batches.seen["upload"] == 0
    assert ask.statuses() == []


def test_a_batch_of_an_earlier_run_counts_against_the_cap(ask, batches):
    batches.seconds = 0.3
    with pytest.raises(RunCancelled):
        ask(50, check=stopping_after(1, batches))
    with pytest.raises(BudgetReached):
        ask(200, cap=55 * ONE)
    assert ask.statuses().count("answered") >= 50
    assert ask.till.spent <= 55 * ONE
