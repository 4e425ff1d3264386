"""The embedded stand-in goes through request, answer, validation and record like any model."""

import time

import pytest

from edt_core.config import LlmSettings
from edt_core.errors import LlmError
from edt_core.llm.asking import RememberingModel, StandInDesk
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question, Refusal

CHOICE = LlmSettings().choice


class Echo:
    """Says what it was asked; counts the questions."""

    def __init__(self, identity="", said=None):
        self.identity = identity
        self.said = said
        self.asked = 0

    def __call__(self, questions):
        self.asked += len(questions)
        for question in questions:
            yield question.prompt if self.said is None else self.said


def model(stand_in, ledger):
    return RememberingModel(CHOICE, StandInDesk(stand_in, ledger), ledger)


def questions(*texts, answer=None):
    return [Question("generate", "generate", 0, "system", text, answer) for text in texts]


def test_answers_come_in_order_and_repeated_questions_are_asked_once(ledger):
    echo = Echo()
    answers = list(model(echo, ledger).ask(questions("a", "b", "a", "c")))
    assert [answer.text for answer in answers] == ["a", "b", "a", "c"]
    assert echo.asked == 3
    assert ledger.transactions == 1
    assert [call.cost for call in ledger.calls.values()] == [0.0] * 3


def test_known_questions_are_answered_from_the_ledger(ledger):
    echo = Echo()
    first = list(model(echo, ledger).ask(questions("a", "b")))
    assert list(model(echo, ledger).ask(questions("b", "a"))) == first[::-1]
    assert echo.asked == 2


def test_a_stand_in_of_other_data_answers_for_itself(ledger):
    list(model(Echo("one"), ledger).ask(questions("a")))
    other = Echo("two", "else")
    assert [answer.text for answer in model(other, ledger).ask(questions("a"))] == ["else"]


def test_facts_for_the_stand_in_are_neither_sent_nor_hashed(ledger):
    asked = Question("profile", "plain", 0, "", "a", about={"secret": object()})
    list(model(Echo(), ledger).ask([asked]))
    assert "secret" not in ledger.calls[1].request
    same = Question("profile", "plain", 0, "", "a", about={"secret": 2})
    assert next(model(Echo(said="new"), ledger).ask([same])).text == "a"


def test_an_answer_that_fails_validation_is_kept_as_such_and_asked_for_next_time(ledger):
    echo = Echo(said="no json")
    (refused,) = model(echo, ledger).ask(questions("a", answer=GeneratedItems))
    assert refused == Refusal("The answer holds no JSON.", 1)
    assert (ledger.calls[1].status, ledger.calls[1].response) == ("invalid", "no json")
    list(model(echo, ledger).ask(questions("a", answer=GeneratedItems)))
    assert echo.asked == 2


def test_a_stand_in_that_says_too_little_is_refused(ledger):
    answers = list(model(lambda asked: iter(["one"]), ledger).ask(questions("a", "b")))
    assert isinstance(answers[0], Answer)
    assert answers[1] == Refusal("The answer is empty.", 2)


def test_a_stored_answer_that_no_longer_fits_is_asked_for_again(ledger):
    list(model(Echo(said="plain words"), ledger).ask(questions("a")))
    written = Echo(said='{"items": [{"title": "x"}]}')
    (answer,) = model(written, ledger).ask(questions("a", answer=GeneratedItems))
    assert answer.parsed.items[0].title == "x"


def test_many_questions_go_in_few_transactions(ledger):
    started = time.monotonic()
    asked = questions(*(f"question {n}" for n in range(20_000)))
    assert sum(1 for _ in model(Echo(), ledger).ask(asked)) == 20_000
    assert ledger.transactions == 20
    assert time.monotonic() - started < 30


class Silent:
    """A desk that takes everything and says nothing."""

    provider, identity, at_once = "openai", "", 8

    def resolve(self, supply):
        supply.take(8)
        yield from ()


def test_a_desk_that_says_nothing_ends_in_a_sentence(ledger):
    silent = RememberingModel(CHOICE, Silent(), ledger)
    with pytest.raises(LlmError, match="without an outcome"):
        list(silent.ask(questions("a")))
    with pytest.raises(LlmError, match="without an outcome"):
        silent.ask_again(questions("a")[0])
