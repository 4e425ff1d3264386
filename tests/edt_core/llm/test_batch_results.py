"""What a service says of batches, whatever it says."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edt_core.llm.batch_api import seen_of
from edt_core.llm.batch_results import custom_id, read_line

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
LINE = ("response", "error", "custom_id")
BATCH = ("id", "status", "errors", "request_counts", "output_file_id")
QUICKLY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(response=None, error=None, call=7):
    line = {"custom_id": custom_id(call), "response": response, "error": error}
    return read_line(line, 60.0, lambda problem: None)


def chat(text):
    message = {"role": "assistant", "content": text}
    return {"choices": [{"message": message, "finish_reason": "stop"}], "model": "m-1"}


def test_a_line_is_an_answer_to_the_call_that_its_name_tells():
    line = told({"status_code": 200, "body": chat("fine")})
    assert (line.call, line.reply.text, line.reply.latency) == (7, "fine", 60.0)
    assert not line.reply.error


@pytest.mark.parametrize(
    ("response", "error", "reason", "again", "not_run"),
    [
        (None, {"code": "batch_expired", "message": "Too late."}, "Too late.", True, True),
        (None, {"code": "batch_cancelled", "message": "Stopped."}, "Stopped.", True, True),
        (None, {"code": "odd", "message": 7}, "odd", True, False),
        (None, None, "no reason given", True, False),
        ({"status_code": 500, "body": None}, None, "500: no reason given", True, False),
        ({"status_code": 429, "body": {}}, {"message": "Slow."}, "429: Slow.", True, False),
        ({"status_code": 400, "body": {"error": {"message": "No."}}}, 7, "400: No.", False, False),
        ({"status_code": 200, "body": []}, None, "did not answer", False, False),
    ],
)  # fmt: skip
def test_a_failure_says_why_and_whether_to_ask_again(response, error, reason, again, not_run):
    line = told(response, error)
    assert reason in line.reply.error
    assert (line.again, line.not_run) == (again, not_run)


@pytest.mark.parametrize(
    "name", ["", "edt-", "edt--1", "edt-1.0", "edt-٣", "EDT-1", 7, None, ["edt-1"]]
)
def test_a_name_that_is_not_ours_is_no_call(name):
    assert read_line({"custom_id": name}, 1.0, lambda problem: None).call == 0


@QUICKLY
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(LINE, JUNK)))
def test_no_line_raises(line):
    assert read_line(line, 1.0, lambda problem: None).reply


@QUICKLY
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(BATCH, JUNK)))
def test_no_batch_raises(batch):
    assert seen_of(batch).state in {"under way", "refused", "ended"}


@pytest.mark.parametrize(
    ("status", "output", "state"),
    [
        ("validating", None, "under way"),
        ("cancelling", None, "under way"),
        ("a new word", None, "under way"),
        ("completed", "f", "ended"),
        ("expired", None, "ended"),
        ("cancelled", None, "ended"),
        ("failed", None, "refused"),
        ("failed", "f", "ended"),
    ],
)
def test_a_status_means_that_it_goes_on_or_has_ended_or_never_began(status, output, state):
    assert seen_of({"id": "b", "status": status, "output_file_id": output}).state == state


def test_why_a_batch_was_refused_is_one_sentence():
    error = {"code": "duplicate_custom_id", "message": "Twice\nthe same.", "line": 4}
    seen = seen_of({"id": "b", "status": "failed", "errors": {"data": [error, error]}})
    assert (seen.code, seen.reason) == ("duplicate_custom_id", "Twice the same. (line 4)")
