"""Reuse what is stored, compute what is not: one stage after another, inputs first."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

    def write(self, stage: Stage[Any], artifact: object, seconds: float) -> None:
        """Store an artifact, all or nothing."""

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


def plan(targets: Sequence[Stage[Any]], store: ArtifactStore) -> list[Planned]:
    """Every stage behind the targets, inputs first, and what would be computed. Runs nothing."""
    stored: dict[str, bool] = {}
    order: list[Stage[Any]] = []
    for target in targets:
        for stage in walk(target):
            if stage.fingerprint not in stored:
                stored[stage.fingerprint] = store.has(stage)
                order.append(stage)
    wanted = {target.fingerprint for target in targets}
    planned: list[Planned] = []
    for stage in reversed(order):
        needed = stage.fingerprint in wanted and not stored[stage.fingerprint]
        if needed:
            wanted.update(source.fingerprint for source in stage.inputs)
        planned.append(Planned(stage, stored[stage.fingerprint], needed))
    return planned[::-1]


def run(
    targets: Sequence[Stage[Any]],
    store: ArtifactStore,
    resources: Resources,
    finished: Callable[[Stage[Any], object], None] = lambda stage, artifact: None,
) -> list[Planned]:
    """Make every target's artifact; what is stored is not computed again.

    Args:
        targets: Stages whose artifacts are wanted.
        store: Where artifacts live.
        resources: What the stages may use.
        finished: Called with each newly computed artifact once it is stored.

    Returns:
        The plan that was carried out.

    Raises:
        EdtError: a stage's own; what was finished before it stays stored.
    """
    steps = plan(targets, store)
    memory: OrderedDict[str, Any] = OrderedDict()

    def remember(stage: Stage[Any], artifact: object) -> None:
        memory[stage.fingerprint] = artifact
        memory.move_to_end(stage.fingerprint)
        while len(memory) > _KEPT_IN_MEMORY:
            memory.popitem(last=False)

    def load(stage: Stage[T], /) -> T:
        if stage.fingerprint not in memory:
            remember(stage, store.read(stage))
        memory.move_to_end(stage.fingerprint)
        found: T = memory[stage.fingerprint]
        return found

    for step in steps:
        stage = step.stage
        name = type(stage).__name__
        if step.stored:
            resources.emit(StageFinished(stage.fingerprint, stage.step, name, 0.0, reused=True))
        if not step.needed:
            continue
        resources.check()
        resources.emit(StageStarted(stage.fingerprint, stage.step, name))
        started = time.monotonic()
        context = Context(
            load=load,
            scratch=store.scratch(stage),
            emit=resources.emit,
            device=resources.device(),
            language_model=resources.language_model,
            embedder=resources.embedder,
            check=resources.check,
        )
        try:
            artifact = stage.compute(context)
        except EdtError as error:
            resources.emit(StageFailed(stage.fingerprint, stage.step, str(error)))
            raise
        seconds = time.monotonic() - started
        store.write(stage, artifact, seconds)
        store.clear_scratch(stage)
        remember(stage, artifact)
        finished(stage, artifact)
        resources.emit(StageFinished(stage.fingerprint, stage.step, name, seconds, reused=False))
    return steps
