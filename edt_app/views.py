"""A run's events folded into what a user sees of it: stages, rates, time left.

Pure: a view and a line of the journal give the next view, so that a screen that was opened late
folds what it missed and shows what one shows that was there all along. Command line and app use
the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edt_core.store.journal import EventLine
    from edt_core.store.runs import Liveness, RunStageLine

_KEPT_NOTES = 200
_SMOOTHING = 0.3
"""The newest advance's share in a stage's rate."""
_PHASES = {"pretrain": 1, "finetune": 2}


@dataclass(frozen=True)
class StageView:
    """One stage of a run."""

    fingerprint: str
    step: str
    """The stage as DESIGN section 3 names it."""
    name: str
    """What is computed, such as ``Pretrain``."""
    seed: int | None = None
    """None for a stage that all seeds share."""
    state: str = "waiting"
    """``waiting``, ``running``, ``done``, ``reused``, ``failed``, or, once its run has ended
    without it, ``lost`` or ``interrupted``."""
    done: int = 0
    total: int = 0
    """0 where the end is not known."""
    unit: str = ""
    note: str = ""
    """What it last said of itself, or why it failed."""
    started: float | None = None
    """Seconds since 1970."""
    updated: float = 0.0
    """When its last event was, seconds since 1970."""
    seconds: float = 0.0
    """It took so long, or has so far."""
    rate: float = 0.0
    """Units a second of late."""
    eta: float | None = None
    """Seconds left when it was updated, if every unit is made: a training may stop earlier."""

    def remaining(self, now: float) -> float | None:
        """Seconds left at the moment ``now``; None when nobody can tell."""
        return None if self.eta is None else max(0.0, self.eta - max(0.0, now - self.updated))

    def elapsed(self, now: float) -> float:
        """Seconds that it has taken at the moment ``now``."""
        if self.state == "running" and self.started is not None:
            return max(0.0, now - self.started)
        return self.seconds


@dataclass(frozen=True)
class NoteView:
    """A sentence that a user should read once, or an error."""

    at: float
    step: str
    text: str
    failed: bool = False


@dataclass(frozen=True)
class RunView:
    """A run as far as its events tell; ``last`` is where to read on."""

    run: int
    stages: tuple[StageView, ...] = ()
    """In the order of the plan."""
    notes: tuple[NoteView, ...] = ()
    """The newest, oldest first."""
    last: int = 0
    """The last event's id."""
    spent_before: float = 0.0
    """US dollars, by the processes that worked on it before the newest."""
    spent: float = 0.0
    """US dollars, by the newest process."""

    @property
    def cost(self) -> float:
        """US dollars that the run has spent; a call of unknown cost counts as its most."""
        return self.spent_before + self.spent

    @property
    def current(self) -> StageView | None:
        """The stage at work, else the one that was last."""
        running = [stage for stage in self.stages if stage.state == "running"]
        touched = [stage for stage in self.stages if stage.updated]
        return max(running or touched, key=lambda stage: stage.updated, default=None)

    @property
    def phase(self) -> int | None:
        """1 or 2 while a model trains, else None."""
        at = self.current
        return None if at is None or at.state != "running" else _PHASES.get(at.step)

    @property
    def epoch(self) -> tuple[int, int] | None:
        """Finished epochs and their upper limit while a model trains, else None."""
        at = self.current
        return (at.done, at.total) if at is not None and self.phase is not None else None

    @property
    def counted(self) -> tuple[int, int]:
        """Stages that are made, and all."""
        made = sum(stage.state in {"done", "reused"} for stage in self.stages)
        return made, len(self.stages)


def begun(run: int, stages: Sequence["RunStageLine"] = ()) -> RunView:
    """A run's view before its first event, with the stages that it plans."""
    planned = (StageView(line.fingerprint, line.step, line.stage, line.seed) for line in stages)
    return RunView(run, tuple(planned))


