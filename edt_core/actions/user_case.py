"""``edt user`` and ``edt users``: one user from raw events to ranks, and whom to look at (B.5).

Held-out events are shown and marked: this is analysis of finished runs, never a reviewer's view.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from edt_core.actions.jobs import imported
from edt_core.actions.provenance import is_of, origin
from edt_core.actions.reporting import run_ranks
from edt_core.data.sequences import Flags, Ints
from edt_core.errors import MissingInput, UsageError
from edt_core.evaluation.metrics import Values
from edt_core.evaluation.significance import per_user, same_targets
from edt_core.stage import Step
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.store.questions import (
    DraftOfUser,
    EventOfUser,
    drafts_of_user,
    item_names,
    profile,
    sequence,
    source_ids,
    user_by_source_id,
)
from edt_core.variants import COUNTING, Variant

By = Literal["gain", "loss", "inserted", "random"]
BY: tuple[By, ...] = ("gain", "loss", "inserted", "random")
_KINDS = {"train": "training", "valid": "validation", "test": "target"}
_SEED = 42


@dataclass(frozen=True)
class CaseEvent:
    """One event of the sequence that a model was trained on, or one held out from it."""

    kind: str
    """``training``, ``generated``, ``validation`` or ``target``."""
    key: int
    domain: int
    title: str
    timestamp: int | None
    """Seconds since 1970; None for a generated item."""
    position: int | None
    """In the raw sequence; None for a generated item."""
    cluster: int | None = None
    """Of the user's profile."""
    draft: DraftOfUser | None = None
    """Where it comes from, for a generated item."""


@dataclass(frozen=True)
class TargetRank:
    """Where a run ranks the user's held-out item, as means over its seeds."""

    run: int
    label: str
    split: str
    rank: float
    candidates: int
    rank_sampled: float
    seeds: int


@dataclass(frozen=True)
class UserCase:
    """Everything about one user."""

    user: str
    n_a: int
    n_b: int
    domain_names: list[str]
    run: int | None
    """The run whose augmented sequence is shown; None for the raw one."""
    events: list[CaseEvent]
    left_out: list[DraftOfUser]
    """Generated items that were not inserted."""
    summaries: list[str]
    reform: str
    analysis: str
    ranks: list[TargetRank]


@dataclass(frozen=True)
class Interesting:
    """A user worth a look, and why."""

    user: str
    value: float
    """Difference of reciprocal ranks, or the number of inserted items."""


def user_case(project: Project, user: str, numbers: Sequence[int] = ()) -> UserCase:
    """One user's sequence with what was inserted, profile, and the target's ranks in some runs.

    The sequence is that of the first of the runs that inserts anything.

    Raises:
        UsageError: there is no such user or run.
        MissingInput: nothing was imported, or a result is not stored.
    """
    dataset = imported(project)
    person = user_by_source_id(project, user)
    raw = sequence(project, person.id)
    written = profile(project, person.id)
    clusters = written.clusters if written else []
    of_item = {key: group["cluster"] for group in clusters for key in group["items"]}
    shown, events, left_out = _events(project, person.id, raw, numbers)
    return UserCase(
        person.source_id,
        person.n_a,
        person.n_b,
        dataset.domain_names,
        shown,
        [replace(event, cluster=of_item.get(event.key)) for event in events],
        left_out,
        written.summaries if written else [],
        written.reform if written else "",
        written.analysis if written else "",
        [rank for number in numbers for rank in _ranks(project, number, person.id)],
    )


def event_names(project: Project, case: UserCase) -> list[str]:
    """What people are shown for the item of each event; a title where it has one."""
    names = item_names(project, [event.key for event in case.events if not event.title])
    return [event.title or names.get(event.key, "") for event in case.events]


def newest_insertion(project: Project) -> tuple[int, ...]:
    """The newest run whose items are inserted, finished or not; none before the first one."""
    for line in runs.run_lines(project):
        for stage in runs.run_stages(project, line.id):
            if stage.stage == "InsertItems" and stage.state in {"done", "reused"}:
                return (line.id,)
    return ()


def usual_runs(project: Project, count: int) -> tuple[int, ...]:
    """The runs to look at where none is named: the newest result of LLM-EDT, then of "w/o Aug.".

    Else of other models, those that train and then the newest first; of every model one, on the
    data as imported last. Fewer than ``count`` where there are no more.
    """
    first = [Variant.LLM_EDT.value, Variant.WITHOUT_AUGMENTATION.value]
    digest = imported(project).digest
    ended = [line for line in runs.run_lines(project) if line.state == "done"]
    ended.sort(
        key=lambda line: (
            first.index(line.label)
            if line.label in first
            else len(first) + (line.label in COUNTING)
        )
    )
    found: dict[str, int] = {}
    for line in ended:
        wanted = line.target == Step.EVALUATE and line.label not in found and len(found) < count
        if wanted and is_of(origin(project, line), digest):
            found[line.label] = line.id
    return tuple(found.values())


