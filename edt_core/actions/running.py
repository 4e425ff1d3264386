"""``edt run``: one model of the paper on the project's data, every seed, reused where stored."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from edt_core import runner
from edt_core.actions.configuring import configuration
from edt_core.actions.failures import Failed, asked_again, failed_stages
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
from edt_core.actions.recording import closing, plan_anew, run_row, stage_rows
from edt_core.actions.resources import chosen_device, resources
from edt_core.actions.stopping import either
from edt_core.data.sequences import BOTH
from edt_core.errors import UsageError
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.summary import reported, summarise
from edt_core.evaluation.table import Table
from edt_core.events import Event, EventSink, Noted
from edt_core.experiments.overall import overall_table
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.stages.augmenter.generator import GenerateItems
from edt_core.store import runs
from edt_core.store.artifacts import Artifacts
from edt_core.store.datasets import DatasetLine
from edt_core.store.journal import Journal
from edt_core.store.project import Project
from edt_core.variants import COUNTING, Variant

if TYPE_CHECKING:
    from edt_core.llm.prices import Till

_SHOWN = {Step.GENERATE, Step.FILTER, Step.INSERT, Step.PROFILE}


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
    failed: list[Failed]
    """Stages some of whose questions found no answer."""


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
    retry_failed: bool = False,
    sink: EventSink,
    check: Callable[[], None],
) -> RunOutcome:
    """Run one model as ``edt run`` does.

    With ``retry_failed`` questions without an answer are asked again whatever stands on the others'
    answers; see ``actions.failures`` for when they are otherwise.

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
        retry="always" if retry_failed else "untrained",
    )
    if job.start is not None and place(job.start) > place(job.until):
        raise UsageError(
            f"The stage {start!r} comes after {job.until.value!r}.",
            hint=f"The stages are {', '.join(Step)}.",
        )
    with project.stages("edt run") as pulse:
        return carry_out(project, job, sink=sink, check=either(check, pulse.check))


def carry_out(
    project: Project,
    job: Job,
    *,
    sink: EventSink,
    check: Callable[[], None],
    till: "Till | None" = None,
) -> RunOutcome:
    """Run a job; the caller holds the project's stage lock, and gives a till that jobs share."""
    dataset = imported(project)
    if job.device != "auto":  # a wrong one starts no run
        chosen_device(job.device)
    keep_raw(project)
    if job.variant in COUNTING:  # no seed enters: one is all
        job = replace(job, seeds=job.seeds[:1])
    store, label = project.artifacts, job.label or job.variant.value
    if job.start is Step.IMPORT:
        text = "A run repeats no import; 'edt import' does. All that stands on it is made anew."
        sink(Noted(Step.IMPORT, text))
    pipelines, targets = _asked_for(project, job, dataset)
    again = _again(store, job, pipelines, targets)
    planned = runner.plan(targets, store, again)
    run, finished = run_row(project, job, label, pipelines, targets, planned)
    if not finished:
        with ExitStack() as ending:
            journal = ending.enter_context(Journal(project, run))
            ending.enter_context(closing(project, run))
            lent = resources(
                project,
                job.config,
                device=job.device,
                max_cost=job.max_cost,
                run=run,
                emit=_tee(sink, journal, stage_rows(project, run)),
                check=check,
                till=till,
            )

            def show(stage: Stage[Any], artifact: object) -> None:
                """Show what a stage made at once, so that a reviewer need not wait."""
                if _is_main(job) and stage.step in _SHOWN:
                    publish(project, pipelines[0])

            maker = runner.Runner(store, lent, show)
            drafts = [step.stage for step in planned if isinstance(step.stage, GenerateItems)]
            if any(step.needed for step in runner.plan(drafts, store, again)):
                maker.make(drafts, again)
                # what was decided on items stands on the rows that those have now
                pipelines, targets = _asked_for(project, job, dataset)
                plan_anew(project, run, label, pipelines, targets, runner.plan(targets, store))
            planned = maker.make(targets, again)
    if _is_main(job):  # the screens may still show what other settings made
        publish(project, pipelines[0])
    return _outcome(project, job, label, run, pipelines, dataset, planned)


def _asked_for(
    project: Project, job: Job, dataset: DatasetLine
) -> tuple[list[Pipeline], list[Stage[Any]]]:
    """The job's pipelines with the decisions that stand now, and what has to be made."""
    review = keep_decisions(project, job, dataset.digest)
    pipelines = pipelines_of(project, job, dataset.digest, review)
    return pipelines, targets_of(pipelines, job.until)


def _again(
    store: Artifacts, job: Job, pipelines: Sequence[Pipeline], targets: Sequence[Stage[Any]]
) -> set[str]:
    """The stored stages that are computed once more.

    Those from the job's start on, those whose questions are asked again, and those that were being
    computed once more when their run was stopped.
    """
    stages = {stage.fingerprint: stage for target in targets for stage in walk(target)}
    stored = [stage for stage in stages.values() if store.has(stage)]
    again = {stage.fingerprint for stage in stored if store.begun(stage)}
    again |= asked_again(store, stored, job.retry)
    if job.start is not None:
        for stage in recomputed(pipelines, job.start, job.until):
            if store.has(stage):
                store.clear_scratch(stage)
            again.add(stage.fingerprint)
    return again


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


def _asks_a_model(made: Pipeline) -> bool:
    return bool(made.augmenter or made.profiles)


def _is_main(job: Job) -> bool:
    """The project's own pipeline, whose items and profiles the screens show."""
    return job.variant is Variant.LLM_EDT and not job.label


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
    planned: Sequence[runner.Planned],
) -> RunOutcome:
    table, metrics = None, []
    if job.until is Step.EVALUATE:
        ranks: dict[int, Ranks] = {
            made.seed: project.artifacts.read(made.ranks) for made in pipelines
        }
        cutoffs = reported(job.config.evaluation.cutoffs)
        lines = metric_lines(ranks, dataset.domain_names, cutoffs)
        runs.record_metrics(project, run, lines)
        metrics = [asdict(line) for line in lines]
        table = overall_table(
            {label: list(ranks.values())},
            dataset.domain_names,
            notes=stand_in_notes(job.config) if _asks_a_model(pipelines[0]) else (),
        )
    computed = sum(step.needed for step in planned)
    return RunOutcome(
        run,
        label,
        "done",
        list(job.seeds),
        job.until,
        computed,
        len(planned) - computed,
        metrics,
        table,
        failed_stages(project.artifacts, [step.stage for step in planned]),
    )
