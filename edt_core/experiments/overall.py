"""Table 1: every model's H@10 and N@10 per domain, full ranking beside the 100 negatives."""

from collections.abc import Mapping, Sequence

from edt_core.data.sequences import Domain
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import holm, paired_t, per_user
from edt_core.evaluation.summary import Summary, summarise
from edt_core.evaluation.table import Cell, Table, marked

CUTOFF = 10
LEVEL = 0.05


def overall_table(
    results: Mapping[str, Sequence[Ranks]],
    domain_names: Sequence[str],
    *,
    title: str = "Overall performance on the test targets",
    reference: str = "",
    notes: Sequence[str] = (),
) -> Table:
    """One row a model, H@10 and N@10 per domain in both protocols, mean over seeds and spread.

    Paper: Table 1.
    Differs: the star marks a paired t-test over users against every other model, Holm-corrected,
    not three seed means against a constant.

    Args:
        results: Ranks of the same targets, one per seed, by model.
        domain_names: The real names of A and B.
        title: The table's.
        reference: The model that the test compares with each other; none without it.
        notes: Sentences below the table.
    """
    columns = ["model"]
    rows = []
    for domain in Domain:
        for protocol in ("full", "sampled"):
            columns += [f"{domain_names[domain]} {name}@{CUTOFF} {protocol}" for name in ("H", "N")]
    for label, ranks in results.items():
        found: dict[tuple[Domain, str, str], Summary] = {
            (line.domain, line.protocol, line.metric): line
            for line in summarise(ranks, [CUTOFF])
            if line.split == "test" and line.domain is not None
        }
        cells = [Cell(label)]
        for domain in Domain:
            for protocol in ("full", "sampled"):
                cells += [_cell(found.get((domain, protocol, m))) for m in ("hit_rate", "ndcg")]
        rows.append(tuple(cells))
    seeds = max((len(ranks) for ranks in results.values()), default=0)
    said = [f"Means over {seeds} seeds, standard deviation behind ±."] if seeds > 1 else []
    tested = significance(results, reference)
    table = Table(title, tuple(columns), tuple(rows), (*said, *tested, *notes))
    return marked(table, columns[1:])


def significance(results: Mapping[str, Sequence[Ranks]], reference: str) -> list[str]:
    """Sentences on the paired tests of ``reference`` against each other model, full N@10."""
    others = [label for label in results if label != reference]
    if reference not in results or not others:
        return []
    ours = per_user(results[reference], cutoff=CUTOFF)
    tests = [paired_t(ours, per_user(results[label], cutoff=CUTOFF)) for label in others]
    adjusted = holm([test.p for test in tests])
    lines = [
        f"Paired t-test over {tests[0].n:,} users on full N@{CUTOFF}, Holm-corrected over "
        f"{len(tests)} comparisons, {reference} minus each:"
    ]
    for label, test, p in zip(others, tests, adjusted, strict=True):
        verdict = "significant" if p < LEVEL else "not significant"
        lines.append(f"{label}: {test.difference:+.4f}, p = {p:.2g}, {verdict}")
    return lines


def _cell(line: Summary | None) -> Cell:
    return Cell() if line is None else Cell(line.mean, line.sd)