def interesting_users(
    project: Project, by: str, numbers: Sequence[int], limit: int = 50
) -> list[Interesting]:
    """Users worth a look, in one of the orders of ``BY``.

    By what the first run gains or loses over the second, by what was inserted, or by chance (always
    the same).

    Raises:
        UsageError: an unknown order, or runs that can't be compared.
        MissingInput: a run has no result.
    """
    if by not in BY:
        raise UsageError(f"There is no order {by!r}.", hint=f"Use {', '.join(BY)}.")
    if by in {"gain", "loss"} and len(numbers) != 2:
        raise UsageError(
            f"The order {by!r} compares two runs.", hint="Name two with --run; edt runs lists them."
        )
    if not numbers:
        raise UsageError("Which run?", hint="Name one with --run; edt runs lists them.")
    ranks = [run_ranks(project, number) for number in numbers]
    for other in ranks[1:]:
        same_targets(ranks[0][0], other[0])
    users = ranks[0][0].users[ranks[0][0].split == 1]
    inserted = _inserted(project, numbers)[users] if by == "inserted" else np.zeros(len(users))
    order, values = in_order(by, [per_user(found, metric="mrr") for found in ranks], inserted)
    chosen = users[order[:limit]]
    names = source_ids(project, chosen.tolist())
    return [
        Interesting(names[user], value)
        for user, value in zip(chosen.tolist(), values[order[:limit]].tolist(), strict=True)
    ]


def in_order(by: str, reciprocal: Sequence[Values], inserted: Values) -> tuple[Ints, Values]:
    """The rows to look at, most interesting first, and each row's value.

    Choice: gain and loss are differences of reciprocal ranks, so that a target that climbs from
    twentieth to first comes before one that climbs from 900th to 400th; who neither gained nor got
    an item is left out.

    Args:
        by: ``gain``, ``loss``, ``inserted`` or ``random``.
        reciprocal: ``1 / rank`` of each user's target, one array ``[R]`` a run.
        inserted: Inserted items, ``[R]``.
    """
    if by == "random":
        order = np.random.default_rng(_SEED).permutation(len(inserted))
        return order, np.zeros(len(inserted))
    values = inserted.astype(float) if by == "inserted" else reciprocal[0] - reciprocal[1]
    wanted: Flags = values < 0 if by == "loss" else values > 0
    size = np.where(wanted, np.abs(values), 0)
    order = np.argsort(-size, kind="stable")
    return order[: int(wanted.sum())], values


def _events(
    project: Project, user: int, raw: Sequence[EventOfUser], numbers: Sequence[int]
) -> tuple[int | None, list[CaseEvent], list[DraftOfUser]]:
    """The run shown, its sequence with the held-out events behind it, and what was left out."""
    events = [
        CaseEvent(
            _KINDS[event.split], event.key, event.domain, event.title, event.timestamp,
            event.position,
        )
        for event in raw
    ]  # fmt: skip
    for number in numbers:
        made = _stages(project, number)
        if "InsertItems" not in made or "GenerateItems" not in made:
            continue
        keys, rows = _augmented(project, made["InsertItems"], user)
        drafts = {line.row: line for line in drafts_of_user(project, user, made["GenerateItems"])}
        if sum(row < 0 for row in rows) != sum(event.kind == "training" for event in events):
            raise MissingInput(
                f"Run {number} is about data that was imported before.", hint="Choose another run."
            )
        training = iter(events)
        sequence_shown = [
            next(training) if row < 0 else _generated(key, drafts[row])
            for key, row in zip(keys, rows, strict=True)
        ]
        held_out = [event for event in events if event.kind != "training"]
        left_out = [line for row, line in drafts.items() if row not in set(rows)]
        return number, [*sequence_shown, *held_out], left_out
    return None, events, []


def _generated(key: int, draft: DraftOfUser) -> CaseEvent:
    return CaseEvent("generated", key, draft.domain, draft.title, None, None, draft=draft)


def _augmented(project: Project, fingerprint: str, user: int) -> tuple[list[int], list[int]]:
    """A user's item keys and draft rows (-1 for raw events) in the augmented sequence."""
    store = project.artifacts
    place = store.parts(fingerprint, {"sequences.offsets": slice(user, user + 2)})
    rows = slice(*place["sequences.offsets"].tolist())
    found = store.parts(fingerprint, {"sequences.items": rows, "drafts": rows})
    return found["sequences.items"].tolist(), found["drafts"].tolist()


def _inserted(project: Project, numbers: Sequence[int]) -> Values:
    """Inserted events by user, of the first run that inserts any, ``[U]``."""
    every = slice(None)
    for number in numbers:
        made = _stages(project, number)
        if "InsertItems" in made:
            wanted = {"sequences.offsets": every, "generated": every}
            found = project.artifacts.parts(made["InsertItems"], wanted)
            total = np.concatenate(([0], np.cumsum(found["generated"])))
            counts: Values = np.diff(total[found["sequences.offsets"]]).astype(float)
            return counts
    raise MissingInput("None of these runs inserts anything.", hint="Name a run of LLM-EDT.")


def _ranks(project: Project, number: int, user: int) -> list[TargetRank]:
    """The user's held-out items in a run; nothing where it has no result."""
    label = runs.run_line(project, number).label
    stages = [
        line.fingerprint
        for line in runs.run_stages(project, number)
        if line.stage in {"EvaluateModel", "EvaluateCounts"} and line.state in {"done", "reused"}
    ]
    store, found = project.artifacts, []
    for fingerprint in stages:
        users = store.parts(fingerprint, {"users": slice(None)})["users"]
        columns = ("split", "rank_full", "candidates_full", "rank_sampled")
        for row in np.flatnonzero(users == user).tolist():
            cells = store.parts(fingerprint, dict.fromkeys(columns, slice(row, row + 1)))
            found.append([float(cells[name][0]) for name in columns])
    means = np.array(found)
    return [
        TargetRank(number, label, name, float(rank), int(of), float(sampled), len(stages))
        for split, name in enumerate(("validation", "target"))
        if len(means) and (means[:, 0] == split).any()
        for _, rank, of, sampled in [means[means[:, 0] == split].mean(axis=0)]
    ]


def _stages(project: Project, number: int) -> dict[str, str]:
    runs.run_line(project, number)
    return {line.stage: line.fingerprint for line in runs.run_stages(project, number)}
