"""From a run's metric back to the prompts behind it (no counterpart in the paper)."""

from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Ints
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.stages.profiling.profiles import Profiles
from edt_core.store import runs
from edt_core.store.calls import CallsOf, calls_by_kind, calls_of_drafts
from edt_core.store.project import Project


@dataclass(frozen=True)
class Lineage:
    """What a run was trained on, and who wrote it."""

    run: int
    events: int
    """Training events after the insertion."""
    generated: int
    """Of them, inserted ones."""
    items: int
    """Distinct generated items among them."""
    users: int
    """Users with at least one."""
    profiles: int
    """Users whose profile the first phase was aligned to."""
    calls: list[CallsOf]
    """The calls behind inserted items and profiles, by step and template."""
    most_used: list[tuple[int, int]]
    """Calls by how many inserted items they wrote, most first: call, items. At most ten."""
    note: str
    """Why there is nothing, where there is nothing."""


def lineage(project: Project, run: int) -> Lineage:
    """Which of a run's training events language models wrote, and in which calls.

    Raises:
        UsageError: there is no such run.
        MissingInput: a result that it was trained on is not stored (any more).
    """
    runs.run_line(project, run)
    made = {stage.stage: stage.fingerprint for stage in runs.run_stages(project, run)}
    source = made.get("InsertItems") or made.get("KeepRaw", "")
    if not source:
        why = "This run counts the raw histories: nothing generated, no calls."
        return Lineage(run, 0, 0, 0, 0, 0, [], [], why)
    augmented = project.artifacts.read_as(Augmented, source)
    inserted = augmented.generated
    rows = np.unique(augmented.drafts[inserted])
    by_call = calls_of_drafts(project, made.get("GenerateItems", ""), rows) if len(rows) else {}
    most = sorted(by_call.items(), key=lambda entry: (-entry[1], entry[0]))[:10]
    of_profiles, n_profiles = np.zeros(0, dtype=np.int64), 0
    if "WriteProfiles" in made:
        profiles = project.artifacts.read_as(Profiles, made["WriteProfiles"])
        of_profiles, n_profiles = _calls(profiles), len(profiles.analysis)
    ids = {*by_call, *of_profiles.tolist()}
    return Lineage(
        run,
        len(inserted),
        int(inserted.sum()),
        len(np.unique(augmented.sequences.items[inserted])),
        len(np.unique(augmented.sequences.users()[inserted])),
        n_profiles,
        calls_by_kind(project, ids),
        most,
        "" if ids else "No language model wrote anything for this run.",
    )


def _calls(profiles: Profiles) -> Ints:
    each = (profiles.summaries.calls, profiles.reforms.calls, profiles.analyses.calls)
    known = np.unique(np.concatenate(each))
    return known[known >= 0]