def fold(view: RunView, line: "EventLine") -> RunView:
    """The view after one more event; what is older than the view changes nothing."""
    if line.id <= view.last:
        return view
    view = replace(view, last=line.id)
    if line.kind == "Noted":
        return _noted(view, NoteView(line.at, line.body["step"], line.body["text"]))
    if "fingerprint" not in line.body:
        return view
    place, stage = _stage(view, line.body)
    changed = _changed(stage, line)
    stages = (*view.stages[:place], changed, *view.stages[place + 1 :])
    view = _paid(replace(view, stages=stages), line.body.get("spent", 0.0))
    if line.kind == "StageFailed":
        note = NoteView(line.at, changed.step, line.body["reason"], failed=True)
        return _noted(view, note)
    return view


def fold_all(view: RunView, lines: Iterable["EventLine"]) -> RunView:
    """The view after many more events."""
    for line in lines:
        view = fold(view, line)
    return view


def settled(view: RunView, how: "Liveness") -> RunView:
    """The view of a run that may have ended: no stage of a dead run is shown at work."""
    if not how.ended:
        return view
    state = "lost" if how.life == "lost" else "interrupted"
    stages = tuple(
        replace(stage, state=state, eta=None, rate=0.0)
        if stage.state == "running" or (how.life == "interrupted" and stage.state == "failed")
        else stage  # the stage that a request to stop ended failed at nothing
        for stage in view.stages
    )
    return replace(view, stages=stages)


def _stage(view: RunView, body: dict[str, Any]) -> tuple[int, StageView]:
    """The stage that an event is about and its place; one that no plan named comes last."""
    for place, stage in enumerate(view.stages):
        if stage.fingerprint == body["fingerprint"]:
            return place, stage
    return len(view.stages), StageView(body["fingerprint"], body["step"], body.get("name", ""))


def _changed(stage: StageView, line: "EventLine") -> StageView:
    body, at = line.body, line.at
    match line.kind:
        case "StageStarted":
            return StageView(
                stage.fingerprint, body["step"], body["name"], stage.seed, "running",
                started=at, updated=at,
            )  # fmt: skip
        case "StageAdvanced":
            return _advanced(stage, body, at)
        case "StageFinished":
            state = "reused" if body["reused"] else "done"
            return replace(
                stage, state=state, seconds=body["seconds"], updated=at, rate=0.0, eta=None
            )
        case "StageFailed":
            return replace(
                stage, state="failed", note=body["reason"], updated=at, rate=0.0, eta=None
            )
        case _:
            return stage


def _advanced(stage: StageView, body: dict[str, Any], at: float) -> StageView:
    done, total = body["done"], body["total"]
    seconds = at - stage.updated if stage.updated else 0.0
    rate = stage.rate
    # the first advance of a stage that goes on counts what was done before, too: it has no rate
    fresh = stage.unit == "" and done > 1
    if seconds > 0 and done > stage.done and not fresh:
        now = (done - stage.done) / seconds
        rate = now if rate == 0.0 else _SMOOTHING * now + (1 - _SMOOTHING) * rate
    left = max(0, total - done)
    return replace(
        stage,
        state="running",
        done=done,
        total=total,
        unit=body["unit"],
        note=body["note"],
        started=stage.started if stage.started is not None else at,
        updated=at,
        seconds=0.0 if stage.started is None else at - stage.started,
        rate=rate,
        eta=left / rate if total and rate > 0 else None,
    )


def _paid(view: RunView, spent: float) -> RunView:
    """A sum that begins anew is that of a process that goes on with the run."""
    if not spent or spent == view.spent:
        return view
    before = view.spent_before + (view.spent if spent < view.spent else 0.0)
    return replace(view, spent=spent, spent_before=before)


def _noted(view: RunView, note: NoteView) -> RunView:
    return replace(view, notes=(*view.notes, note)[-_KEPT_NOTES:])
