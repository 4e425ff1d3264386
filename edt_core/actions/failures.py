"""Questions to language models that found no answer: how many, and which run asks them again.

Choice: a run asks them again as long as no trained model stands on the answers, which costs no more
than the asking. Once one does, an answer more would mean training anew, and results that were to be
compared would rest on different data: then only ``edt run --retry-failed`` asks, and whoever has
users that a model always refuses keeps the table that is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import Job, Retry, pipelines_of
from edt_core.recipes import DEFAULT_SEEDS
from edt_core.stage import Stage, Step
from edt_core.store.artifacts import Artifacts
from edt_core.store.calls import Asked, call_ids, unanswered
from edt_core.store.datasets import dataset_of
from edt_core.store.project import Project
from edt_core.variants import Variant

_TRAINED = {Step.PRETRAIN, Step.FINETUNE}


@dataclass(frozen=True)
class Failed:
    """Questions of one stage without an answer."""

    step: str
    questions: int
    trained: bool = False
    """A trained model stands on the others' answers."""
    fingerprint: str = ""
    """Of the stored stage; empty where a run was stopped in it, or goes on."""


def failed_stages(store: Artifacts, stages: Iterable[Stage[Any]]) -> list[Failed]:
    """The stored ones among ``stages`` that list unanswered questions, in the same order."""
    found = []
    for stage in stages:
        questions = store.unanswered(stage)
        if questions:
            behind = store.behind(stage.fingerprint)
            trained = any(line.step in _TRAINED for line in behind)
            found.append(Failed(stage.step, questions, trained, stage.fingerprint))
    return found


def asked_again(store: Artifacts, stages: Iterable[Stage[Any]], retry: Retry) -> set[str]:
    """The fingerprints of the stored stages whose unanswered questions a run asks again."""
    if retry == "never":
        return set()
    return {
        failed.fingerprint
        for failed in failed_stages(store, stages)
        if retry == "always" or not failed.trained
    }


def failed_questions(project: Project, *, running: bool = False) -> list[Failed]:
    """Unanswered questions with the project's settings, by stage.

    What a stored result lists counts. Of a step that is not made yet, what the ledger knows does.

    Args:
        project: The project.
        running: A run goes on, so that calls without an end are in flight and not lost.
    """
    dataset = dataset_of(project)
    if dataset is None:
        return []
    job = Job(Variant.LLM_EDT, configuration(project), DEFAULT_SEEDS[:1])
    (made,) = pipelines_of(project, job, dataset.digest)
    known = unanswered(project, running=running)
    found = []
    for step in Step:
        stages = made.stages_of(step)
        if all(map(project.artifacts.has, stages)):
            found += failed_stages(project.artifacts, stages)
        elif step in known:
            found.append(Failed(step, known[step]))
    return found


def failed_calls(project: Project) -> list[int]:
    """The newest call of each question without an answer, with the project's settings.

    What a stored result lists counts here, too; of a step that is not made, what the ledger knows.
    """
    dataset = dataset_of(project)
    if dataset is None:
        return [int(number) for number in call_ids(project, Asked(status="unanswered"))]
    job = Job(Variant.LLM_EDT, configuration(project), DEFAULT_SEEDS[:1])
    (made,) = pipelines_of(project, job, dataset.digest)
    store, found = project.artifacts, []
    for step in (Step.GENERATE, Step.PROFILE):
        stages = made.stages_of(step)
        if not all(map(store.has, stages)):
            asked = Asked(step=step, status="unanswered")
            found += call_ids(project, asked).tolist()
            continue
        for stage in stages:
            if store.unanswered(stage):
                found += stage.unanswered_calls(store.read(stage))
    return found


def told(failed: Sequence[Failed]) -> str:
    """How many, where, and what asks them again, in a sentence without its full stop."""
    parts = ", ".join(f"{each.questions:,} in {each.step}" for each in failed)
    command = "edt run"
    if any(each.trained for each in failed):
        command += " --retry-failed"
    total = sum(each.questions for each in failed)
    return f"{total:,} questions have no answer ({parts}); {command!r} asks them again"
