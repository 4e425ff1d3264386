"""``edt runs compare``: several runs beside each other (4.2, 4.5, 4.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edt_core.actions.describing import written
from edt_core.actions.jobs import flat, imported
from edt_core.actions.provenance import (
    origin,
    refuse_earlier,
    seed_notes,
    stand_in_notes_of,
)
from edt_core.actions.reporting import run_ranks
from edt_core.errors import UsageError
from edt_core.evaluation.groups import Grouping, by_length, by_ratio
from edt_core.evaluation.metrics import CUTOFF
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import paired_t, per_user, same_targets, wilcoxon
from edt_core.evaluation.summary import summarise
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.overall import overall_table, seeds_note
from edt_core.recipes import Data
from edt_core.store import runs
from edt_core.store.project import Project

_GROUP_METRICS: tuple[tuple[str, str], ...] = (("ndcg", "N"), ("hit_rate", "H"))


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other."""

    settings: list[tuple[str, ...]]
    """Settings that differ, the model among them: key, then the value of each run."""
    table: Table
    groups: list[Table]
    """Users by sequence length (Figure 4) and by domain ratio (Table 4); empty unless asked for."""


def compare(project: Project, *numbers: int, groups: bool = False) -> Comparison:
    """Two or more runs: settings that differ, metrics, paired tests over users.

    Two runs are tested by a paired t-test and Wilcoxon's, and whichever is better in a column by
    the first has a star there; of more, the first is tested against each other by paired t-tests,
    Holm-corrected.

    Raises:
        UsageError: there is no such run, fewer than two are given, or they rank other targets.
        MissingInput: one of them has no result, or is about data that was imported before.
    """
    if len(set(numbers)) < 2 or len(set(numbers)) < len(numbers):
        raise UsageError("A comparison needs two or more different runs.", hint="Name two runs.")
    lines = [runs.run_line(project, number) for number in numbers]
    dataset = imported(project)
    rows = {f"run {line.id}: {line.label}": origin(project, line) for line in lines}
    for found in rows.values():
        refuse_earlier(found, dataset.digest)
    results = {name: run_ranks(project, found.line.id) for name, found in rows.items()}
    first, *others = (found[0] for found in results.values())
    for other in others:
        same_targets(first, other)
    two = len(lines) == 2
    table = overall_table(
        results,
        dataset.domain_names,
        title=f"{'Two' if two else len(lines)} runs on the test targets",
        reference="" if two else next(iter(results)),
        starred=tuple(results) if two else (),
        notes=[
            *(_two_tests(*results.values()) if two else ()),
            *seed_notes(rows),
            *stand_in_notes_of(rows),
        ],
    )
    return Comparison(
        differing([{"model": line.label} | flat(line.config) for line in lines]),
        table,
        _groups(project, dataset.digest, results, stand_in_notes_of(rows)) if groups else [],
    )


def differing(settings: Sequence[Mapping[str, object]]) -> list[tuple[str, ...]]:
    """The keys whose values are not the same in all of ``settings``, with each value as text."""
    keys = dict.fromkeys(key for each in settings for key in each)
    rows = [(key, *(written(each.get(key, "-")) for each in settings)) for key in keys]
    return [row for row in rows if len(set(row[1:])) > 1]


def group_table(
    results: Mapping[str, Sequence[Ranks]],
    grouping: Grouping,
    metric: str,
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Table:
    """One row a group, one column a run: a metric at 10 by full ranking over both domains.

    The best and second best value of each row are marked.

    Args:
        results: Ranks of the same targets, one per seed, by name.
        grouping: Every user's group.
        metric: ``ndcg`` or ``hit_rate``.
        title: The table's.
        notes: Sentences below it.
    """
    found = {
        name: {
            line.group: line
            for line in summarise(ranks, [CUTOFF], [grouping])
            if (line.split, line.domain, line.protocol, line.metric)
            == ("test", None, "full", metric)
            and line.grouping
        }
        for name, ranks in results.items()
    }
    rows = []
    for group in grouping.labels:
        lines = [by_group[group] for by_group in found.values()]
        cells = [Cell(line.mean, line.sd) for line in lines]
        rows.append((Cell(group), Cell(lines[0].n_users), *_marked_row(cells)))
    said = (*seeds_note(results), *notes)
    return Table(title, ("group", "users", *results), tuple(rows), said)


def _marked_row(cells: Sequence[Cell]) -> list[Cell]:
    """``marked`` of a table, along a row."""
    printed = [
        round(cell.value, cell.decimals) if isinstance(cell.value, float) else None
        for cell in cells
    ]
    distinct = sorted({value for value in printed if value is not None}, reverse=True)[:2]
    if sum(value is not None for value in printed) < 2:
        return list(cells)
    marks: dict[float, Literal["best", "second"]] = dict(
        zip(distinct, ("best", "second"), strict=False)
    )
    return [
        cell if value is None or value not in marks else replace(cell, mark=marks[value])
        for cell, value in zip(cells, printed, strict=True)
    ]


def _two_tests(first: Sequence[Ranks], second: Sequence[Ranks]) -> list[str]:
    values = [per_user(found, cutoff=CUTOFF) for found in (first, second)]
    return [
        f"{test.test}, {test.n:,} users, full N@{CUTOFF}, first minus second: "
        f"{test.difference:+.4f}, p = {test.p:.2g}"
        for test in (paired_t(*values), wilcoxon(*values))
    ]


def _groups(
    project: Project, digest: str, results: Mapping[str, Sequence[Ranks]], notes: Sequence[str]
) -> list[Table]:
    data = Data.of(digest)
    histories = project.artifacts.read(data.histories).sequences
    domains = project.artifacts.read(data.catalogue).domain
    named = (
        (by_length(histories), "sequence length (Figure 4)"),
        (by_ratio(histories, domains), "domain ratio r (Table 4)"),
    )
    return [
        group_table(
            results, grouping, metric, title=f"{letter}@{CUTOFF} full by {name}", notes=notes
        )
        for grouping, name in named
        for metric, letter in _GROUP_METRICS
    ]
