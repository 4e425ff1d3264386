"""A run whose requests go in batches: stopped, killed or capped, it buys nothing twice."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_service import Batches
from llm_service import LlmService, serving
from shell import Shell

from edt_core.actions.configuring import change
from edt_core.actions.importing import import_dataset
from edt_core.data.importing import DomainFiles
from edt_core.data.shop import make_shop, write_shop
from edt_core.events import silence
from edt_core.store.home import Home

KEY = "sk-canary-9876543210"
SETTINGS = {
    "embedding.dimensions": 16,
    "llm.provider": "openai",
    "llm.model": "tiny",
    "llm.mode": "batch",
    "llm.price_input": 1.0,
    "llm.price_output": 2.0,
}
GENERATE = ("run", "--project", "small", "--until", "generate")


@pytest.fixture
def batches() -> Batches:
    return Batches(seconds=3.0)


@pytest.fixture
def paid(tmp_path: Path, batches: Batches) -> Iterator[Shell]:
    """A shell with a key, and a project that asks in batches."""
    edt = Shell(tmp_path / "home", {"EDT_LLM_KEY": KEY})
    paths = write_shop(make_shop(n_users=60), tmp_path)
    with serving(LlmService(batches=batches)) as service:
        with Home(edt.home).create("small") as made:
            domains = (
                DomainFiles("outdoor", paths[0], paths[1]),
                DomainFiles("kitchen", paths[2], paths[3]),
            )
            import_dataset(made, domains=domains, layout="csv", recipe="none", sink=silence)
            change(made, SETTINGS | {"llm.base_url": service.url})
        yield edt


def wait_for(batches: Batches, kind: str, count: int = 1) -> None:
    deadline = time.monotonic() + 60
    while batches.seen[kind] < count and time.monotonic() < deadline:
        time.sleep(0.01)


def statuses(paid: Shell) -> set[str]:
    told = paid("calls", "--project", "small", "--limit", 9999, "--json").document()
    return {call["status"] for call in told}


def holds_no_key(paid: Shell) -> bool:
    paths = [path for path in paid.home.parent.rglob("*") if path.is_file()]
    return not any(KEY.encode() in path.read_bytes() for path in paths)


def test_an_interrupted_run_leaves_the_batch_and_the_next_one_waits_for_it(
    paid: Shell, batches: Batches
):
    process = subprocess.Popen(
        paid.command(GENERATE), stderr=subprocess.PIPE, text=True, env=paid.environment()
    )
    wait_for(batches, "look")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Running again goes on waiting for them" in told
    assert "The same command goes on from here" in told
    assert statuses(paid) == {"unknown"}
    assert "failed" not in paid("status", "--project", "small").out
    done = paid(*GENERATE)
    assert done.status == 0, done.err
    assert "were sent before, in the batch batch-0" in done.err
    assert len(batches.made) == 1
    assert batches.bought_twice == 0
    assert statuses(paid) == {"answered"}
    shown = paid("calls", "show", 1, "--project", "small").out
    assert "batch-0 (ended)" in shown
    assert holds_no_key(paid)


def test_a_killed_run_is_found_again(paid: Shell, batches: Batches):
    process = paid.start(*GENERATE)
    wait_for(batches, "create")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = paid(*GENERATE)
    assert done.status == 0, done.err
    assert len(batches.made) == 1
    assert batches.bought_twice == 0
    assert statuses(paid) == {"answered"}


def test_a_cap_ends_a_run_with_what_it_allows_answered(paid: Shell, batches: Batches):
    batches.seconds = 0.0
    told = paid(*GENERATE, "--max-cost", 0.02)
    assert told.status == 3, told.err
    assert statuses(paid) == {"answered"}
    assert batches.made
    done = paid(*GENERATE)
    assert done.status == 0, done.err
    assert batches.bought_twice == 0


def test_a_service_without_batches_is_one_sentence(paid: Shell, batches: Batches):
    batches.status = 404
    told = paid(*GENERATE)
    assert told.status == 1
    assert "has no batches (404)" in told.err
    assert "llm.mode = live" in told.err
    asked = paid("doctor", "--project", "small")
    assert asked.status == 1
    assert "has no batches (404)" in asked.out
    batches.status = 0
    assert "llm.mode = batch can be used" in paid("doctor", "--project", "small").out
