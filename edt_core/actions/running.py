"""``edt run``: one model of the paper on the project's data, every seed, reused where stored."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from edt_core import __version__, runner
from edt_core.actions.configuring import configuration
from edt_core.actions.importing import keep_raw
from edt_core.actions.jobs import (
    Job,
    imported,
    keep_decisions,
    named_step,
    named_variant,
    pipelines_of,
    place,
    recomputed,
    stand_in_notes,
    targets_of,
)
from edt_core.actions.publishing import publish
from edt_core.actions.resources import chosen_device, resources
from edt_core.actions.stopping import either
from edt_core.data.sequences import BOTH
from edt_core.errors import BudgetReached, EdtError, ReviewPending, RunCancelled, UsageError
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.summary import summarise
from edt_core.evaluation.table import Table
from edt_core.events import Event, EventSink, Noted, StageFailed, StageFinished, StageStarted
from edt_core.experiments.overall import overall_table
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.stages.dual_phase.pretraining import Pretrain
from edt_core.store import runs
from edt_core.store.datasets import DatasetLine
from edt_core.store.journal import Journal
from edt_core.store.project import Project
from edt_core.variants import COUNTING, Variant, settings_of


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    run: int
    label: str
    state: str
    seeds: list[int]
    until: str
    computed: int
    """Stages that were computed."""
    reused: int
    """Stages whose stored result was used."""
    metrics: list[dict[str, Any]]
    """Seed, split, domain, name and value; empty before ``evaluate``."""
    table: Table | None


def run_variant(
    project: Project,
    *,
    variant: str = Variant.LLM_EDT,
    settings: Sequence[str] = (),
    seeds: Sequence[int] = (),
    until: str = "",
    start: str = "",
    device: str = "auto",
    max_cost: float | None = None,
    sink: EventSink,
    check: Callable[[], None],
) -> RunOutcome:
    """Run one model as ``edt run`` does.

    Raises:
        UsageError: an unknown variant, stage, setting or device, or no stage from ``start`` to
            ``until``.
        MissingInput: nothing was imported yet.
        ProjectBusy: another process runs stages in this project.
        ReviewPending: the project waits for a reviewer.
        RunCancelled: ``check`` said so; what was finished is kept.
    """
    job = Job(
        named_variant(variant),
        configuration(project, settings),
        tuple(dict.fromkeys(seeds)) or DEFAULT_SEEDS,
        until=named_step(until) if until else Step.EVALUATE,
        start=named_step(start) if start else None,
        device=device,
        max_cost=max_cost,
    )
    if job.start is not None and place(job.start) > place(job.until):
        raise UsageError(
            f"The stage {start!r} comes after {job.until.value!r}.",
            hint=f"The stages are {', '.join(Step)}.",
        )
    with project.stages("edt run") as pulse:
        return carry_out(project, job, sink=sink, check=either(check, pulse.check))


def carry_out(
    project: Project, job: Job, *, sink: EventSink, check: Callable[[], None]
) -> RunOutcome:
    """Run a job; the caller holds the project's stage lock."""
    dataset = imported(project)
    if job.device != "auto":  # a wrong one starts no run
        chosen_device(job.device)
    keep_raw(project)
    if job.variant in COUNTING:  # no seed enters: one is all
        job = replace(job, seeds=job.seeds[:1])
    review = keep_decisions(project, job, dataset.digest)
    pipelines = pipelines_of(project, job, dataset.digest, review)
    targets = targets_of(pipelines, job.until)
    store = project.artifacts
    if job.start is Step.IMPORT:
        text = "A run repeats no import; 'edt import' does. All that stands on it is made anew."
        sink(Noted(Step.IMPORT, text))
    if job.start is not None:
        for stage in recomputed(pipelines, job.start, job.until):
            store.forget(stage)
    planned = runner.plan(targets, store)
    needed = sum(step.needed for step in planned)
    label = job.label or job.variant.value
    run, finished = _run_row(project, job, label, pipelines, targets, planned)
    if not (finished and needed == 0):
        with ExitStack() as ending:
            journal = ending.enter_context(Journal(project, run))
            ending.enter_context(_closing(project, run))
            emit = _tee(sink, journal, _stage_rows(project, run))
            lent = resources(
                project,
                job.config,
                device=job.device,
                max_cost=job.max_cost,
                run=run,
                emit=emit,
                check=check,
            )
            show = _publisher(project, pipelines[0]) if _is_main(job) else _nothing
            runner.run(targets, store, lent, show)
            if _is_main(job):
                publish(project, pipelines[0])
    elif _is_main(job):  # the screens may still show what other settings made
        publish(project, pipelines[0])
    return _outcome(project, job, label, run, pipelines, dataset, needed, len(planned) - needed)


