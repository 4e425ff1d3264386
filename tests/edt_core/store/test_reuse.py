"""What another project bought is used by choice, and says where it is from."""

import numpy as np
import pytest

from edt_core.config import LlmSettings
from edt_core.errors import ProjectNotFound, UsageError
from edt_core.llm.asking import RememberingModel, opened, rendered
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Question
from edt_core.store.calls import call, calls, spend
from edt_core.store.memory import CallLedger, EmbeddingLedger
from edt_core.store.reuse import BorrowingLedger, BorrowingVectors, Lender

CHOICE = LlmSettings(provider="openai", model="m").choice
ITEM = '{"items": [{"title": "Tea kettle"}]}'


class ClosedDesk:
    """Nobody is to ask it."""

    provider = "openai"
    identity = ""
    at_once = 10

    def resolve(self, requests):
        raise AssertionError("asked")


def question(text):
    return Question("generate", "generate", 1, "be brief", text, GeneratedItems)


def bought(project, text, response=ITEM):
    request = rendered(question(text), CHOICE)
    line = opened(request, "openai").__dict__ | {
        "status": "answered", "response": response, "cost": 0.25, "prompt_tokens": 10,
    }  # fmt: skip
    return CallLedger(project.database).record([type(opened(request, "openai"))(**line)])[0]


@pytest.fixture
def rich(home, toy):
    with toy.toy_project(home, "rich", generated=False) as made:
        yield made


@pytest.fixture
def ledger(project, rich):
    return BorrowingLedger(project, None, Lender.beside(project, "rich"))


def test_an_answer_of_another_project_is_recorded_here_at_no_cost(project, rich, ledger):
    bought(rich, "unrelated")
    number = bought(rich, "hello")
    (answer,) = RememberingModel(CHOICE, ClosedDesk(), ledger).ask([question("hello")])
    assert answer.parsed.items[0].title == "Tea kettle"
    told = call(project, answer.call)
    assert told.line.reused_from == f"rich:{number}"
    assert (told.line.status, told.line.cost, told.line.user_id) == ("answered", 0.0, "0001")
    assert told.request["messages"][1]["content"] == "hello"
    (line,) = spend(project)
    assert (line.answered, line.reused, line.cost, line.prompt_tokens) == (1, 1, 0.0, 0)
    assert len(calls(rich)) == 2  # the lender is only read


def test_it_is_borrowed_once(project, rich, ledger):
    bought(rich, "hello")
    for _ in range(2):
        list(RememberingModel(CHOICE, ClosedDesk(), ledger).ask([question("hello")]))
    assert len(calls(project)) == 1


def test_what_is_bought_here_goes_first(project, rich, ledger):
    bought(rich, "hello")
    own = bought(project, "hello")
    (answer,) = RememberingModel(CHOICE, ClosedDesk(), ledger).ask([question("hello")])
    assert answer.call == own
    assert len(calls(project)) == 1


def test_an_answer_that_is_no_good_here_is_not_borrowed(project, rich, ledger):
    bought(rich, "hello", "I would rather not.")
    with pytest.raises(AssertionError, match="asked"):
        list(RememberingModel(CHOICE, ClosedDesk(), ledger).ask([question("hello")]))
    assert calls(project) == []


def test_vectors_are_borrowed_kept_and_counted(project, rich):
    vectors = {str(n): np.full(3, n, dtype=np.float32) for n in (1, 2)}
    EmbeddingLedger(rich.database).keep(vectors)
    borrowing = BorrowingVectors(project, None, "e", Lender.beside(project, "rich"))
    assert borrowing.find(["1", "2", "3"]).keys() == vectors.keys()
    assert EmbeddingLedger(project.database).find(["1"]).keys() == {"1"}
    borrowing.find(["1", "2"])
    (line,) = calls(project)
    assert (line.step, line.cost, line.reused_from) == ("embed", 0.0, "rich")


def test_a_lender_is_another_project_of_this_home(project):
    with pytest.raises(UsageError, match="its own"):
        Lender.beside(project, project.name)
    with pytest.raises(ProjectNotFound):
        Lender.beside(project, "nobody")
