"""``edt experiment`` and ``edt report NAME``: the paper's tables on a project's data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import Job, imported, pipelines_of, place, stand_in_notes
from edt_core.actions.resources import chosen_device, resources
from edt_core.actions.running import carry_out
from edt_core.actions.stopping import either
from edt_core.config import Config
from edt_core.errors import MissingInput, UsageError
from edt_core.evaluation.table import Table
from edt_core.events import EventSink, Noted
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec, Spending
from edt_core.experiments.names import Name, experiment
from edt_core.llm.prices import Till
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.runner import Runner
from edt_core.stage import Stage, Step, walk
from edt_core.store import runs
from edt_core.store.calls import spend
from edt_core.store.project import Project
from edt_core.store.questions import counts, users
from edt_core.variants import COUNTING, settings_of


def run_experiment(
    project: Project,
    name: str,
    *,
    settings: Sequence[str] = (),
    seeds: Sequence[int] = (),
    device: str = "auto",
    max_cost: float | None = None,
    sink: EventSink,
    check: Callable[[], None],
) -> list[Table]:
    """Make every run that an experiment needs, as far as it isn't stored, and tell it.

    One cap holds for all runs together. Questions that found no answer are not asked again: every
    run of an experiment rests on the same answers.

    Raises:
        UsageError: an unknown experiment, setting or device, or a cap for an unknown price.
        BudgetReached: the next call could pass ``max_cost``; what was finished is kept.
        MissingInput: nothing was imported yet.
        ProjectBusy: another process runs stages in this project.
        ReviewPending: the project waits for a reviewer.
        RunCancelled: ``check`` said so; what was finished is kept.
    """
    asked = _named(name)
    config = configuration(project, settings)
    wanted = tuple(dict.fromkeys(seeds)) or DEFAULT_SEEDS
    imported(project)
    jobs = {
        spec.label: replace(_job(spec, config, wanted, device), max_cost=max_cost)
        for spec in asked.specs(config)
    }
    till = Till(config.llm.max_cost if max_cost is None else max_cost)
    with project.stages(f"edt experiment {name}") as pulse:
        asked_to_stop = either(check, pulse.check)
        run = 0
        for number, (label, job) in enumerate(jobs.items(), 1):
            sink(Noted(job.until, f"Run {number} of {len(jobs)}: {label}"))
            run = carry_out(project, job, sink=sink, check=asked_to_stop, till=till).run
        evidence = _evidence(project, jobs, device)
        more = asked.further(evidence)
        if more:
            lent = resources(
                project,
                config,
                device=device,
                max_cost=max_cost,
                run=run,
                emit=sink,
                check=asked_to_stop,
                till=till,
            )
            Runner(project.artifacts, lent).make(more)
    return _told(asked, evidence, config)


def told(project: Project, name: str) -> list[Table]:
    """An experiment's tables from what is stored for the project's settings; computes no stage.

    Choice: of the seeds that were ever asked for, those for which every run is there.

    Raises:
        UsageError: an unknown experiment.
        MissingInput: its runs weren't made, or with other settings.
    """
    asked = _named(name)
    config = configuration(project)
    imported(project)
    specs = asked.specs(config)
    seeds = [seed for seed in _known_seeds(project) if _all_stored(project, specs, config, seed)]
    missing = MissingInput(
        f"The experiment {name!r} has no stored results for the project's settings.",
        hint=f"Make them: edt experiment {name} --project {project.name}",
    )
    if not seeds:
        raise missing
    jobs = {spec.label: _job(spec, config, tuple(seeds), "auto") for spec in specs}
    evidence = _evidence(project, jobs, "auto")
    if not all(project.artifacts.has(stage) for stage in asked.further(evidence)):
        raise missing
    return _told(asked, evidence, config)


@dataclass(frozen=True)
class PlannedRun:
    """One run of an experiment, for who wants to know what it would ask."""

    config: Config
    made: Pipeline
    """Of one seed: no other asks anything else."""
    until: Step
    further: Sequence[Stage[Any]]
    """Stages beyond those of the runs; with the first run."""

    def has(self, step: Step, fingerprint: str) -> bool:
        """Whether the run makes a stage of its pipeline or of the further ones."""
        return place(step) <= place(self.until) or any(
            stage.fingerprint == fingerprint for target in self.further for stage in walk(target)
        )


def planned(project: Project, name: str, config: Config) -> list[PlannedRun]:
    """The runs of an experiment.

    Raises:
        UsageError: an unknown experiment.
        MissingInput: nothing was imported yet.
    """
    asked, seeds = _named(name), DEFAULT_SEEDS[:1]
    jobs = {spec.label: _job(spec, config, seeds, "auto") for spec in asked.specs(config)}
    evidence = _evidence(project, jobs, "auto")
    further = asked.further(evidence)
    return [
        PlannedRun(
            job.config.changed(settings_of(job.variant)),
            evidence.first(label),
            job.until,
            () if number else further,
        )
        for number, (label, job) in enumerate(jobs.items())
    ]


def _named(name: str) -> Experiment:
    if name not in list(Name):
        raise UsageError(f"There is no experiment {name!r}.", hint=f"Known are {', '.join(Name)}.")
    return experiment(Name(name))


def _job(spec: RunSpec, config: Config, seeds: tuple[int, ...], device: str) -> Job:
    """A run that changes nothing has no name of its own, so that ``edt run`` shares it."""
    changed = config.changed(spec.settings)
    label = "" if changed == config else spec.label
    seeded = spec.variant not in COUNTING and place(spec.until) >= place(Step.PRETRAIN)
    return Job(
        spec.variant,
        changed,
        seeds if seeded else seeds[:1],
        label=label,
        until=spec.until,
        device=device,
        retry="never",
    )


def _evidence(project: Project, jobs: dict[str, Job], device: str) -> Evidence:
    dataset = imported(project)
    return Evidence(
        domain_names=dataset.domain_names,
        n_users=counts(project).users,
        runs={label: pipelines_of(project, job, dataset.digest) for label, job in jobs.items()},
        load=project.artifacts.read,
        spending=lambda: spending(project),
        user_id=lambda user: users(project, after=user - 1, limit=1)[0].source_id,
        device=lambda: chosen_device(device),
    )


def spending(project: Project) -> list[Spending]:
    """Every step's calls and what they cost."""
    return [
        Spending(
            line.step,
            line.answered,
            line.invalid + line.failed + line.unknown,
            line.prompt_tokens,
            line.completion_tokens,
            line.cost,
            line.unpriced,
            line.cached_tokens,
            line.reused,
            line.uncertain,
        )
        for line in spend(project)
    ]


def _told(asked: Experiment, evidence: Evidence, config: Config) -> list[Table]:
    """Every table says when no language model stands behind it."""
    notes = stand_in_notes(config)
    return [replace(table, notes=(*table.notes, *notes)) for table in asked.tell(evidence)]


def _known_seeds(project: Project) -> list[int]:
    """Every seed that a run was ever asked for, the paper's first."""
    asked = sorted({seed for line in runs.run_lines(project) for seed in line.seeds})
    return list(dict.fromkeys([*(s for s in DEFAULT_SEEDS if s in asked), *asked]))


def _all_stored(project: Project, specs: Sequence[RunSpec], config: Config, seed: int) -> bool:
    digest = imported(project).digest
    return all(
        project.artifacts.has(stage)
        for spec in specs
        for made in pipelines_of(project, _job(spec, config, (seed,), "auto"), digest)
        for stage in _needed(made, spec.until)
    )


def _needed(made: Pipeline, until: Step) -> list[Stage[Any]]:
    """What has to be stored before a run can be told of."""
    if until is Step.EVALUATE:
        return [made.ranks]
    return [stage for stage in walk(made.ranks) if place(stage.step) <= place(until)]
