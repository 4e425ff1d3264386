"""Bounded concurrency, draining, the purse and the record of every call."""

import asyncio
import time

import pytest

from edt_core.config import LlmSettings
from edt_core.errors import BudgetReached, LlmUnavailable, RunCancelled
from edt_core.llm.asking import RememberingModel
from edt_core.llm.in_flight import Reply, ServiceDesk
from edt_core.llm.prices import Price
from edt_core.ports import Answer, Question

CHOICE = LlmSettings(provider="openai", model="gpt-4o-mini", max_tokens=1000).choice


class SlowChat:
    """Answers after a moment; counts."""

    def __init__(self, reply=None):
        self.flying = self.most = self.asked = 0
        self.is_open = False
        self.reply = reply or Reply(text="fine", prompt_tokens=10, completion_tokens=10)

    async def open(self):
        self.is_open = True

    async def close(self):
        self.is_open = False

    def drain(self, *, at_once=False):
        self.drained = True

    async def complete(self, body, question):
        self.asked += 1
        self.flying += 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(0.01)
        self.flying -= 1
        return self.reply


class SmallPurse:
    """Holds a dollar for each call."""

    def __init__(self, dollars):
        self.left = dollars
        self.settled = []

    async def reserve(self, text, max_tokens):
        if self.left < 1:
            raise BudgetReached("empty")
        self.left -= 1
        return 1.0

    def settle(self, reserved, paid):
        self.settled.append(paid)


def questions(count):
    return [Question("profile", "plain", n, "", f"q{n}") for n in range(count)]


def model(chat, ledger, concurrency=4, purse=None):
    price = Price(input=0.15, output=0.60)
    desk = ServiceDesk(
        chat, ledger, concurrency=concurrency, repair_attempts=0, price=price, purse=purse
    )
    return RememberingModel(CHOICE, desk, ledger)


def test_no_more_than_the_bound_are_in_flight_and_order_is_kept(ledger):
    chat = SlowChat()
    answers = list(model(chat, ledger).ask(questions(20)))
    assert chat.most == 4
    assert [ledger.calls[answer.call].user for answer in answers] == list(range(20))


def test_stopping_early_brings_the_calls_in_flight_home(ledger):
    chat = SlowChat()
    asking = model(chat, ledger).ask(questions(50))
    next(asking)
    asking.close()
    assert chat.flying == 0
    assert not chat.is_open
    assert chat.asked < 50
    assert set(ledger.statuses()) == {"answered"}
    before = chat.asked
    assert len(list(model(chat, ledger).ask(questions(50)))) == 50
    assert chat.asked == 50 >= before


def test_a_wish_to_stop_is_heard_though_no_answer_comes_and_calls_come_home(ledger):
    asked_to_stop = []

    def check():
        if asked_to_stop:
            raise RunCancelled("Stopped as asked.")

    class Slow(SlowChat):
        async def complete(self, body, question):
            asked_to_stop.append(True)
            await asyncio.sleep(0.5)
            return await super().complete(body, question)

    desk = ServiceDesk(Slow(), ledger, concurrency=3, repair_attempts=0, check=check)
    with pytest.raises(RunCancelled):
        list(RememberingModel(CHOICE, desk, ledger).ask(questions(50)))
    assert ledger.statuses() == ["answered"] * 3


def test_a_user_who_insists_is_not_kept_waiting(ledger):
    def check():
        raise KeyboardInterrupt

    class Slow(SlowChat):
        async def complete(self, body, question):
            await asyncio.sleep(60)
            return await super().complete(body, question)

    desk = ServiceDesk(Slow(), ledger, concurrency=3, repair_attempts=0, check=check)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(RememberingModel(CHOICE, desk, ledger).ask(questions(50)))
    assert time.monotonic() - started < 10
    assert ledger.statuses() == ["unknown"] * 3


def test_a_call_is_on_record_as_unknown_before_it_is_sent(ledger):
    seen = []

    class Watching(SlowChat):
        async def complete(self, body, question):
            seen.append(ledger.statuses()[-1])
            return await super().complete(body, question)

    list(model(Watching(), ledger, concurrency=1).ask(questions(2)))
    assert seen == ["unknown", "unknown"]


def test_the_purse_stops_before_the_call_that_could_pass_the_cap(ledger):
    chat = SlowChat()
    purse = SmallPurse(5)
    answered = []
    with pytest.raises(BudgetReached):
        answered.extend(model(chat, ledger, purse=purse).ask(questions(9)))
    assert chat.asked == 5
    assert ledger.statuses() == ["answered"] * 5
    assert purse.settled == [pytest.approx((10 * 0.15 + 10 * 0.60) / 1e6)] * 5


def test_a_service_that_answers_nobody_ends_the_run(ledger):
    chat = SlowChat(Reply(error="The service answers 500: down"))
    with pytest.raises(LlmUnavailable, match="calls failed: The service answers 500"):
        list(model(chat, ledger).ask(questions(500)))
    assert chat.asked < 40


def test_a_service_that_refuses_everybody_lives(ledger):
    chat = SlowChat(Reply(error="The model refuses to answer.", refused=True))
    assert len(list(model(chat, ledger).ask(questions(100)))) == 100


def test_a_missing_count_of_tokens_makes_the_cost_unknown(ledger):
    list(model(SlowChat(Reply(text="fine")), ledger).ask(questions(1)))
    assert ledger.calls[1].cost is None


def test_a_refused_answer_is_data(ledger):
    first, *_ = model(SlowChat(Reply(text="", prompt_tokens=3)), ledger).ask(questions(1))
    assert not isinstance(first, Answer)
    assert ledger.statuses() == ["invalid"]
