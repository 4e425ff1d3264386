"""``kill -9`` while requests are in batches: the same final store, and nothing is bought twice."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from batch_service import MOMENTS, Batches
from kills import KEY, Askers, answers
from llm_service import LlmService, serving

from edt_core.store.batches import CallBatches
from edt_core.store.calls import calls
from edt_core.store.home import Home

COUNT = 25
"""Questions: three files of at most ten."""


@pytest.fixture(scope="module")
def askers() -> Iterator[Askers]:
    with closing(Askers("batch")) as made:
        yield made


@pytest.fixture
def batches():
    return Batches(seconds=0.1)


@pytest.fixture
def service(batches):
    with serving(LlmService(batches=batches)) as running:
        yield running


@pytest.fixture
def calm(askers, tmp_path):
    """What an undisturbed run leaves."""
    with serving(LlmService(batches=Batches())) as running:
        assert askers.run(tmp_path / "calm", running.url, COUNT) == 0
    return answers(tmp_path / "calm")


def statuses(home):
    with Home(home).open("paid") as project:
        return [line.status for line in calls(project, limit=10**6)]


def open_batches(home, service):
    with Home(home).open("paid") as project:
        host = service.url.split("/")[2]
        return CallBatches(project.database).open(host)


def holds_no_key(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return not any(KEY.encode() in path.read_bytes() for path in paths)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_at_this_moment_makes_nothing_be_bought_twice(
    moment, askers, batches, service, calm, tmp_path
):
    home = tmp_path / "killed"
    batches.holds = moment
    number = askers.start(home, service.url, COUNT)
    assert batches.held.wait(30)
    os.kill(number, signal.SIGKILL)
    assert askers.ended() == -signal.SIGKILL
    assert "unknown" in statuses(home)
    left = open_batches(home, service)
    assert left
    assert askers.run(home, service.url, COUNT) == 0
    assert answers(home) == calm
    assert batches.bought_twice == 0
    assert set(statuses(home)) == {"answered"}
    assert len(statuses(home)) == COUNT  # no line more: those of a batch that was never begun serve
    assert open_batches(home, service) == []
    asked = batches.seen["create"]
    assert askers.run(home, service.url, COUNT) == 0
    assert batches.seen["create"] == asked
    assert holds_no_key(tmp_path)


@pytest.mark.slow
def test_twenty_kills_at_random_moments_make_nothing_be_bought_twice(
    askers, batches, service, tmp_path
):
    rng = random.Random(5)
    home = tmp_path / "killed"
    killed = 0
    for n in range(1, 21):  # each asks for more than the one before
        batches.seconds = rng.uniform(0.1, 0.6)  # a run takes longer, on whatever machine
        before = sum(batches.seen.values())
        number = askers.start(home, service.url, 7 * n)
        while sum(batches.seen.values()) == before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 1.5) * batches.seconds)
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        killed += askers.ended() == -signal.SIGKILL
    assert killed >= 10
    assert askers.run(home, service.url, 7 * 20) == 0
    found = answers(home)
    with serving(LlmService(batches=Batches())) as calm:
        assert askers.run(tmp_path / "calm", calm.url, 7 * 20) == 0
    assert found == answers(tmp_path / "calm")
    assert batches.bought_twice == 0
    assert sum(batches.ran.values()) == 7 * 20
    assert set(statuses(home)) == {"answered"}
    assert holds_no_key(tmp_path)
