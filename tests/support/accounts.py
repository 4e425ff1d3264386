"""Who of a project's users has what a language model was asked for, and who is listed as failed."""

from dataclasses import dataclass

import numpy as np

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import Job, imported, pipelines_of
from edt_core.data.catalogue import normalised_title
from edt_core.recipes import DEFAULT_SEEDS
from edt_core.stages.augmenter.generator import asked
from edt_core.store.project import Project
from edt_core.variants import Variant


@dataclass(frozen=True)
class Account:
    """What became of every question."""

    questions: int
    """Users and directions that new items were asked for."""
    done: int
    failed: dict[tuple[int, int], str]
    """User, direction and the reason."""
    lost: int
    """Neither done nor listed."""
    users: int
    profiles: int
    """Users with a profile that was written for them."""
    profiles_failed: dict[int, str]
    texts_failed: int
    """Questions about profiles without an answer, of every kind."""
    among_samples: int
    """Generated items that their users have already."""


def account(project: Project) -> Account:
    """Of a project that was run up to its profiles."""
    job = Job(Variant.LLM_EDT, configuration(project), DEFAULT_SEEDS[:1])
    made = pipelines_of(project, job, imported(project).digest)[0]
    store, part = project.artifacts, made.augmenter[0]
    chosen = store.read(part.representatives)
    wanted = {(user, int(domain)) for user, domain in asked(chosen.offsets, ask_empty=False)}
    drafts, profiles = store.read(part.generated), store.read(made.profiles[0])
    done = set(zip(drafts.users.tolist(), drafts.targets.tolist(), strict=True))
    pairs = zip(drafts.refused_users.tolist(), drafts.refused_targets.tolist(), strict=True)
    failed = dict(zip(pairs, drafts.refused_reasons, strict=True))
    catalogue, histories = store.read(made.data.catalogue), store.read(made.data.histories)
    keys = chosen.keys(histories.sequences).tolist()
    owners = np.repeat(np.arange(len(chosen.offsets) - 1) // 2, np.diff(chosen.offsets)).tolist()
    given = {
        (user, normalised_title(catalogue.titles[key]))
        for user, key in zip(owners, keys, strict=True)
    }
    reasons = profiles.analyses.reasons
    return Account(
        questions=len(wanted),
        done=len(done),
        failed=failed,
        lost=len(wanted - done - failed.keys()),
        users=len(profiles.analysis),
        profiles=sum(not reason for reason in reasons),
        profiles_failed={int(user): reasons[user] for user in profiles.refused},
        texts_failed=sum(
            bool(reason)
            for texts in (profiles.summaries, profiles.reforms, profiles.analyses)
            for reason in texts.reasons
        ),
        among_samples=sum(
            (user, normalised_title(title)) in given
            for user, title in zip(drafts.users.tolist(), drafts.titles, strict=True)
        ),
    )
