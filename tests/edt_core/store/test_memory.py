"""The ledger: what it returned from is there, whatever happens next."""

import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from edt_core.errors import UsageError
from edt_core.llm.ledger import Attempt, Call, Ledger
from edt_core.store.calls import call, calls, spend
from edt_core.store.memory import CallLedger, EmbeddingLedger


def asked(key="k1", **changes):
    blank = Call(
        key=key, step="generate", template="generate", user=1, provider="openai", model="m",
        request='{"messages": []}',
    )  # fmt: skip
    return replace(blank, **changes)


def answered(key="k1", response="yes", **changes):
    return asked(key, status="answered", response=response, prompt_tokens=10, **changes)


def test_a_started_call_is_unknown_until_it_is_finished(project):
    ledger: Ledger = CallLedger(project.database, run=7)
    first, second = ledger.write([asked("k1"), asked("k2")], [])
    assert ledger.find(["k1", "k2"]) == {}
    assert [line.status for line in calls(project)] == ["unknown", "unknown"]
    tries = (Attempt(1.0, "429", 429), Attempt(0.5))
    ledger.write([], [(second, answered("k2", attempts=tries, cost=0.25, parsed='{"a": 1}'))])
    assert ledger.find(["k1", "k2", "k3"])["k2"].id == second
    told = call(project, second)
    assert (told.response, told.parsed, told.line.user_id) == ("yes", {"a": 1}, "0001")
    assert [attempt["status"] for attempt in told.attempts] == [429, 0]
    assert call(project, first).line.status == "unknown"


def test_the_newest_answer_is_found(project):
    ledger = CallLedger(project.database)
    ledger.record([answered(response="old"), asked(status="invalid"), answered()])
    (found,) = ledger.find(["k1"]).values()
    assert (found.id, found.response) == (3, "yes")


def test_ids_are_in_order_over_many_calls(project):
    ledger = CallLedger(project.database)
    assert ledger.record([answered(str(n)) for n in range(500)]) == list(range(1, 501))
    assert ledger.record([]) == []
    assert len(ledger.find([str(n) for n in range(2000)])) == 500


def test_an_answer_that_utf8_cannot_hold_is_kept(project):
    (number,) = CallLedger(project.database).record([answered(response="\ud800\0é")])
    assert call(project, number).response == "\\ud800\0é"


def test_an_answer_survives_kill(project):
    script = """
import os, sys
from pathlib import Path
from edt_core.llm.ledger import Call
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project
ledger = CallLedger(Project(Path(sys.argv[1])).database)
ask = Call("k", "generate", "generate", 0, "openai", "m", "{}")
first, second = ledger.write([ask, ask], [])
ledger.write([], [(first, Call(**{**vars(ask), "status": "answered", "response": "paid"}))])
os.kill(os.getpid(), 9)
"""
    child = subprocess.run([sys.executable, "-c", script, str(project.folder)], check=False)
    assert child.returncode == -signal.SIGKILL
    assert CallLedger(project.database).find(["k"])["k"].response == "paid"
    assert sorted(line.status for line in calls(project)) == ["answered", "unknown"]


def test_calls_are_filtered_and_paged(project):
    CallLedger(project.database).record(
        [
            answered("a", step="generate", user=0),
            asked("b", step="generate", user=1, status="failed"),
            answered("c", step="profile", user=None, response="Some Tea"),
        ]
    )
    assert [line.id for line in calls(project)] == [3, 2, 1]
    assert [line.id for line in calls(project, limit=1, before=3)] == [2]
    assert [line.id for line in calls(project, step="generate")] == [2, 1]
    assert [line.id for line in calls(project, user="0001")] == [2]
    assert [line.id for line in calls(project, status="bad")] == [2]
    assert [line.id for line in calls(project, status="answered")] == [3, 1]
    assert [line.id for line in calls(project, text="tea")] == [3]


def test_an_unpriced_call_is_never_counted_as_free(project):
    CallLedger(project.database).record(
        [answered("a", cost=0.5), answered("b", cost=None), asked("c")]
    )
    (told,) = spend(project)
    assert (told.answered, told.unknown, told.unpriced, told.cost) == (2, 1, 1, 0.5)
    assert told.prompt_tokens == 20


def test_bought_vectors_are_remembered_to_the_bit(project):
    memory = EmbeddingLedger(project.database)
    vectors = {str(n): np.random.default_rng(n).normal(size=8).astype(np.float32) for n in (1, 2)}
    memory.keep(vectors)
    memory.keep({"1": np.zeros(8, dtype=np.float32)})
    found = memory.find(["1", "2", "3"])
    assert found.keys() == vectors.keys()
    assert all(np.array_equal(found[key], vectors[key]) for key in vectors)


def test_a_call_keeps_its_users_name_whoever_is_imported_next(project, toy):
    ledger = CallLedger(project.database)
    (number,) = ledger.write([asked(user=1)], [])
    others = replace(toy.ToyDataset(), user_ids=("new", "newer", "ü"), digest="d2")
    toy.save_dataset(project, others)
    ledger.write([], [(number, answered(user=1))])
    ledger.record([answered("k2", user=1), answered("k3", user=None)])
    assert [line.user_id for line in calls(project)] == [None, "newer", "0001"]
    assert [line.id for line in calls(project, user="0001")] == [number]
    assert [line.id for line in calls(project, user="newer")] == [number + 1]
    assert calls(project, user="new") == []
    with pytest.raises(UsageError, match="no user 'u0'"):
        calls(project, user="u0")
