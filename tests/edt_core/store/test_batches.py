"""Batches and their calls: what a method returned from is there, whatever happens next."""

from dataclasses import replace

import pytest

from edt_core.llm.batch_book import BatchBook
from edt_core.llm.ledger import Call
from edt_core.store.batches import CallBatches
from edt_core.store.calls import call, calls, measured, unanswered
from edt_core.store.memory import CallLedger

HOST = "api.example.com"


def asked(key, **changes):
    blank = Call(
        key=key, step="generate", template="generate", user=1, provider="openai", model="m",
        request='{"messages": ["sent"]}',
    )  # fmt: skip
    return replace(blank, **changes)


def ended(status="answered", **changes):
    return asked("", user=None, status=status, response="yes", prompt_tokens=10, **changes)


@pytest.fixture
def book(project) -> BatchBook:
    return CallBatches(project.database, run=3)


def test_a_batch_is_open_until_every_call_of_it_has_its_end(project, book):
    batch, ids = book.prepare("n1", HOST, [asked("k1"), asked("k2", repair=1)], [])
    assert book.open(HOST) == [batch]
    assert book.open("other.example.com") == []
    assert [(each.call, each.key, each.repair, each.request) for each in book.pending(batch)] == [
        (ids[0], "k1", 0, ""),
        (ids[1], "k2", 1, '{"messages": ["sent"]}'),
    ]
    batch = book.note(replace(batch, state="submitted", remote="b-1"), [(ids[0], ended())])
    assert [each.key for each in book.pending(batch)] == ["k2"]
    book.note(batch, [(ids[1], ended("failed"))])
    assert book.open(HOST) == []


def test_an_end_changes_nothing_but_what_came_of_the_call(project, book):
    batch, (number,) = book.prepare("n1", HOST, [asked("k1")], [])
    book.note(batch, [(number, ended(cost=0.5))])
    told = call(project, number)
    assert (told.line.step, told.line.user_id, told.line.cost) == ("generate", "0001", 0.5)
    assert told.request == {"messages": ["sent"]}
    assert told.batch == "not submitted (prepared)"
    assert CallLedger(project.database).find(["k1"])["k1"].response == "yes"


def test_a_later_batch_takes_over_the_lines_of_one_that_was_never_begun(project, book):
    first, ids = book.prepare("n1", HOST, [asked("k1"), asked("k2")], [])
    book.note(replace(first, state="refused"))
    anew = asked("k1", request='{"messages": ["anew"]}')
    second, _ = book.prepare("n2", HOST, [asked("k3")], [(ids[0], anew)])
    assert [each.key for each in book.pending(first)] == ["k2"]
    assert [each.key for each in book.pending(second)] == ["k1", "k3"]
    assert call(project, ids[0]).request == {"messages": ["anew"]}
    assert len(calls(project)) == 3


def test_a_lost_batch_is_open_no_more_and_its_calls_were_asked_in_vain(project, book):
    batch, (number,) = book.prepare("n1", HOST, [asked("k1")], [])
    assert unanswered(project) == {}
    book.note(replace(batch, state="lost"), [(number, ended("unknown", reason="Who knows?"))])
    assert book.open(HOST) == []
    assert unanswered(project) == {"generate": 1}


def test_waits_for_batches_are_no_latencies_of_calls(project, book):
    CallLedger(project.database).record(
        [asked("k0", status="answered", prompt_tokens=9, latency=2.0)]
    )
    batch, ids = book.prepare("n1", HOST, [asked("k1"), asked("k2")], [])
    book.note(batch, [(number, ended(latency=3600.0)) for number in ids])
    found = measured(project, "m")
    assert (found.calls, found.latency, found.wait) == (3, 2.0, 3600.0)
