"""``edt runs`` and ``edt report``."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edt_core.actions.describing import written
from edt_core.actions.jobs import flat, imported
from edt_core.actions.provenance import (
    ASKING,
    Origin,
    is_of,
    is_stand_in,
    origin,
    seed_notes,
    setting_notes,
    stand_in_notes_of,
)
from edt_core.config import Config
from edt_core.data.sequences import BOTH
from edt_core.errors import MissingInput, UsageError
from edt_core.evaluation.figure import to_svg
from edt_core.evaluation.metrics import CUTOFF
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.table import Table
from edt_core.experiments.efficiency import cost_table
from edt_core.experiments.names import Name, experiment
from edt_core.experiments.overall import overall_table
from edt_core.recipes import Data
from edt_core.stage import Step
from edt_core.store import runs
from edt_core.store.datasets import dataset_of
from edt_core.store.liveness import Heartbeat, heartbeat
from edt_core.store.names import shown
from edt_core.store.project import Project
from edt_core.store.questions import counts
from edt_core.variants import Variant

_HISTORIES = "ImportedHistories"
_SHORT = ((f"full.ndcg@{CUTOFF}", f"N@{CUTOFF}"), (f"full.hit_rate@{CUTOFF}", f"H@{CUTOFF}"))


@dataclass(frozen=True)
class RunRow:
    """A run in the list that ``edt runs`` prints."""

    id: int
    label: str
    state: str
    """As in ``RunDetail``."""
    seeds: list[int]
    started: str
    seconds: float | None
    ndcg: float | None
    """Test NDCG@10 by full ranking over both domains, mean over seeds."""
    domains: dict[str, dict[str, float]]
    """Test N@10 and H@10 by full ranking per domain, means over seeds."""
    changed: str
    """Settings that are not the defaults."""
    error: str
    tag: str
    note: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings that are not the defaults, as a user types them."""
    until: str = ""
    """The stage that it was to end with, unless that is the last."""
    stand_in: bool = False
    """Its items and profiles come from the embedded stand-in, which is no LLM."""
    earlier: bool = False
    """It is about data that was imported before."""


@dataclass(frozen=True)
class RunDetail:
    """One run with its stages and metrics."""

    id: int
    label: str
    state: str
    """``running``, or ``silent`` while its process exists and gives no sign of life; else how it
    ended, or ``lost``."""
    seeds: list[int]
    tag: str
    note: str
    error: str
    stages: list[runs.RunStageLine]
    changed: dict[str, Any]
    """Settings that are not the defaults."""
    domains: list[str]
    """``all`` and the two domains: the columns of ``metrics``."""
    metrics: list[tuple[str, list[float]]]
    """Test metrics, means over seeds: name, a value a domain."""


def run_rows(project: Project) -> list[RunRow]:
    """The runs, newest first."""
    means = runs.metric_means(project, [name for name, _ in _SHORT])
    names = _domain_names(project)
    made = runs.stages_of_runs(project, [*ASKING, _HISTORIES])
    data = dataset_of(project)
    histories = Data.of(data.digest).histories.fingerprint if data else ""
    beating = heartbeat(project.folder)
    return [
        RunRow(
            line.id,
            line.label,
            _state(line, beating),
            line.seeds,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(line.started_at)),
            None if line.finished_at is None else line.finished_at - line.started_at,
            means.get(line.id, {}).get((BOTH, f"full.ndcg@{CUTOFF}")),
            _by_domain(means.get(line.id, {}), names),
            " ".join(f"{key}={value}" for key, value in settings.items()),
            line.error,
            line.tag,
            line.note,
            settings,
            "" if line.target == Step.EVALUATE else line.target,
            is_stand_in(line, made.get(line.id, {})),
            made.get(line.id, {}).get(_HISTORIES, histories) != histories,
        )
        for line in runs.run_lines(project)
        for settings in [_written_settings(line.config)]
    ]


