"""Hit rate, NDCG and reciprocal rank of one relevant item per user (4.1.4), from ranks alone.

A rank is the expected one, so that x.5 is possible where scores tie. ``hit_rate`` counts it when it
is at most k; ``ndcg`` and ``mrr`` put it into their formula as it stands. All functions give one
value per user, ``[R]``; the metric is their mean.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def hits(ranks: Values, k: int) -> Values:
    """1 where the true item is among the first k, else 0, ``[R]``."""
    return (ranks <= k).astype(np.float64)


def gains(ranks: Values, k: int) -> Values:
    """``1 / log2(1 + rank)`` where the true item is among the first k, else 0, ``[R]``.

    With a single relevant item the ideal gain is 1, so this is the user's NDCG.
    """
    return np.where(ranks <= k, 1.0 / np.log2(1.0 + ranks), 0.0)


def hit_rate(ranks: Values, k: int) -> float:
    """H@k: the share of targets among the first k; NaN without targets."""
    return _mean(hits(ranks, k))


def ndcg(ranks: Values, k: int) -> float:
    """N@k: the mean normalised discounted gain; NaN without targets."""
    return _mean(gains(ranks, k))


def mrr(ranks: Values) -> float:
    """The mean reciprocal rank, uncut; NaN without targets."""
    return _mean(1.0 / ranks)


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else float("nan")
