"""A run against a paid service: what was answered is never bought again, whatever ends the run."""

import signal
import time
from collections.abc import Iterator

import pytest
from llm_service import LlmService, serving
from shell import Shell, prepare

CONCURRENCY = 4
KEY = "sk-canary-0123456789"


@pytest.fixture
def service() -> Iterator[LlmService]:
    with serving(LlmService(seconds=0.05)) as running:
        yield running


@pytest.fixture
def paid(edt: Shell, shop: list[str], service: LlmService) -> Shell:
    """A shell with a key, and a project that asks the service."""
    prepare(edt, shop)
    for key, value in {
        "llm.provider": "openai",
        "llm.model": "tiny",
        "llm.base_url": service.url,
        "llm.concurrency": CONCURRENCY,
    }.items():
        assert edt("config", "--project", "small", "set", key, value).status == 0
    return Shell(edt.home, {"EDT_LLM_KEY": KEY})


GENERATE = ("run", "--project", "small", "--until", "generate")


def wait_for(service: LlmService, requests: int) -> None:
    deadline = time.monotonic() + 60
    while service.requests < requests and time.monotonic() < deadline:
        time.sleep(0.01)


def statuses(paid: Shell) -> list[str]:
    told = paid("calls", "--project", "small", "--limit", 9999, "--json").document()
    return [call["status"] for call in told]


def holds_no_key(paid: Shell) -> bool:
    paths = [path for path in paid.home.parent.rglob("*") if path.is_file()]
    assert paths
    return not any(KEY.encode() in path.read_bytes() for path in paths)


def test_a_run_killed_while_it_generates_buys_no_stored_answer_again(
    paid: Shell, service: LlmService
):
    kills = 2
    for kill in range(1, kills + 1):
        process = paid.start(*GENERATE)
        wait_for(service, 12 * kill)
        process.kill()
        process.wait()
    done = paid(*GENERATE)
    assert done.status == 0, done.err
    asked = service.requests
    assert len(service.asked) <= asked <= len(service.asked) + kills * CONCURRENCY
    told = statuses(paid)
    assert told.count("answered") == len(service.asked)
    assert asked - len(service.asked) <= told.count("unknown") <= kills * CONCURRENCY
    assert paid(*GENERATE).status == 0
    assert service.requests == asked
    assert holds_no_key(paid)


def test_an_interrupted_run_brings_its_calls_home_and_repeats_none(
    paid: Shell, service: LlmService
):
    process = paid.start(*GENERATE)
    wait_for(service, 12)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    told = statuses(paid)
    assert set(told) == {"answered"}
    assert len(told) == service.requests == sum(service.answered.values())
    done = paid(*GENERATE)
    assert done.status == 0, done.err
    assert service.requests == len(service.asked) == sum(service.answered.values())
    out = paid.home.parent / "out"
    assert paid("export", "--project", "small", "--out", out).status == 0
    assert (out / "calls.jsonl").stat().st_size
    assert holds_no_key(paid)


def test_a_refused_key_ends_the_run_in_one_sentence_that_does_not_hold_it(
    paid: Shell, service: LlmService
):
    service.faults = {"401": 1.0}
    told = paid(*GENERATE)
    assert told.status == 1
    assert "refuses the key" in told.err
    assert service.requests == 1
    debugged = paid("--debug", *GENERATE)
    assert "Traceback" in debugged.err
    assert KEY not in told.out + told.err + debugged.out + debugged.err
    assert holds_no_key(paid)


def test_a_cost_cap_for_a_model_without_a_price_is_refused_before_anything_is_sent(
    edt: Shell, shop: list[str], service: LlmService
):
    prepare(edt, shop)
    told = Shell(edt.home, {"EDT_LLM_KEY": KEY})(
        "run", "--project", "small", "--until", "generate", "--max-cost", 1,
        "--set", "llm.provider=openai", "--set", "llm.model=tiny",
        "--set", f"llm.base_url={service.url}",
    )  # fmt: skip
    assert told.status == 2
    assert "price" in told.err
    assert not service.requests
