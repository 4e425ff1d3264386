"""Tables 4 and 7, Figure 1: what augmentation does to the data set (1, 4.7, A.2)."""

from collections.abc import Sequence as Seq

import numpy as np

from edt_core.config import Config
from edt_core.data.sequences import Domain, Ints, Sequences
from edt_core.data.split import TestTargets, ValidTargets
from edt_core.data.statistics import BINS, Statistics, statistics
from edt_core.evaluation.groups import by_ratio
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments import figures
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.experiments.grouped import grouped_table
from edt_core.stage import Step
from edt_core.variants import Variant

_FULL = Variant.LLM_EDT.value
_WHOLE = (
    "Whole sequences: the training part, with what was inserted, and both held-out events. "
    "Only the training part is ever augmented."
)


def augmented_specs(_: Config) -> list[RunSpec]:
    """The full method up to its augmented sequences; nothing is trained."""
    return [RunSpec(_FULL, Variant.LLM_EDT, until=Step.INSERT)]


def ranked_specs(_: Config) -> list[RunSpec]:
    """The full method to the end."""
    return [RunSpec(_FULL, Variant.LLM_EDT)]


def tell_statistics(evidence: Evidence) -> list[Table]:
    """Table 7 for the project's data set."""
    return [statistics_table(*before_and_after(evidence), evidence.domain_names)]


def tell_ratio(evidence: Evidence) -> list[Table]:
    """Figure 1 for the project's data set."""
    return [ratio_table(*before_and_after(evidence))]


def tell_domain_ratio(evidence: Evidence) -> list[Table]:
    """Table 4 for the project's data set.

    Choice: its rows are groups of users by their raw training history. 4.7 speaks of injecting
    more and more items, but its conditions are on r.
    """
    data = evidence.first(_FULL).data
    grouping = by_ratio(
        evidence.load(data.histories).sequences, evidence.load(data.catalogue).domain
    )
    title = "Table 4: test targets by domain ratio r of the raw training history"
    return [grouped_table(evidence.ranks(), grouping, evidence.domain_names, title=title)]


def before_and_after(evidence: Evidence) -> tuple[Statistics, Statistics]:
    """The data set in numbers, raw and augmented.

    Choice: of whole sequences, as Table 7's figures are. The held-out events stand at the end of
    the augmented sequences as they do in the raw ones.
    """
    made = evidence.first(_FULL)
    valid, test = evidence.load(made.data.valid), evidence.load(made.data.test)
    raw, domain = (
        evidence.load(made.data.histories).sequences,
        evidence.load(made.data.catalogue).domain,
    )
    augmented = evidence.load(made.augmented[0])
    every = np.concatenate([domain, augmented.new_domain])
    return (
        statistics(whole(raw, valid, test), domain),
        statistics(whole(augmented.sequences, valid, test), every),
    )


def whole(training: Sequences, valid: ValidTargets, test: TestTargets) -> Sequences:
    """The training parts of all users with the held-out events behind them."""
    ends: Ints = training.offsets[1:]
    places = np.concatenate([ends[valid.users], ends[test.users]])
    items = np.insert(training.items, places, np.concatenate([valid.items, test.items]))
    added = np.zeros(training.n_users + 1, dtype=np.int64)
    np.add.at(added, valid.users + 1, 1)
    np.add.at(added, test.users + 1, 1)
    return Sequences(items, training.offsets + np.cumsum(added))


def statistics_table(before: Statistics, after: Statistics, domain_names: Seq[str]) -> Table:
    """Users, items, events and mean length by domain, before and after augmentation."""
    rows = []
    for domain in Domain:
        cells = [Cell(domain_names[domain])]
        for found in (before, after):
            one = found.domains[domain]
            cells += [Cell(one.users), Cell(one.items), Cell(one.interactions), Cell()]
        rows.append(tuple(cells))
    cells = [Cell("both")]
    for found in (before, after):
        items = sum(one.items for one in found.domains)
        length = Cell(found.mean_length, decimals=2)
        cells += [Cell(found.users), Cell(items), Cell(found.interactions), length]
    rows.append(tuple(cells))
    counted = ("users", "items", "interactions", "avg. length")
    columns = [f"{name} {when}" for when in ("before", "after") for name in counted]
    shared = f"Users with events in both domains: {before.shared_users:,} before, "
    shared += f"{after.shared_users:,} after."
    inserted = f"{after.interactions - before.interactions:,} events were inserted."
    title = "Table 7: the data set before and after augmentation"
    return Table(title, ("domain", *columns), tuple(rows), (_WHOLE, inserted, shared))


def ratio_table(before: Statistics, after: Statistics) -> Table:
    """Users by domain ratio r, in tenths, before and after augmentation."""
    rows = []
    for number in range(BINS):
        low = f"{'[' if number == 0 else '('}{number / BINS:.1f}"
        cells = [Cell(f"{low},{(number + 1) / BINS:.1f}]")]
        for found in (before, after):
            users = found.ratios[number]
            cells += [Cell(users), Cell(users / max(found.users, 1))]
        rows.append(tuple(cells))
    columns = ("r", "users before", "share before", "users after", "share after")
    title = "Figure 1: users by domain ratio r = |n_A - n_B| / (n_A + n_B)"
    return Table(title, columns, tuple(rows), (_WHOLE,))


STATISTICS = Experiment(augmented_specs, tell_statistics)
RATIO = Experiment(augmented_specs, tell_ratio, draw=figures.by_ratio)
DOMAIN_RATIO = Experiment(ranked_specs, tell_domain_ratio, draw=figures.by_group)
