"""``edt runs``, ``edt runs compare`` and ``edt report``."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edt_core.actions.jobs import imported, stand_in_notes
from edt_core.config import Config
from edt_core.errors import MissingInput
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import paired_t, per_user, wilcoxon
from edt_core.evaluation.table import Table
from edt_core.experiments.overall import CUTOFF, overall_table
from edt_core.recipes import Data
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.variants import Variant


@dataclass(frozen=True)
class RunRow:
    """A run in the list that ``edt runs`` prints."""

    id: int
    label: str
    state: str
    seeds: list[int]
    started: str
    seconds: float | None
    ndcg: float | None
    """Test NDCG@10 by full ranking over both domains, mean over seeds."""
    changed: str
    """Settings that are not the defaults."""
    error: str
    tag: str
    note: str


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other."""

    settings: list[tuple[str, str, str]]
    """Settings that differ: key, first, second."""
    table: Table


def run_rows(project: Project) -> list[RunRow]:
    """The runs, newest first."""
    defaults = Config().flat()
    rows = []
    for line in runs.run_lines(project):
        found = [
            metric.value
            for metric in runs.run_metrics(project, line.id)
            if (metric.split, metric.domain, metric.name) == ("test", "all", f"full.ndcg@{CUTOFF}")
        ]
        flat = _flat(line.config)
        changed = [f"{key}={value}" for key, value in flat.items() if defaults.get(key) != value]
        rows.append(
            RunRow(
                line.id,
                line.label,
                line.state,
                line.seeds,
                time.strftime("%Y-%m-%d %H:%M", time.localtime(line.started_at)),
                None if line.finished_at is None else line.finished_at - line.started_at,
                sum(found) / len(found) if found else None,
                " ".join(changed),
                line.error,
                line.tag,
                line.note,
            )
        )
    return rows


def compare(project: Project, first: int, second: int) -> Comparison:
    """Two runs: settings that differ, metrics, paired tests over users.

    Raises:
        UsageError: there is no such run, or the two rank different targets.
        MissingInput: one of them has no result.
    """
    lines = [runs.run_line(project, number) for number in (first, second)]
    names = [f"run {line.id}: {line.label}" for line in lines]
    ranks = [run_ranks(project, line.id) for line in lines]
    settings = [_flat(line.config) for line in lines]
    keys = [key for key in settings[0] if settings[0][key] != settings[1].get(key)]
    values = [per_user(found, cutoff=CUTOFF) for found in ranks]
    tests = [paired_t(*values), wilcoxon(*values)]
    notes = [
        f"{test.test}, {test.n:,} users, full N@{CUTOFF}, first minus second: "
        f"{test.difference:+.4f}, p = {test.p:.2g}"
        for test in tests
    ]
    table = overall_table(
        dict(zip(names, ranks, strict=True)),
        imported(project).domain_names,
        title="Two runs on the test targets",
        notes=notes,
    )
    return Comparison(
        [(key, str(settings[0][key]), str(settings[1].get(key))) for key in keys], table
    )


def report(project: Project, name: str = "") -> list[Table]:
    """Tables of results: every finished model, or an experiment's.

    Raises:
        UsageError: an unknown experiment.
        MissingInput: no run has a result yet.
    """
    if name:
        from edt_core.actions.experimenting import told

        return told(project, name)
    return [results_table(project)]


def results_table(project: Project) -> Table:
    """Every label's newest finished run on the data as imported last, one row each.

    Raises:
        MissingInput: no run has a result yet.
    """
    dataset = imported(project)
    histories = Data.of(dataset.digest).histories.fingerprint
    newest: dict[str, runs.RunLine] = {}
    for line in runs.run_lines(project):
        stages = {stage.fingerprint for stage in runs.run_stages(project, line.id)}
        if line.state == "done" and line.target == "evaluate" and histories in stages:
            newest.setdefault(line.label, line)
    results: dict[str, Sequence[Ranks]] = {}
    for label, line in sorted(newest.items(), key=lambda entry: entry[1].id):
        try:
            results[label] = run_ranks(project, line.id)
        except MissingInput:
            continue  # its results were made anew by a later run
    if not results:
        raise MissingInput(
            "No run has a result yet.", hint=f"Make one: edt run --project {project.name}"
        )
    configs = [Config.model_validate(newest[label].config) for label in results]
    notes = stand_in_notes(configs[0])
    return overall_table(
        results,
        dataset.domain_names,
        title=f"{dataset.name}: test targets",
        reference=Variant.LLM_EDT.value,
        notes=notes,
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


def _flat(nested: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{section}.{key}": value
        for section, values in nested.items()
        for key, value in values.items()
    }