def metric_lines(
    ranks: Mapping[int, Ranks], domain_names: Sequence[str], cutoffs: Sequence[int]
) -> list[runs.MetricLine]:
    """Every metric of a run by seed, split and domain, as the store keeps it."""
    return [
        runs.MetricLine(
            seed,
            line.split,
            BOTH if line.domain is None else domain_names[line.domain],
            f"{line.protocol}.{line.metric}" + (f"@{line.cutoff}" if line.cutoff else ""),
            line.mean,
        )
        for seed, found in ranks.items()
        for line in summarise([found], cutoffs)
        if line.mean is not None
    ]


def _run_row(
    project: Project,
    job: Job,
    label: str,
    pipelines: Sequence[Pipeline],
    targets: Sequence[Stage[Any]],
    planned: Sequence[runner.Planned],
) -> tuple[int, bool]:
    """The run's number, and whether it is one that was finished before."""
    content = "\n".join([label, *(stage.fingerprint for stage in targets)])
    identity = hashlib.sha256(content.encode()).hexdigest()[:40]
    before = runs.run_like(project, label, identity)
    if before is not None and before.state == "done" and not any(s.needed for s in planned):
        return before.id, True
    if before is not None:
        runs.resume_run(project, before.id, job.device)
        return before.id, False
    seed_of = {
        stage.fingerprint: made.seed
        for made in pipelines
        for stage in walk(made.ranks)
        if any(isinstance(behind, Pretrain) for behind in walk(stage))
    }
    new = runs.NewRun(
        label=label,
        target=job.until,
        seeds=job.seeds,
        config=job.config.changed(settings_of(job.variant)).model_dump(mode="json"),
        identity=identity,
        device=job.device,
        threads=_threads(),
        version=__version__,
    )
    stages = [
        runs.RunStageLine(
            step.stage.fingerprint,
            step.stage.step,
            type(step.stage).__name__,
            seed_of.get(step.stage.fingerprint),
        )
        for step in planned
    ]
    return runs.start_run(project, new, stages), False


def _asks_a_model(made: Pipeline) -> bool:
    return bool(made.augmenter or made.profiles)


def _is_main(job: Job) -> bool:
    """The project's own pipeline, whose items and profiles the screens show."""
    return job.variant is Variant.LLM_EDT and not job.label


def _publisher(project: Project, made: Pipeline) -> Callable[[Stage[Any], object], None]:
    """Shows what a stage made as soon as it stands, so that a reviewer need not wait."""

    def finished(stage: Stage[Any], artifact: object) -> None:
        if stage.step in {Step.GENERATE, Step.FILTER, Step.INSERT, Step.PROFILE}:
            publish(project, made)

    return finished


def _nothing(stage: Stage[Any], artifact: object) -> None:
    """Show nothing: an ablation's items are no business of the reviewer's."""


def _threads() -> int:
    import os

    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


@contextmanager
def _closing(project: Project, run: int) -> Iterator[None]:
    """Write down how the run ended, whatever ends it."""
    state: runs.RunState = "failed"
    reason = ""
    try:
        yield
        state = "done"
    except (RunCancelled, KeyboardInterrupt, ReviewPending, BudgetReached) as error:
        state, reason = "interrupted", str(error)
        raise
    except EdtError as error:
        reason = str(error)
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: a bug"
        raise
    finally:
        runs.end_run(project, run, state, reason)


def _stage_rows(project: Project, run: int) -> EventSink:
    def note(event: Event) -> None:
        match event:
            case StageStarted():
                runs.note_stage(project, run, event.fingerprint, "running")
            case StageFinished():
                state = "reused" if event.reused else "done"
                runs.note_stage(project, run, event.fingerprint, state, event.seconds)
            case StageFailed():
                runs.note_stage(project, run, event.fingerprint, "failed")
            case _:
                pass

    return note


def _tee(*sinks: EventSink) -> EventSink:
    def emit(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return emit


def _outcome(
    project: Project,
    job: Job,
    label: str,
    run: int,
    pipelines: Sequence[Pipeline],
    dataset: DatasetLine,
    computed: int,
    reused: int,
) -> RunOutcome:
    table, metrics = None, []
    if job.until is Step.EVALUATE:
        ranks: dict[int, Ranks] = {
            made.seed: project.artifacts.read(made.ranks) for made in pipelines
        }
        lines = metric_lines(ranks, dataset.domain_names, job.config.evaluation.cutoffs)
        runs.record_metrics(project, run, lines)
        metrics = [asdict(line) for line in lines]
        table = overall_table(
            {label: list(ranks.values())},
            dataset.domain_names,
            notes=stand_in_notes(job.config) if _asks_a_model(pipelines[0]) else (),
        )
    return RunOutcome(
        run, label, "done", list(job.seeds), job.until, computed, reused, metrics, table
    )
