"""Table 1: every model's H@10 and N@10 per domain, full ranking beside the 100 negatives (4.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from edt_core.config import Config
from edt_core.data.sequences import Domain
from edt_core.evaluation.metrics import CUTOFF, Values
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import PairedTest, holm, paired_t, per_user, wilcoxon
from edt_core.evaluation.summary import Summary, summarise
from edt_core.evaluation.table import Cell, Table, marked
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.variants import Variant

LEVEL = 0.05
MODELS = (
    Variant.LLM_EDT,
    Variant.WITHOUT_AUGMENTATION,
    Variant.SASREC,
    Variant.GRU4REC,
    Variant.BERT4REC,
    Variant.SASREC_TEXT,
    Variant.POPULARITY,
    Variant.MARKOV,
    Variant.ITEM_KNN,
)
"""The rows of Table 1 that EDT has."""
MEASURES = tuple(
    (domain, protocol, metric)
    for domain in Domain
    for protocol in ("full", "sampled")
    for metric in ("hit_rate", "ndcg")
)
"""What the columns of a results table show."""


def specs(_: Config) -> list[RunSpec]:
    """Every model of the table, with the project's settings."""
    return [RunSpec(variant.value, variant) for variant in MODELS]


def tell(evidence: Evidence) -> list[Table]:
    """Table 1."""
    title = "Table 1: overall performance on the test targets"
    return [table_of(evidence, title, reference=Variant.LLM_EDT.value)]


OVERALL = Experiment(specs, tell)


def table_of(evidence: Evidence, title: str, *, reference: str = "") -> Table:
    """``overall_table`` of all that an experiment ran, with a word on rows that are one model."""
    return overall_table(
        evidence.ranks(),
        evidence.domain_names,
        title=title,
        reference=reference,
        notes=evidence.twins(),
    )


def overall_table(
    results: Mapping[str, Sequence[Ranks]],
    domain_names: Sequence[str],
    *,
    title: str = "Overall performance on the test targets",
    reference: str = "",
    starred: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Table:
    """One row a model, H@10 and N@10 per domain in both protocols, mean over seeds and spread.

    Paper: Table 1.
    Differs: the star marks a value that is better than every other model's by a paired t-test over
    users, Holm-corrected inside its column, not three seed means against a constant.

    Args:
        results: Ranks of the same targets, one per seed, by model.
        domain_names: The real names of A and B.
        title: The table's.
        reference: The model that the test compares with each other; none without it.
        starred: The models whose values may get a star; the reference alone without any.
        notes: Sentences below the table.
    """
    columns = measure_columns(domain_names)
    stars = {label: better_than_all(results, label) for label in starred or [reference]}
    rows = []
    for label, ranks in results.items():
        cells = measure_cells(summarise(ranks, [CUTOFF]))
        if label in stars:
            beats = zip(cells, stars[label], strict=True)
            cells = [replace(cell, star=star) for cell, star in beats]
        rows.append((Cell(label), *cells))
    said = seeds_note(results)
    if any(map(any, stars.values())):
        said.append(f"* better than every other model, p < {LEVEL} (paired t-test, Holm).")
    tested = significance(results, reference)
    table = Table(title, ("model", *columns), tuple(rows), (*said, *tested, *notes))
    return marked(table, columns)


def seeds_note(results: Mapping[str, Sequence[Ranks]]) -> list[str]:
    """Over how many seeds the means are; rows of another number are named."""
    counts = {label: len(ranks) for label, ranks in results.items()}
    most = max(counts.values(), default=0)
    if most < 2:
        return []
    fewer = [f"{label}: {count}" for label, count in counts.items() if count < most]
    but = f" ({', '.join(fewer)})" if fewer else ""
    return [f"Means over {most} seeds{but}, standard deviation behind ±."]


def measure_columns(domain_names: Sequence[str]) -> list[str]:
    """A column name for each of MEASURES."""
    letters = {"hit_rate": "H", "ndcg": "N"}
    return [f"{domain_names[d]} {letters[m]}@{CUTOFF} {protocol}" for d, protocol, m in MEASURES]


def measure_cells(lines: Sequence[Summary], group: str = "") -> list[Cell]:
    """A cell for each of MEASURES, of all users or one group; empty where there is nobody."""
    found: dict[tuple[Domain | None, str, str], Cell] = {
        (line.domain, line.protocol, line.metric): Cell(line.mean, line.sd)
        for line in lines
        if line.split == "test" and line.group == group
    }
    return [found.get(measure, Cell()) for measure in MEASURES]


def better_than_all(results: Mapping[str, Sequence[Ranks]], reference: str) -> list[bool]:
    """For each of MEASURES: is ``reference`` significantly better than every other model?"""
    others = [label for label in results if label != reference]
    if reference not in results or not others:
        return [False] * len(MEASURES)
    return [
        all(
            test.difference > 0 and p < LEVEL
            for test, p in _tests(results, reference, others, metric, protocol, domain)
        )
        for domain, protocol, metric in MEASURES
    ]


def significance(results: Mapping[str, Sequence[Ranks]], reference: str) -> list[str]:
    """Sentences on the paired tests of ``reference`` against each other model, full N@10."""
    others = [label for label in results if label != reference]
    if reference not in results or not others:
        return []
    by_t, by_ranks = (
        _tests(results, reference, others, "ndcg", "full", None, test)
        for test in (paired_t, wilcoxon)
    )
    lines = [
        f"Paired t-test and Wilcoxon's signed-rank test over {by_t[0][0].n:,} users on full "
        f"N@{CUTOFF}, each Holm-corrected over {len(others)} comparisons, {reference} minus each:"
    ]
    for label, (test, p), (_, of_ranks) in zip(others, by_t, by_ranks, strict=True):
        lines.append(
            f"{label}: {test.difference:+z.4f}, t-test p = {p:.2g}, Wilcoxon p = {of_ranks:.2g}, "
            f"{_verdict(p, of_ranks)}"
        )
    return lines


def _verdict(t: float, ranks: float) -> str:
    """What the two tests say together; they can part where few users make the difference."""
    if (t < LEVEL) == (ranks < LEVEL):
        return "significant" if t < LEVEL else "not significant"
    return f"significant by {'the t-test' if t < LEVEL else 'Wilcoxon'} alone"


def _tests(
    results: Mapping[str, Sequence[Ranks]],
    reference: str,
    others: Sequence[str],
    metric: str,
    protocol: str,
    domain: Domain | None,
    paired: Callable[[Values, Values], PairedTest] = paired_t,
) -> list[tuple[PairedTest, float]]:
    """The test against each of ``others`` with its corrected p."""
    users = {
        label: per_user(
            results[label],
            metric=metric,
            cutoff=CUTOFF,
            sampled=protocol == "sampled",
            domain=domain,
        )
        for label in (reference, *others)
    }
    if len(users[reference]) < 2:
        return [(PairedTest("paired t", 0, 0.0, 0.0, 1.0), 1.0) for _ in others]
    tests = [paired(users[reference], users[label]) for label in others]
    return list(zip(tests, holm([test.p for test in tests]), strict=True))
