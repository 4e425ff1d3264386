"""Reuse what is stored, compute what is not: one stage after another, inputs first."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from edt_core.errors import EdtError
from edt_core.events import EventSink, StageFailed, StageFinished, StageStarted
from edt_core.stage import Context, Embedders, LanguageModels, Stage, walk

T = TypeVar("T")
_KEPT_IN_MEMORY = 12  # artifacts: enough for one seed's pipeline, without holding every seed's


class ArtifactStore(Protocol):
    """Where artifacts live, by fingerprint."""

    def has(self, stage: Stage[Any]) -> bool:
        """Is the stage's artifact stored, whole?"""

    def read(self, stage: Stage[T]) -> T:
        """The stored artifact."""

    def write(self, stage: Stage[Any], artifact: object, seconds: float) -> bool:
        """Store an artifact, all or nothing; whether a different one was there.

        What stands on that one is not stored any more.
        """

    def scratch(self, stage: Stage[Any]) -> Path:
        """The stage's own folder for unfinished work; made when it isn't there."""

    def clear_scratch(self, stage: Stage[Any]) -> None:
        """Empty it."""


@dataclass(frozen=True)
class Planned:
    """One stage of a plan."""

    stage: Stage[Any]
    stored: bool
    needed: bool
    """It would be computed: it isn't stored and something asked for stands on it."""


@dataclass(frozen=True)
class Resources:
    """What a run lends its stages; nothing in it can change a result."""

    emit: EventSink
    device: Callable[[], str]
    """``cpu`` or ``cuda``; asked only when a stage computes, because the answer needs torch."""
    language_model: LanguageModels
    embedder: Embedders
    check: Callable[[], None]


def plan(
    targets: Sequence[Stage[Any]], store: ArtifactStore, again: Collection[str] = ()
) -> list[Planned]:
    """Every stage behind the targets, inputs first, and what would be computed. Runs nothing.

    Args:
        targets: Stages whose artifacts are wanted.
        store: Where artifacts live.
        again: Fingerprints of stages that are computed although they are stored.
    """
    stored: dict[str, bool] = {}
    order: list[Stage[Any]] = []
    for target in targets:
        for stage in walk(target):
            if stage.fingerprint not in stored:
                stored[stage.fingerprint] = stage.fingerprint not in again and store.has(stage)
                order.append(stage)
    wanted = {target.fingerprint for target in targets} | set(again)
    planned: list[Planned] = []
    for stage in reversed(order):
        needed = stage.fingerprint in wanted and not stored[stage.fingerprint]
        if needed:
            wanted.update(source.fingerprint for source in stage.inputs)
        planned.append(Planned(stage, stored[stage.fingerprint], needed))
    return planned[::-1]


class Runner:
    """Makes artifacts, each at most once."""

    def __init__(
        self,
        store: ArtifactStore,
        resources: Resources,
        finished: Callable[[Stage[Any], object], None] = lambda stage, artifact: None,
    ) -> None:
        """A runner on ``store``; ``finished`` is told of every artifact that it made and stored."""
        self._store = store
        self._resources = resources
        self._finished = finished
        self._memory: OrderedDict[str, Any] = OrderedDict()
        self._made: set[str] = set()
        self._told: set[str] = set()

    def make(self, targets: Sequence[Stage[Any]], again: Collection[str] = ()) -> list[Planned]:
        """Make every target's artifact; what is stored is not computed again.

        Args:
            targets: Stages whose artifacts are wanted.
            again: Fingerprints of stages that are computed although they are stored. Where that
                changes an artifact, what stands on it is computed, too.

        Returns:
            Every stage behind the targets; needed are those that this runner computed.

        Raises:
            EdtError: a stage's own; what was finished before it stays stored.
        """
        left = set(again) - self._made
        steps = plan(targets, self._store, left)
        place = 0
        while place < len(steps):
            step = steps[place]
            place += 1
            if not step.needed:
                self._tell_reuse(step)
                continue
            left.discard(step.stage.fingerprint)
            if self._compute(step.stage):
                steps = plan(targets, self._store, left)
                place = 0
        return [replace(step, needed=step.stage.fingerprint in self._made) for step in steps]

    def _tell_reuse(self, step: Planned) -> None:
        stage = step.stage
        if step.stored and stage.fingerprint not in self._told:
            self._told.add(stage.fingerprint)
            name = type(stage).__name__
            event = StageFinished(stage.fingerprint, stage.step, name, 0.0, reused=True)
            self._resources.emit(event)

    def _compute(self, stage: Stage[Any]) -> bool:
        """Make and store one artifact; whether it took the place of a different one."""
        lent, store, name = self._resources, self._store, type(stage).__name__
        lent.check()
        lent.emit(StageStarted(stage.fingerprint, stage.step, name))
        started = time.monotonic()
        context = Context(
            load=self._load,
            scratch=store.scratch(stage),
            emit=lent.emit,
            device=lent.device(),
            language_model=lent.language_model,
            embedder=lent.embedder,
            check=lent.check,
        )
        try:
            artifact = stage.compute(context)
        except EdtError as error:
            lent.emit(StageFailed(stage.fingerprint, stage.step, str(error)))
            raise
        seconds = time.monotonic() - started
        replaced = store.write(stage, artifact, seconds)
        store.clear_scratch(stage)
        self._made.add(stage.fingerprint)
        self._told.add(stage.fingerprint)
        self._remember(stage, artifact)
        self._finished(stage, artifact)
        lent.emit(StageFinished(stage.fingerprint, stage.step, name, seconds, reused=False))
        return replaced

    def _load(self, stage: Stage[T], /) -> T:
        if stage.fingerprint not in self._memory:
            self._remember(stage, self._store.read(stage))
        self._memory.move_to_end(stage.fingerprint)
        found: T = self._memory[stage.fingerprint]
        return found

    def _remember(self, stage: Stage[Any], artifact: object) -> None:
        self._memory[stage.fingerprint] = artifact
        self._memory.move_to_end(stage.fingerprint)
        while len(self._memory) > _KEPT_IN_MEMORY:
            self._memory.popitem(last=False)
