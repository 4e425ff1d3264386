"""``edt status``: how far each stage is with the settings as they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edt_core.actions.configuring import configuration
from edt_core.actions.failures import failed_stages, told
from edt_core.actions.jobs import Job, pipelines_of
from edt_core.actions.staleness import Past
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.stages.augmenter.review import ReviewDecisions
from edt_core.store.artifacts import Outdated
from edt_core.store.calls import Spend, spend
from edt_core.store.datasets import dataset_of
from edt_core.store.liveness import Life, heartbeat
from edt_core.store.project import Project
from edt_core.store.questions import Counts, counts
from edt_core.store.runs import run_lines, run_stages
from edt_core.variants import Variant


@dataclass(frozen=True)
class StepStatus:
    """One stage of DESIGN section 3."""

    step: str
    state: str
    """``fresh``, ``stale`` (made, but with other settings), ``partial``, ``missing`` or ``off``."""
    stored: int
    total: int
    """Results that the stage is made of, over every seed."""
    holds: str
    reason: str
    """Why it is not fresh; of questions without an answer, what asks them again."""

    @property
    def told(self) -> str:
        """What to say of it in a line: why it is not whole, else what it holds."""
        if self.state == "stale":
            return f"because {self.reason}"
        return self.reason if self.state == "partial" else self.holds or self.reason


@dataclass(frozen=True)
class ProjectStatus:
    """A project at a glance."""

    project: str
    dataset: str
    stages: list[StepStatus]
    calls: int
    cost: float
    """US dollars, as far as prices are known."""
    running: bool
    note: str
    unpriced: int = 0
    """Answered calls whose price is not known, so that ``cost`` says too little."""


def project_status(
    project: Project, seeds: Sequence[int] = DEFAULT_SEEDS, *, spent: Sequence[Spend] | None = None
) -> ProjectStatus:
    """Each stage's state for the project's settings; computes nothing, imports no model library.

    Args:
        project: The project.
        seeds: Those that results are wanted of.
        spent: What ``spend`` says, where it was asked already: it reads every call.
    """
    dataset = dataset_of(project)
    held = counts(project)
    spent = spend(project) if spent is None else spent
    calls = sum(line.answered + line.invalid + line.failed + line.unknown for line in spent)
    unknown = sum(line.unknown for line in spent)
    beating = heartbeat(project.folder)
    notes = []
    if beating is not None:
        holder = beating.holder
        notes.append(f"A run goes on (process {holder.pid} on {holder.host}).")
        if beating.life is not Life.LIVE:
            frozen = ": it may be frozen" if beating.life is Life.SILENT else ""
            notes.append(f"It was last heard of {beating.age:.0f} s ago{frozen}.")
    unpriced = sum(line.unpriced for line in spent)
    if unpriced:
        notes.append(f"The price of {unpriced:,} answered calls is not known.")
    if unknown:
        notes.append(f"{unknown:,} calls were sent and never answered (their cost is unknown).")
    stages = [StepStatus(step, "missing", 0, 0, "", "nothing was imported yet") for step in Step]
    if dataset is not None:
        job = Job(Variant.LLM_EDT, configuration(project), tuple(seeds))
        pipelines = pipelines_of(project, job, dataset.digest)
        past = Past(project, job.config, pipelines[0])
        known = _Known(past, _AtWork.of(project), project.artifacts.outdated())
        stages = [_step_status(project, step, pipelines, known, held) for step in Step]
    return ProjectStatus(
        project.name,
        dataset.name if dataset else "",
        stages,
        calls,
        sum(line.cost for line in spent),
        beating is not None,
        " ".join(notes),
        unpriced,
    )


@dataclass(frozen=True)
class _AtWork:
    """What the run that goes on is at, and what it will come to; nothing when none does."""

    run: int = 0
    now: frozenset[str] = frozenset()
    """Fingerprints of the stages at work."""
    planned: frozenset[str] = frozenset()
    """Of all its stages."""

    @classmethod
    def of(cls, project: Project) -> "_AtWork":
        newest = run_lines(project, limit=1)
        if not newest or newest[0].state != "running":
            return cls()
        stages = run_stages(project, newest[0].id)
        now = frozenset(line.fingerprint for line in stages if line.state == "running")
        return cls(newest[0].id, now, frozenset(line.fingerprint for line in stages))


@dataclass(frozen=True)
class _Known:
    """What may keep a step from being fresh."""

    past: Past
    work: _AtWork
    outdated: Mapping[str, Outdated]
    """By the fingerprints of stages whose questions were asked again since."""


def _step_status(
    project: Project, step: Step, pipelines: Sequence[Pipeline], known: _Known, held: Counts
) -> StepStatus:
    wanted: dict[str, Stage[object]] = {
        stage.fingerprint: stage
        for made in pipelines
        for stage in made.stages_of(step)
        if not isinstance(stage, ReviewDecisions)  # a person makes those, no run
    }
    if not wanted:
        return StepStatus(step, "off", 0, 0, "", "switched off by the settings")
    there = [stage for stage in wanted.values() if project.artifacts.has(stage)]
    stored = [stage for stage in there if not _roots(stage, known.outdated)]
    holds = _holds(step, held)
    missing = [stage for stage in wanted.values() if stage not in stored]
    failed = failed_stages(project.artifacts, stored)
    roots = {root for stage in there for root in _roots(stage, known.outdated)}
    if missing:
        state, reason = _why_not_fresh(project, step, missing, known, roots, some=bool(stored))
    elif any(project.artifacts.begun(stage) for stage in stored):
        state, reason = "partial", "was stopped; a run goes on where it was"
    elif failed:
        state, reason = "partial", told(failed)
    else:
        state, reason = "fresh", ""
    return StepStatus(step, state, len(stored), len(wanted), holds, reason)


def _roots(stage: Stage[object], outdated: Mapping[str, Outdated]) -> list[Stage[object]]:
    """The stages behind one, itself included, whose questions were asked again since."""
    return [one for one in walk(stage) if one.fingerprint in outdated] if outdated else []


def _why_not_fresh(
    project: Project,
    step: Step,
    missing: Sequence[Stage[object]],
    known: _Known,
    roots: Collection[Stage[object]],
    *,
    some: bool,
) -> tuple[str, str]:
    """A step's state and the reason for it, in the words of the command line and the screens.

    ``roots`` are the stages behind its stored results whose questions were asked again since.
    """
    past, work = known.past, known.work
    marks = {stage.fingerprint for stage in missing}
    if marks & work.now:
        return "partial", f"run {work.run} is at work on it"
    if roots:
        return "stale", _asked_again(step, roots, known.outdated)
    if any(project.artifacts.begun(stage) for stage in missing):
        return "partial", "was stopped; a run goes on where it was"
    change = past.why(step, missing)
    if change:
        return "stale", change
    if marks & work.planned:
        return "partial" if some else "missing", f"run {work.run} comes to it"
    if some:
        return "partial", "not every seed or part is made"
    return "missing", "never run"


def _asked_again(
    step: Step, roots: Collection[Stage[object]], outdated: Mapping[str, Outdated]
) -> str:
    """As ``staleness`` says what changed: another step is named first where it is the root."""
    answers = sum(outdated[root.fingerprint].answers for root in roots)
    first = min((root.step for root in roots), key=list(Step).index)
    where = "" if first == step else f"{first}: "
    many = "answer was" if answers == 1 else "answers were"
    return f"{where}{answers:,} {many} asked for again since; 'edt run' makes it anew"


def _holds(step: Step, held: Counts) -> str:
    match step:
        case Step.IMPORT:
            return f"{held.users:,} users, {held.items:,} items, {held.interactions:,} events"
        case Step.GENERATE:
            return f"{held.generated:,} generated items"
        case Step.FILTER:
            return f"{held.kept:,} kept, {held.filtered:,} filtered"
        case Step.REVIEW:
            return f"{held.accepted:,} accepted, {held.rejected:,} rejected, {held.edited:,} edited"
        case Step.INSERT:
            return f"{held.inserted:,} generated items inserted"
        case Step.PROFILE:
            return f"{held.profiles:,} profiles"
        case Step.EVALUATE:
            return f"{held.runs:,} run{'s' * (held.runs != 1)}"
        case _:
            return ""
