"""The numbers of Table 7 and Figure 1 for a data set, before or after augmentation."""

from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Domain, Ints, Sequences, domain_counts

BINS = 10
"""Bars of Figure 1, each a tenth of r."""


@dataclass(frozen=True)
class DomainStatistics:
    """One domain's columns of Table 7."""

    users: int
    """Users with at least one event in the domain."""
    items: int
    """Items met at least once."""
    interactions: int


@dataclass(frozen=True)
class Statistics:
    """A data set in numbers."""

    users: int
    """Users with at least one event."""
    shared_users: int
    """Users with events in both domains."""
    interactions: int
    mean_length: float
    """Mean length of the mixed sequences ("Avg. length"); 0 without users."""
    domains: tuple[DomainStatistics, DomainStatistics]
    """A and B."""
    ratios: tuple[int, ...]
    """Users by domain ratio r in ten equal bins over [0, 1] (Figure 1)."""


def statistics(sequences: Sequences, item_domain: Ints) -> Statistics:
    """Table 7 and Figure 1 of these sequences.

    Paper: A.2, Table 7 and section 1, Figure 1.

    Args:
        sequences: The mixed sequences, raw or augmented.
        item_domain: The domain of every key, ``[N]``, generated items included.
    """
    counts = domain_counts(sequences, item_domain)
    present = counts.sum(axis=1) > 0
    users = int(present.sum())
    met = np.unique(sequences.items)
    per_domain = [
        DomainStatistics(
            users=int((counts[:, domain] > 0).sum()),
            items=int((item_domain[met] == domain).sum()),
            interactions=int(counts[:, domain].sum()),
        )
        for domain in Domain
    ]
    return Statistics(
        users=users,
        shared_users=int((counts > 0).all(axis=1).sum()),
        interactions=len(sequences.items),
        mean_length=len(sequences.items) / users if users else 0.0,
        domains=(per_domain[0], per_domain[1]),
        ratios=tuple(map(int, ratio_histogram(counts[present]))),
    )


def ratio_histogram(counts: Ints) -> Ints:
    """Users by domain ratio r in ten equal bins over [0, 1], ``[10]``.

    A ratio on an edge belongs to the bin that it closes (r = 0 to the first). Edges are met
    exactly: the bin is taken from whole numbers.

    Args:
        counts: Events by user and domain, ``[U, 2]``.
    """
    total = counts.sum(axis=1)
    difference = np.abs(counts[:, 0] - counts[:, 1])
    bins = np.maximum((BINS * difference - 1) // np.maximum(total, 1), 0)
    return np.bincount(bins, minlength=BINS)
