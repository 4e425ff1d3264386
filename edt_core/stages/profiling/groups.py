"""A user's items by domain and cluster, and how imbalanced a user is (3.4.1, 3.4.2)."""

from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Domain, Floats, Ints, Sequences, offsets_of
from edt_core.stages.augmenter.representatives import last_occurrences
from edt_core.stages.cluster import Clusters
from edt_core.stages.kmeans import kmeans_jobs

NEWEST = 15
"""Items of a cluster that are summarized, the newest (LLM4CDSR's number)."""
RATIO_BINS = 5
"""Manual options of the reform stage (3.4.2)."""


@dataclass(frozen=True)
class Groups:
    """The occupied clusters of all users, sorted by user, domain and cluster."""

    users: Ints
    """``[G]``."""
    domains: Ints
    """``[G]``."""
    clusters: Ints
    """Cluster within the domain (or within the user's domain), ``[G]``."""
    items: Ints
    """Item keys of group after group, ascending within each: a canonical order, ``[I]``."""
    offsets: Ints
    """``[G + 1]``."""

    def of(self, group: int) -> Ints:
        """One group's item keys."""
        return self.items[self.offsets[group] : self.offsets[group + 1]]


def catalogue_labels(
    clusters: Clusters, item_domain: Ints, new_domain: Ints, new_vectors: Floats
) -> Ints:
    """The cluster of every real and every generated item, ``[N + M]``.

    Choice: a generated item belongs to the nearest centroid of its domain.

    Args:
        clusters: Labels of the real items and centroids.
        item_domain: Domain of the real items, ``[N]``.
        new_domain: Domain of the generated items, ``[M]``.
        new_vectors: Their embeddings, ``[M, E]``.
    """
    new_labels = np.zeros(len(new_domain), dtype=np.int64)
    for domain, centroids in enumerate((clusters.centroids_a, clusters.centroids_b)):
        chosen = new_domain == domain
        if chosen.any() and len(centroids):
            norms = (centroids**2).sum(axis=1)
            away = norms - 2.0 * new_vectors[chosen] @ centroids.T  # [m, K]
            new_labels[chosen] = away.argmin(axis=1)
    return np.concatenate((clusters.labels[: len(item_domain)], new_labels))


def groups_by_catalogue(sequences: Sequences, item_domain: Ints, labels: Ints) -> Groups:
    """Every user's items by domain and by the items' own clusters.

    Paper: 3.4.1, S_g1 to S_gC of each domain; clusters without an item of the user's give no group.
    Choice: an item met twice counts once, at its last event; of each group the 15 newest are kept.

    Args:
        sequences: S_aug, packed.
        item_domain: Domain by key, ``[N + M]``.
        labels: Cluster by key, ``[N + M]``.
    """
    events, rows = last_occurrences(sequences, item_domain)
    items = sequences.items[events]
    return _grouped(items, rows, labels[items])


def groups_by_user(
    sequences: Sequences, item_domain: Ints, vectors: Floats, n_clusters: int
) -> Groups:
    """Every user's items by domain and by a K-means of the user's own items in it.

    Args:
        sequences: S_aug, packed.
        item_domain: Domain by key, ``[N + M]``.
        vectors: Embeddings by key, ``[N + M, E]``.
        n_clusters: C of 3.4.1.
    """
    events, rows = last_occurrences(sequences, item_domain)
    items = sequences.items[events]
    offsets = offsets_of(np.bincount(rows, minlength=2 * sequences.n_users))
    return _grouped(items, rows, kmeans_jobs(vectors, items, offsets, n_clusters).labels)


def _grouped(items: Ints, rows: Ints, labels: Ints) -> Groups:
    """Groups of items that are sorted by ``rows`` (2 * user + domain) and time."""
    n_labels = int(labels.max(initial=0)) + 1
    code = rows * n_labels + labels
    order = np.argsort(code, kind="stable")
    codes, counts = np.unique(code[order], return_counts=True)
    ends = np.repeat(np.cumsum(counts), counts)
    newest = ends - np.arange(len(order)) <= NEWEST
    order = order[newest]
    order = order[np.lexsort((items[order], code[order]))]
    pairs = codes // n_labels
    return Groups(
        pairs // 2,
        pairs % 2,
        codes % n_labels,
        items[order],
        offsets_of(np.minimum(counts, NEWEST)),
    )


def distinct_groups(groups: Groups) -> tuple[Ints, Ints]:
    """Groups with equal items share one summary.

    Returns:
        One group for each distinct set of items ``[D]``, and the set of every group ``[G]``.
    """
    offsets, items = groups.offsets.tolist(), groups.items
    row_of: dict[bytes, int] = {}
    sets = np.empty(len(groups.users), dtype=np.int64)
    for group in range(len(sets)):
        content = items[offsets[group] : offsets[group + 1]].tobytes()
        sets[group] = row_of.setdefault(content, len(row_of))
    _, first = np.unique(sets, return_index=True)
    return first, sets


def imbalance(counts: Ints) -> tuple[Ints, Ints]:
    """Which of the five manual options describes a user, and which domain is the larger one.

    Paper: 3.4.2, "selected among 5 manually constructed options according to the value of r", with
    r = |n_A - n_B| / (n_A + n_B) of section 1.
    Choice: five equal bins of r, half open, the last closed; counted on the raw training part,
    because the augmented one is balanced on purpose; A is named first on a tie.

    Args:
        counts: Training events per domain, ``[U, 2]``.

    Returns:
        Bin 0 to 4 and larger domain 0 or 1, both ``[U]``.
    """
    difference = np.abs(counts[:, 0] - counts[:, 1])
    total = np.maximum(counts.sum(axis=1), 1)
    bins = np.minimum(RATIO_BINS * difference // total, RATIO_BINS - 1)
    larger = np.where(counts[:, 1] > counts[:, 0], int(Domain.B), int(Domain.A))
    return bins, larger
