"""What in a project waits for its user: decisions, failures, settings that keep nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from edt_core.actions.configuring import configuration
from edt_core.actions.failures import Failed, failed_questions, told
from edt_core.config import Config
from edt_core.errors import RunCancelled
from edt_core.stage import Step
from edt_core.store.datasets import dataset_of
from edt_core.store.liveness import Life
from edt_core.store.project import Project
from edt_core.store.questions import open_items
from edt_core.store.runs import Liveness, RunLine, liveness, run_lines

_HOW_FAR = 10_000
"""Undecided items are counted so far and no further: it is asked every few seconds."""


@dataclass(frozen=True)
class Need:
    """One thing that waits for the user."""

    step: str
    """The stage that it is about."""
    text: str
    """A sentence without its full stop."""
    urgent: bool = True
    """False for what is only to be known."""


def needs(project: Project, failed: Sequence[Failed] | None = None) -> list[Need]:
    """What waits, the most pressing first; cheap enough to ask every few seconds.

    Args:
        project: The project.
        failed: What ``failed_questions`` says, where it was asked already: it reads every call.
    """
    if dataset_of(project) is None:
        return [Need(Step.IMPORT, "nothing is imported yet")]
    config = configuration(project)
    running = project.holder() is not None
    found = [*_of_run(project), *_of_review(project, config, running=running)]
    if failed is None:
        failed = failed_questions(project, running=running)
    if failed:
        found.append(Need(failed[0].step, told(failed)))
    return [*found, *_notes(config)]


def _of_run(project: Project) -> list[Need]:
    newest = run_lines(project, limit=1)
    if not newest:
        return [Need(Step.EMBED, "nothing was run yet")]
    run, how = newest[0], liveness(project, newest[0].id)
    if how.life is Life.SILENT:
        since = time.strftime("%H:%M:%S", time.localtime(time.time() - (how.age or 0.0)))
        return [Need(run.target, f"no sign of life from run {run.id} since {since}: frozen?")]
    return _of_ended(run, how) if how.ended else []


def _of_ended(run: RunLine, how: Liveness) -> list[Need]:
    match how.life:
        case "failed":
            return [Need(run.target, f"run {run.id} failed: {run.error.rstrip('.')}")]
        case "lost":
            return [Need(run.target, f"run {run.id} is lost: {how.cause.rstrip('.')}")]
        case "interrupted":
            asked = not run.error or run.error.startswith(RunCancelled.ASKED)
            why = "" if asked else f": {run.error.rstrip('.')}"
            return [Need(run.target, f"run {run.id} was stopped{why}; the same command goes on")]
        case _:
            return []


def _of_review(project: Project, config: Config, *, running: bool) -> list[Need]:
    if not config.generator.enabled:
        return []
    items = open_items(project, _HOW_FAR)
    found = []
    if config.review.required and items.undecided:
        more = "at least " if items.undecided >= _HOW_FAR else ""
        found.append(Need(Step.REVIEW, f"{more}{items.undecided:,} kept items wait for a decision"))
    if items.judged and not items.kept:
        found.append(
            Need(Step.FILTER, f"the threshold {config.noise_filter.threshold:g} keeps no item")
        )
    return found


def _notes(config: Config) -> list[Need]:
    asks = config.generator.enabled or config.profiles.enabled
    if asks and config.llm.provider == "stand-in":
        return [Need(Step.GENERATE, "the stand-in answers, no LLM", urgent=False)]
    return []
