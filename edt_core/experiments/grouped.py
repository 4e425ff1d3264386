"""Results by groups of users, as Figure 4 and Table 4 show them."""

from collections.abc import Mapping, Sequence

from edt_core.data.sequences import Domain
from edt_core.evaluation.groups import Grouping
from edt_core.evaluation.metrics import CUTOFF
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.summary import summarise
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.overall import measure_cells, measure_columns, seeds_note


def grouped_table(
    results: Mapping[str, Sequence[Ranks]],
    grouping: Grouping,
    domain_names: Sequence[str],
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Table:
    """One row a group and model: test targets per domain, then H@10 and N@10 in both protocols.

    Args:
        results: Ranks of the same targets, one per seed, by model.
        grouping: Every user's group.
        domain_names: The real names of A and B.
        title: The table's.
        notes: Sentences below it.
    """
    lines = {label: summarise(ranks, [CUTOFF], [grouping]) for label, ranks in results.items()}
    rows = []
    for group in grouping.labels:
        for label, found in lines.items():
            sizes = {
                line.domain: line.n_users
                for line in found
                if line.split == "test" and line.group == group
            }
            counted = [Cell(sizes[domain]) for domain in Domain]
            rows.append((Cell(group), Cell(label), *counted, *measure_cells(found, group)))
    columns = ["group", "model", *(f"{domain_names[domain]} users" for domain in Domain)]
    said = ["Users are counted by the domain of their test target.", *seeds_note(results), *notes]
    return Table(title, (*columns, *measure_columns(domain_names)), tuple(rows), tuple(said))