def run_detail(project: Project, number: int) -> RunDetail:
    """One run with its stages and metrics.

    Raises:
        UsageError: there is no such run.
    """
    line = runs.run_line(project, number)
    found: dict[str, dict[str, list[float]]] = {}
    for metric in runs.run_metrics(project, number):
        if metric.split == "test":
            found.setdefault(metric.name, {}).setdefault(metric.domain, []).append(metric.value)
    known = {name for by in found.values() for name in by}
    domains = [BOTH, *(name for name in _domain_names(project) if name in known)]
    metrics = [
        (name, [sum(by[each]) / len(by[each]) for each in domains])
        for name, by in sorted(found.items(), key=lambda entry: _place(entry[0]))
        if by.keys() >= set(domains)
    ]
    return RunDetail(
        line.id,
        line.label,
        _state(line, heartbeat(project.folder)),
        line.seeds,
        line.tag,
        line.note,
        line.error,
        runs.run_stages(project, number),
        changed_settings(line.config),
        domains,
        metrics,
    )


def _place(metric: str) -> tuple[str, int]:
    """Where ``full.ndcg@10`` stands among metrics: cutoffs by number."""
    name, _, cutoff = metric.partition("@")
    return name, int(cutoff or 0)


def _state(line: runs.RunLine, beating: Heartbeat | None) -> str:
    return beating.life.word if beating and line.state == "running" else line.state


def changed_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings that are not the defaults, by key."""
    defaults = Config().flat()
    return {key: value for key, value in flat(config).items() if defaults.get(key) != value}


def _written_settings(config: Mapping[str, Any]) -> dict[str, str]:
    return {key: written(value) for key, value in changed_settings(config).items()}


def report(project: Project, name: str = "") -> list[Table]:
    """Tables of results: every finished model, or an experiment's.

    What was spent is told at any time, also of a run that was stopped.

    Raises:
        UsageError: an unknown experiment.
        MissingInput: no run has a result yet.
    """
    if name == Name.COST:
        from edt_core.actions.experimenting import spending

        return [cost_table(spending(project), counts(project).users)]
    if name:
        from edt_core.actions.experimenting import told

        return told(project, name)
    return [results_table(project)]


def figure(project: Project, name: str) -> str:
    """An experiment's figure as an SVG document, from what is stored.

    Raises:
        UsageError: an unknown experiment, or one that is no figure.
        MissingInput: its runs weren't made.
    """
    drawn = {each.value: draw for each in Name if (draw := experiment(each).draw)}
    if name not in drawn:
        raise UsageError(
            f"{shown(name)} is no figure." if name else "A figure of which experiment?",
            hint=f"Figures are {', '.join(drawn)}.",
        )
    return to_svg(drawn[name](report(project, name)))


def results_table(project: Project) -> Table:
    """Every label's newest finished run on the data as imported last, one row each.

    Raises:
        MissingInput: no run has a result yet.
    """
    dataset = imported(project)
    newest: dict[str, Origin] = {}
    for line in runs.run_lines(project):
        if line.state == "done" and line.target == "evaluate" and line.label not in newest:
            found = origin(project, line)
            if is_of(found, dataset.digest):
                newest[line.label] = found
    results: dict[str, Sequence[Ranks]] = {}
    for label, found in sorted(newest.items(), key=lambda entry: entry[1].line.id):
        try:
            results[label] = run_ranks(project, found.line.id)
        except MissingInput:
            continue  # its results were made anew by a later run
    if not results:
        raise MissingInput(
            "No run has a result yet.", hint=f"Make one: edt run --project {project.name}"
        )
    rows = {label: newest[label] for label in results}
    return overall_table(
        results,
        dataset.domain_names,
        title=f"{dataset.name}: test targets",
        reference=Variant.LLM_EDT.value,
        notes=[*seed_notes(rows), *setting_notes(rows), *stand_in_notes_of(rows)],
    )


def run_ranks(project: Project, number: int) -> list[Ranks]:
    """A run's ranks, one per seed.

    Raises:
        UsageError: there is no such run.
        MissingInput: it has no result.
    """
    found = [
        line
        for line in runs.run_stages(project, number)
        if line.stage in {"EvaluateModel", "EvaluateCounts"}
    ]
    if not found:
        raise MissingInput(
            f"Run {number} has no result.", hint="Run it to the end: edt run without --until."
        )
    return [project.artifacts.read_as(Ranks, line.fingerprint) for line in found]


def _domain_names(project: Project) -> list[str]:
    dataset = dataset_of(project)
    return dataset.domain_names if dataset else []


def _by_domain(
    means: Mapping[tuple[str, str], float], domains: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The measures that a list shows, by domain in the data's order."""
    return {
        domain: {short: means[domain, name] for name, short in _SHORT if (domain, name) in means}
        for domain in domains
        if any((domain, name) in means for name, _ in _SHORT)
    }
