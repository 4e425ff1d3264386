"""Puts what a pipeline made into the rows that people page, filter and review."""

from edt_core.recipes import Pipeline
from edt_core.store.artifacts import Artifacts
from edt_core.store.generated import (
    record_drafts,
    record_inserted,
    record_judged,
    record_profiles,
)
from edt_core.store.project import Project
from edt_core.store.shown import show, shown


def publish(project: Project, pipeline: Pipeline) -> None:
    """Make the rows show this pipeline's generated items and profiles, as far as they are stored.

    What is shown already is left alone, so that calling it after every stage costs little.
    """
    store = project.artifacts
    for part in pipeline.augmenter:
        drafts_of = part.generated.fingerprint
        if not store.has(part.generated):
            continue
        if shown(project, "drafts") != drafts_of:
            record_drafts(project, drafts_of, store.read(part.generated))
        judged_of = part.judged.fingerprint
        if store.has(part.judged) and shown(project, "judged") != judged_of:
            record_judged(
                project,
                drafts_of,
                store.read(part.judged),
                store.read(part.drafts),
                store.read(pipeline.data.histories).sequences,
            )
            show(project, "judged", judged_of)
        _publish_inserted(project, store, pipeline, drafts_of)
    _publish_profiles(project, store, pipeline)


def _publish_inserted(
    project: Project, store: Artifacts, pipeline: Pipeline, drafts_of: str
) -> None:
    for stage in pipeline.augmented:
        if store.has(stage) and shown(project, "inserted") != stage.fingerprint:
            augmented = store.read(stage)
            record_inserted(project, drafts_of, augmented.sequences.items, augmented.drafts)
            show(project, "inserted", stage.fingerprint)


def _publish_profiles(project: Project, store: Artifacts, pipeline: Pipeline) -> None:
    for stage in pipeline.profiles:
        if store.has(stage) and shown(project, "profiles") != stage.fingerprint:
            profiles = store.read(stage)
            rows = [
                {
                    "user": user,
                    "clusters": profile.clusters,
                    "summaries": profile.summaries,
                    "reform": profile.reform,
                    "analysis": profile.analysis,
                }
                for user in range(len(profiles.analysis))
                for profile in [profiles.of(user)]
            ]
            record_profiles(project, stage.fingerprint, rows)
