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
    read = _read(project, run)
    if read is None:
        why = "This run counts the raw histories: nothing generated, no calls."
        return Lineage(run, 0, 0, 0, 0, 0, [], [], why)
    augmented = read.augmented
    inserted = augmented.generated
    most = sorted(read.by_call.items(), key=lambda entry: (-entry[1], entry[0]))[:10]
    return Lineage(
        run,
        len(inserted),
        int(inserted.sum()),
        len(np.unique(augmented.sequences.items[inserted])),
        len(np.unique(augmented.sequences.users()[inserted])),
        read.n_profiles,
        calls_by_kind(project, read.calls),
        most,
        "" if read.calls else "No language model wrote anything for this run.",
    )


def calls_behind(project: Project, run: int) -> list[int]:
    """The calls that ``lineage`` counts, ascending.

    Raises:
        UsageError: there is no such run.
        MissingInput: a result that it was trained on is not stored (any more).
    """
    read = _read(project, run)
    return [] if read is None else sorted(read.calls)


@dataclass(frozen=True)
class _Read:
    """What a run was trained on, as its stages stored it."""

    augmented: Augmented
    by_call: dict[int, int]
    """How many inserted items each call wrote."""
    calls: set[int]
    """Those, and the ones that wrote profiles."""
    n_profiles: int


def _read(project: Project, run: int) -> _Read | None:
    """None where a run counts the raw histories."""
    runs.run_line(project, run)
    made = {stage.stage: stage.fingerprint for stage in runs.run_stages(project, run)}
    source = made.get("InsertItems") or made.get("KeepRaw", "")
    if not source:
        return None
    augmented = project.artifacts.read_as(Augmented, source)
    rows = np.unique(augmented.drafts[augmented.generated])
    by_call = calls_of_drafts(project, made.get("GenerateItems", ""), rows) if len(rows) else {}
    of_profiles, n_profiles = np.zeros(0, dtype=np.int64), 0
    if "WriteProfiles" in made:
        profiles = project.artifacts.read_as(Profiles, made["WriteProfiles"])
        of_profiles, n_profiles = _calls(profiles), len(profiles.analysis)
    return _Read(augmented, by_call, {*by_call, *of_profiles.tolist()}, n_profiles)


def _calls(profiles: Profiles) -> Ints:
    each = (profiles.summaries.calls, profiles.reforms.calls, profiles.analyses.calls)
    known = np.unique(np.concatenate(each))
    return known[known >= 0]
