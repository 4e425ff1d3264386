"""What is asked of a run, and the stages that this comes down to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from edt_core.config import Config
from edt_core.errors import MissingInput, UsageError
from edt_core.llm.templating import FOLDER, Templates, with_own
from edt_core.recipes import Pipeline, ReviewState, pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.stages.augmenter.review import Decisions, ReviewDecisions
from edt_core.store.datasets import DatasetLine, dataset_of
from edt_core.store.generated import drafts_outdated, renew_drafts
from edt_core.store.project import Project
from edt_core.store.review import decided
from edt_core.variants import Variant

Retry = Literal["never", "untrained", "always"]
"""Whether questions that found no answer are asked again by a run that could do without them:
where no trained model stands on the other answers, or anywhere."""


@dataclass(frozen=True)
class Job:
    """What is asked of a run."""

    variant: Variant
    config: Config
    seeds: tuple[int, ...]
    label: str = ""
    """The model's name in tables; the variant's unless given."""
    until: Step = Step.EVALUATE
    start: Step | None = None
    device: str = "auto"
    max_cost: float | None = None
    retry: Retry = "untrained"


def imported(project: Project) -> DatasetLine:
    """The project's data set.

    Raises:
        MissingInput: nothing was imported yet.
    """
    dataset = dataset_of(project)
    if dataset is None:
        raise MissingInput(
            f"The project {project.name!r} holds no data yet.",
            hint=f"Import some: edt import --project {project.name} --help",
        )
    return dataset


def pipelines_of(
    project: Project, job: Job, digest: str, review: ReviewState | None = None
) -> list[Pipeline]:
    """The job's pipelines, one a seed, with the given or else the standing review decisions.

    Raises:
        InputError: a template of the project's own can't be used.
    """
    own = templates_of(project)
    if review is None:
        review = standing_review(project, job, digest)
    return [pipeline(job.variant, job.config, digest, seed, review, own) for seed in job.seeds]


def standing_review(project: Project, job: Job, digest: str) -> ReviewState:
    """What stands decided on the items that the job's pipelines generate.

    Raises:
        InputError: a template of the project's own can't be used.
    """
    review, own = ReviewState(), templates_of(project)
    for part in pipeline(job.variant, job.config, digest, job.seeds[0], templates=own).augmenter:
        found = decided(project, part.generated.fingerprint)
        review = ReviewState(edits=found.edits_digest, verdicts=found.verdicts_digest)
    return review


def templates_of(project: Project) -> Templates:
    """The prompt templates that the project uses: the package's, or its own in their place.

    Raises:
        InputError: one of its own can't be used.
    """
    return with_own(project.folder / FOLDER)


def keep_decisions(project: Project, job: Job, digest: str) -> ReviewState:
    """Store the standing review decisions for the job's review stages; the stage lock is held.

    They are read once: what a reviewer decides from here on belongs to the next run.
    """
    none = np.zeros(0, dtype=np.int64)
    review = ReviewState()
    own = templates_of(project)
    for part in pipeline(job.variant, job.config, digest, job.seeds[0], templates=own).augmenter:
        if drafts_outdated(project, part.generated.fingerprint):
            renew_drafts(
                project, part.generated.fingerprint, project.artifacts.read(part.generated)
            )
        found = decided(project, part.generated.fingerprint)
        review = ReviewState(edits=found.edits_digest, verdicts=found.verdicts_digest)
        edits = Decisions(none, none, np.array(found.edited, dtype=np.int64), found.fields)
        verdicts = Decisions(
            np.array(found.accepted, dtype=np.int64),
            np.array(found.rejected, dtype=np.int64),
            none,
            [],
            np.array(found.moved, dtype=np.int64),
            np.array(found.anchors, dtype=np.int64),
        )
        for kept, decisions in ((review.edits, edits), (review.verdicts, verdicts)):
            source = ReviewDecisions(part.generated, digest=kept)
            if not project.artifacts.has(source):
                project.artifacts.write(source, decisions, 0.0)
    return review


def named_variant(name: str) -> Variant:
    """The variant that tables call ``name``, whatever its case.

    Raises:
        UsageError: there is none.
    """
    for variant in Variant:
        if variant.value.casefold() == name.casefold():
            return variant
    known = ", ".join(repr(variant.value) for variant in Variant)
    raise UsageError(f"There is no model {name!r}.", hint=f"Known are {known}.")


def named_step(name: str) -> Step:
    """The stage called ``name``.

    Raises:
        UsageError: there is none.
    """
    if name not in list(Step):
        raise UsageError(f"There is no stage {name!r}.", hint=f"The stages are {', '.join(Step)}.")
    return Step(name)


def place(step: Step) -> int:
    """The step's place in the order of DESIGN section 3."""
    return list(Step).index(step)


def stand_in_notes(config: Config) -> list[str]:
    """What a table made without a language model has to say of itself."""
    if config.llm.provider == "stand-in" and (config.generator.enabled or config.profiles.enabled):
        return [stand_in_note()]
    return []


def stand_in_note(labels: Sequence[str] = ()) -> str:
    """The sentence itself; ``labels`` are the models that it is about, where not about all."""
    whose = f" of {', '.join(labels)}" if labels else ""
    return (
        f"Items and profiles{whose} come from the embedded retrieval stand-in, which is no LLM: "
        "these are no LLM results."
    )


def flat(nested: Mapping[str, Any]) -> dict[str, Any]:
    """A run's nested configuration by dotted keys."""
    return {
        f"{section}.{key}": value
        for section, values in nested.items()
        for key, value in values.items()
    }


def targets_of(pipelines: Sequence[Pipeline], until: Step) -> list[Stage[Any]]:
    """What has to be made so that every stage up to ``until`` is done."""
    if until is Step.EVALUATE:
        return [made.ranks for made in pipelines]
    return [
        stage
        for made in pipelines
        for stage in walk(made.ranks)
        if place(stage.step) <= place(until)
    ]


def recomputed(pipelines: Sequence[Pipeline], start: Step, until: Step) -> list[Stage[Any]]:
    """Stages from ``start`` on, without those that a user's act makes and no computation can."""
    distinct = {stage.fingerprint: stage for made in pipelines for stage in walk(made.ranks)}
    return [
        stage
        for stage in distinct.values()
        if place(start) <= place(stage.step) <= place(until)
        and stage.step is not Step.IMPORT
        and not isinstance(stage, ReviewDecisions)
    ]
