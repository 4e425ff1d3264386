"""The whole pipeline up to the profiles against services in which every fault strikes at once."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from accounts import account
from llm_service import EVERY, LlmService, serving, vector_of
from paid_shop import paid_shop

from edt_core.actions.configuring import configuration
from edt_core.actions.failures import failed_calls
from edt_core.actions.jobs import Job, imported, pipelines_of
from edt_core.actions.running import RunOutcome, run_variant
from edt_core.actions.status import project_status
from edt_core.errors import LlmError
from edt_core.events import silence
from edt_core.llm import openai_chat, openai_embed
from edt_core.stages.embed import catalogue_prompts
from edt_core.store.calls import call, calls
from edt_core.store.project import Project
from edt_core.variants import Variant

CHANCE = 0.05
ROUNDS = 30


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, and short pauses between attempts; the rest is as in production."""
    for name in [name for name in os.environ if name.startswith(("EDT_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    for module in (openai_chat, openai_embed):
        found = module.endpoint
        monkeypatch.setattr(
            module,
            "endpoint",
            lambda given, found=found: replace(found(given), shortest_pause=0.01),
        )


@pytest.fixture
def service() -> Iterator[LlmService]:
    faults = {**dict.fromkeys(EVERY, CHANCE), "hang": CHANCE / 4}  # each costs seconds
    with serving(LlmService(faults, seed=3)) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, service: LlmService, impatient: None) -> Iterator[Project]:
    settings = {
        "llm.concurrency": 32,
        "llm.timeout": 2.5,
        "embedding.provider": "openai",
        "embedding.model": "vectors",
        "embedding.base_url": service.url,
        "embedding.batch_size": 8,
        "embedding.timeout": 2.5,
        "embedding.concurrency": 1,  # in order: the same faults every time
    }
    with paid_shop(tmp_path, service, settings) as made:
        yield made


def run(project: Project) -> RunOutcome:
    """``edt run`` until it ends well: a batch without sound vectors ends it, and it goes on."""
    for _ in range(ROUNDS):
        try:
            return run_variant(
                project, until="profile", seeds=[42], sink=silence, check=lambda: None
            )
        except LlmError:
            continue
    raise AssertionError(f"{ROUNDS} runs did not come to an end")


@pytest.mark.slow
def test_every_user_ends_done_or_listed_and_nothing_is_paid_for_twice(
    project: Project, service: LlmService
):
    first = run(project)
    told = account(project)
    assert told.lost == 0
    assert told.questions == told.done + len(told.failed)
    assert told.users == told.profiles + len(told.profiles_failed)
    assert all(told.failed.values())
    assert all(told.profiles_failed.values())
    listed = calls(project, ids=failed_calls(project), limit=10**6)
    assert all(line.reason for line in listed)
    assert len(listed) == len(told.failed) + told.texts_failed
    assert sum(each.questions for each in first.failed) == len(listed) > 0
    assert told.among_samples == 0
    for faults in ({**service.faults}, {}):
        service.faults = faults
        answered, asked, left = set(service.answered), service.requests, len(listed)
        run(project)
        assert answered <= set(service.answered)
        listed = calls(project, ids=failed_calls(project), limit=10**6)
    assert left > 0
    assert service.requests - asked < service.requests / 2  # the failed alone, and what they open
    told = account(project)
    assert (listed, told.failed, told.profiles_failed, told.texts_failed) == ([], {}, {}, 0)
    assert service.paid_twice == 0
    on_record = [call(project, line.id) for line in calls(project, limit=10**6)]
    assert sum(len(text.attempts) for text in on_record) == service.requests
    assert not [text for text in on_record if text.line.status == "unknown"]
    assert set(EVERY) <= service.struck.keys()
    states = {line.step: line.state for line in project_status(project, seeds=[42]).stages}
    assert {states[step] for step in list(states)[:7]} == {"fresh"}
    made = pipelines_of(
        project, Job(Variant.LLM_EDT, configuration(project), (42,)), imported(project).digest
    )[0]
    texts = catalogue_prompts(project.artifacts.read(made.data.catalogue))
    vectors = project.artifacts.read(made.embeddings[0]).vectors
    np.testing.assert_array_equal(vectors, np.stack([vector_of(text) for text in texts]))
