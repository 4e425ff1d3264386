"""Whether one model is better than another, user by user (4.2, Table 1).

Differs: the released script compares three seeds with a constant. Users are the sample here: each
user's metric is averaged over the seeds first, and two models are paired on the same users. Tests
are two-sided, where the paper's are one-sided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edt_core.errors import UsageError
from edt_core.evaluation.metrics import Values, values
from edt_core.evaluation.ranks import Ranks

_DECIMALS = 12
"""Of a user's difference that count.

The last bits of a mean over seeds depend on their order: equal models would differ, and Wilcoxon's
ties would be none.
"""


@dataclass(frozen=True)
class PairedTest:
    """The outcome of one two-sided paired test."""

    test: str
    """``paired t`` or ``Wilcoxon``."""
    n: int
    """Users."""
    difference: float
    """Mean of first minus second."""
    statistic: float
    p: float


def per_user(
    runs: Sequence[Ranks],
    *,
    metric: str = "ndcg",
    cutoff: int = 10,
    split: int = 1,
    sampled: bool = False,
    domain: int | None = None,
) -> Values:
    """One metric value per user, averaged over one model's seeds, in user order.

    Raises:
        UsageError: the runs rank different users or targets, or the metric is unknown.
    """
    first = runs[0]
    rows = first.split == split
    if domain is not None:
        rows &= first.domains == domain
    for other in runs[1:]:
        same_targets(first, other)
    ranks = [(run.rank_sampled if sampled else run.rank_full)[rows] for run in runs]
    mean: Values = np.mean([values(metric, each, cutoff) for each in ranks], axis=0)
    return mean


def same_targets(first: Ranks, second: Ranks) -> None:
    """Refuse to compare what can't be compared.

    Raises:
        UsageError: the two runs rank different users or targets.
    """
    for name in ("split", "users", "targets"):
        if not np.array_equal(getattr(first, name), getattr(second, name)):
            raise UsageError(
                "The two runs rank different users or targets, so they can't be paired.",
                hint="Compare runs of the same project and import.",
            )


def paired_t(first: Values, second: Values) -> PairedTest:
    """The two-sided paired t-test over users.

    Choice: equal values for every user give p = 1; a difference that is the same for every user,
    p = 0.
    """
    from scipy.special import stdtr

    difference = _difference(first, second)
    n = len(difference)
    mean = float(difference.mean())
    error = float(difference.std(ddof=1)) / np.sqrt(n)
    if error == 0:
        statistic = 0.0 if mean == 0 else float(np.copysign(np.inf, mean))
    else:
        statistic = mean / error
    p = float(2 * stdtr(n - 1, -abs(statistic)))
    return PairedTest("paired t", n, mean, statistic, p)


def wilcoxon(first: Values, second: Values) -> PairedTest:
    """The two-sided Wilcoxon signed-rank test over users; equal values are put aside."""
    from scipy import stats

    difference = _difference(first, second)
    mean = float(difference.mean())
    if not difference.any():
        return PairedTest("Wilcoxon", len(difference), mean, 0.0, 1.0)
    found = stats.wilcoxon(difference)
    return PairedTest(
        "Wilcoxon", len(difference), mean, float(found.statistic), float(found.pvalue)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction for several tests: adjusted p-values in the given order."""
    count = len(p_values)
    order = sorted(range(count), key=lambda place: p_values[place])
    adjusted = [0.0] * count
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (count - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _difference(first: Values, second: Values) -> Values:
    if len(first) != len(second) or len(first) < 2:
        raise UsageError(
            f"A paired test needs the same two or more users; got {len(first)} and {len(second)}.",
            hint="Compare runs of the same project and import.",
        )
    return np.round(first - second, _DECIMALS)
