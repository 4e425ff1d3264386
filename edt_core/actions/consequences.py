"""What a changed setting would cost, told before it is changed. Computes and asks nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edt_core.actions.configuring import configuration
from edt_core.actions.estimating import estimate_of
from edt_core.actions.jobs import Job, pipelines_of
from edt_core.config import Config
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.stage import Stage, Step
from edt_core.stages.augmenter.review import ReviewDecisions
from edt_core.store.artifacts import Artifacts
from edt_core.store.datasets import dataset_of
from edt_core.store.project import Project
from edt_core.variants import Variant


@dataclass(frozen=True)
class Change:
    """A setting before and after."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Consequences:
    """What would follow from a change of settings."""

    changes: list[Change]
    stale: list[str]
    """Steps with results that would no longer be the project's, in the order of the pipeline."""
    ready: list[str]
    """Steps that are not made at present, and whose results with the change are still stored."""
    computed: int
    """Results, over every seed, that the next run would compute beyond those missing today."""
    calls: int
    """Calls to a model, at most, that would have to be made beyond those outstanding today."""
    cost: float | None
    """US dollars for those calls; None where the price is not known."""

    @property
    def sentence(self) -> str:
        """All of it in a line, before the change is made."""
        return f"would make {self._made}" if self.changes else "changes nothing"

    @property
    def told_after(self) -> str:
        """The same once it is made."""
        return f"made {self._made}" if self.changes else "nothing changed"

    @property
    def _made(self) -> str:
        ready = f"; {', '.join(self.ready)} stored already" if self.ready else ""
        if not self.stale:
            return f"nothing stale{ready}"
        calls = f"at most {self.calls:,}" if self.calls else "0"
        cost = "unknown" if self.cost is None else f"${self.cost:.2f}"
        results = f"{self.computed} result{'s' * (self.computed != 1)}"
        return (
            f"stale: {', '.join(self.stale)}; {results} to compute; "
            f"calls to redo: {calls}; cost {cost}{ready}"
        )


def consequences(project: Project, settings: Mapping[str, Any]) -> Consequences:
    """What changing ``settings`` would make stale, and what making it anew would take.

    Raises:
        UsageError: an unknown key, or a value out of its range.
    """
    before = configuration(project)
    after = before.changed(settings)
    old, new = before.flat(), after.flat()
    changes = [Change(key, old[key], new[key]) for key in new if old[key] != new[key]]
    dataset = dataset_of(project)
    if dataset is None or not changes:  # nothing is made that could go stale
        return Consequences(changes, [], [], 0, 0, 0.0)
    now = pipelines_of(project, _job(before), dataset.digest)
    then = pipelines_of(project, _job(after), dataset.digest)
    stale, ready = [], []
    for step in Step:
        made, wanted = _stages(now, step), _stages(then, step)
        if _lost(project.artifacts, made, wanted):
            stale.append(str(step))
        elif _regained(project.artifacts, made, wanted):
            ready.append(str(step))
    calls, cost = _calls(project, before, after)
    computed = sum(
        max(0, _missing(project.artifacts, then, step) - _missing(project.artifacts, now, step))
        for step in Step
    )
    return Consequences(changes, stale, ready, computed, calls, cost)


def _job(config: Config) -> Job:
    return Job(Variant.LLM_EDT, config, DEFAULT_SEEDS)


def _stages(pipelines: list[Pipeline], step: Step) -> dict[str, Stage[Any]]:
    return {
        stage.fingerprint: stage
        for made in pipelines
        for stage in made.stages_of(step)
        if not isinstance(stage, ReviewDecisions)  # a person makes those, no run
    }


def _lost(
    store: Artifacts, made: Mapping[str, Stage[Any]], wanted: Mapping[str, Stage[Any]]
) -> bool:
    """Something of the step stands (or was begun) and would have to be made anew."""
    if all(mark in made or store.has(stage) for mark, stage in wanted.items()):
        return False
    left = [stage for mark, stage in made.items() if mark not in wanted]
    return any(store.has(stage) or store.begun(stage) for stage in left)


def _regained(
    store: Artifacts, made: Mapping[str, Stage[Any]], wanted: Mapping[str, Stage[Any]]
) -> bool:
    """The step's results with the change are stored, and those of today are others."""
    new = [stage for mark, stage in wanted.items() if mark not in made]
    return bool(new) and all(store.has(stage) for stage in wanted.values())


def _missing(store: Artifacts, pipelines: list[Pipeline], step: Step) -> int:
    return sum(not store.has(stage) for stage in _stages(pipelines, step).values())


def _calls(project: Project, before: Config, after: Config) -> tuple[int, float | None]:
    """Calls and cost that the change adds; what is outstanding anyway is no consequence of it."""
    now = {(line.step, line.what): line for line in estimate_of(project, before).lines}
    calls, cost = 0, 0.0
    unknown = False
    for line in estimate_of(project, after).lines:
        before_it = now.get((line.step, line.what))
        more = line.calls - (before_it.calls if before_it else 0)
        if more <= 0:
            continue
        calls += more
        if line.cost is None:
            unknown = True
        else:
            cost += line.cost - ((before_it.cost if before_it else None) or 0.0)
    return calls, None if unknown else max(0.0, cost)
