"""From ranks to numbers: every metric by split, domain and group, mean and spread over seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from edt_core.data.sequences import Domain, Flags
from edt_core.evaluation.groups import Grouping
from edt_core.evaluation.metrics import CUTOFF, Values, values
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import same_targets

SPLITS = ("valid", "test")


@dataclass(frozen=True)
class Summary:
    """One metric of one model on one set of users."""

    split: str
    """``valid`` or ``test``."""
    domain: Domain | None
    """The domain of the targets; None for both."""
    grouping: str
    """The grouping's name; empty for all users."""
    group: str
    """The group's label; empty for all users."""
    protocol: Literal["full", "sampled"]
    metric: str
    """``hit_rate``, ``ndcg`` or ``mrr``."""
    cutoff: int
    """k; 0 for ``mrr``, which has none."""
    mean: float | None
    """Over users, then over seeds; None for a group without users."""
    sd: float | None
    """Sample standard deviation over seeds; None with fewer than two."""
    n_users: int
    n_seeds: int


def reported(cutoffs: Sequence[int]) -> list[int]:
    """The cutoffs that are kept of a run, ascending: those of the settings, and the lists' own."""
    return sorted({*cutoffs, CUTOFF})


def summarise(
    runs: Sequence[Ranks], cutoffs: Sequence[int], groupings: Sequence[Grouping] = ()
) -> list[Summary]:
    """Every metric of one model, overall, per domain and per group.

    Args:
        runs: the ranks of the same targets, one per seed.
        cutoffs: where hit rate and NDCG are cut.
        groupings: users in groups; each group is shown overall and per domain.

    Raises:
        UsageError: the runs rank different users or targets.
    """
    for other in runs[1:]:
        same_targets(runs[0], other)
    metrics = [*product(("hit_rate", "ndcg"), cutoffs), ("mrr", 0)]
    protocols: tuple[Literal["full", "sampled"], ...] = ("full", "sampled")
    found = []
    for (split, domain, grouping, group, rows), protocol in product(
        list(_sets(runs[0], groupings)), protocols
    ):
        ranks = [(run.rank_full if protocol == "full" else run.rank_sampled)[rows] for run in runs]
        for metric, cutoff in metrics:
            mean, sd = _over_seeds([values(metric, each, cutoff) for each in ranks])
            found.append(
                Summary(
                    split, domain, grouping, group, protocol, metric, cutoff, mean, sd,
                    int(rows.sum()), len(runs),
                )
            )  # fmt: skip
    return found


def _sets(
    ranks: Ranks, groupings: Sequence[Grouping]
) -> Iterator[tuple[str, Domain | None, str, str, Flags]]:
    """Every set of rows that is shown, with what it is called."""
    groups = [("", "", np.ones(len(ranks.users), dtype=bool))]
    for grouping in groupings:
        place = grouping.of_user[ranks.users]
        groups += [(grouping.name, name, place == i) for i, name in enumerate(grouping.labels)]
    for split, domain in product(range(2), (None, *Domain)):
        rows = ranks.split == split
        if domain is not None:
            rows = rows & (ranks.domains == domain)
        for grouping_name, group, inside in groups:
            yield SPLITS[split], domain, grouping_name, group, rows & inside


def _over_seeds(by_seed: list[Values]) -> tuple[float | None, float | None]:
    if not len(by_seed[0]):
        return None, None
    means = np.array([each.mean() for each in by_seed])
    return float(means.mean()), float(means.std(ddof=1)) if len(means) > 1 else None
