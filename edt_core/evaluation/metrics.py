"""Hit rate, NDCG and reciprocal rank of one relevant item per user (4.1.4), from ranks alone.

A rank is the expected one, so that x.5 is possible where scores tie. The hit rate counts it when it
is at most k; NDCG and reciprocal rank put it into their formula as it stands. A metric is the mean
of one value per user.
"""

import numpy as np
from numpy.typing import NDArray

from edt_core.errors import UsageError

Values = NDArray[np.float64]

METRICS = ("hit_rate", "ndcg", "mrr")
CUTOFF = 10
"""Of what training stops by, tables show and lists of runs sort by."""


def hits(ranks: Values, k: int) -> Values:
    """1 where the true item is among the first k, else 0, ``[R]``."""
    return (ranks <= k).astype(np.float64)


def gains(ranks: Values, k: int) -> Values:
    """``1 / log2(1 + rank)`` where the true item is among the first k, else 0, ``[R]``.

    With a single relevant item the ideal gain is 1, so this is the user's NDCG.
    """
    return np.where(ranks <= k, 1.0 / np.log2(1.0 + ranks), 0.0)


def values(metric: str, ranks: Values, k: int) -> Values:
    """One value per user of ``hit_rate``, ``ndcg`` or ``mrr`` (which has no cutoff), ``[R]``.

    Raises:
        UsageError: there is no such metric.
    """
    match metric:
        case "hit_rate":
            return hits(ranks, k)
        case "ndcg":
            return gains(ranks, k)
        case "mrr":
            return 1.0 / ranks
        case _:
            raise UsageError(
                f"There is no metric {metric!r}.", hint=f"Choose one of {', '.join(METRICS)}."
            )


def hit_rate(ranks: Values, k: int) -> float:
    """H@k: the share of targets among the first k; NaN without targets."""
    return _mean(hits(ranks, k))


def ndcg(ranks: Values, k: int) -> float:
    """N@k: the mean normalised discounted gain; NaN without targets."""
    return _mean(gains(ranks, k))


def mrr(ranks: Values) -> float:
    """The mean reciprocal rank, uncut; NaN without targets."""
    return _mean(1.0 / ranks)


def _mean(each: Values) -> float:
    return float(each.mean()) if len(each) else float("nan")
