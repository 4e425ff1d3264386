"""The representative samples of every user and domain (3.2.1)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edt_core.config import ClusterSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Floats, Ints, Sequences, offsets_of
from edt_core.data.split import Histories
from edt_core.stage import Context, Stage, Step
from edt_core.stages.cluster import Clusters
from edt_core.stages.embed import ItemEmbeddings
from edt_core.stages.kmeans import kmeans_jobs

_EQUAL_DISTANCE = 5
"""Decimals of a squared distance that count: equal texts tie whatever the order of a sum."""


@dataclass(frozen=True)
class Representatives:
    """S_rep of every user and domain, as positions in the user's raw training history."""

    positions: Ints
    """Ascending within a row, ``[R]``."""
    offsets: Ints
    """Where each row starts, ``[2U + 1]``; row ``2 * user + domain``."""

    def of(self, user: int, domain: Domain) -> Ints:
        """One user's positions in one domain (a view)."""
        row = 2 * user + domain
        return self.positions[self.offsets[row] : self.offsets[row + 1]]

    def keys(self, sequences: Sequences) -> Ints:
        """The item at every position, ``[R]``."""
        users = np.repeat(np.arange(len(self.offsets) - 1) // 2, np.diff(self.offsets))
        found: Ints = sequences.items[sequences.offsets[users] + self.positions]
        return found


def last_occurrences(sequences: Sequences, item_domain: Ints) -> tuple[Ints, Ints]:
    """Each user's distinct items by their last event, sorted by user, domain and time.

    Returns:
        Indexes into the packed events, and row ``2 * user + domain`` of each, both ``[S]``.
    """
    pair = sequences.users() * len(item_domain) + sequences.items
    _, backwards = np.unique(pair[::-1], return_index=True)
    events = np.sort(len(pair) - 1 - backwards)
    rows = 2 * sequences.users()[events] + item_domain[sequences.items[events]]
    order = np.argsort(rows, kind="stable")
    return events[order], rows[order]


def nearest_per_cluster(rows: Ints, labels: Ints, distances: Floats, events: Ints) -> Ints:
    """Of each row and cluster the event nearest the centroid, the latest on a tie.

    Args:
        rows: User and domain of each candidate, ``[S]``.
        labels: Its cluster, ``[S]``.
        distances: Its squared distance to the cluster's centroid, ``[S]``.
        events: Its index in time, ``[S]``.

    Returns:
        Indexes of the chosen candidates, sorted by row and time.
    """
    order = np.lexsort((-events, np.round(distances, _EQUAL_DISTANCE), labels, rows))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(rows[order]) != 0) | (np.diff(labels[order]) != 0)
    chosen = order[first]
    return chosen[np.lexsort((events[chosen], rows[chosen]))]


@dataclass(frozen=True)
class SelectRepresentatives(Stage[Representatives]):
    """Choose each user's diverse samples: one training item per occupied cluster and domain.

    Paper: 3.2.1, "regarding these clusters as representative items, we can obtain the diverse
    samples".
    Choice: the item nearest the cluster's centroid, the most recent on a tie; an item met twice
    counts at its last occurrence; so at most ``n_clusters`` per user and domain (DESIGN 4.9).
    """

    step: ClassVar[Step] = Step.GENERATE
    section: ClassVar[str] = "3.2.1"
    output: ClassVar[type[Representatives]] = Representatives

    histories: Stage[Histories]
    catalogue: Stage[Catalogue]
    embeddings: Stage[ItemEmbeddings]
    clusters: Stage[Clusters]
    settings: ClusterSettings

    def compute(self, ctx: Context) -> Representatives:
        """Choose by the catalogue's clusters, or by a K-means of every user and domain."""
        sequences = ctx.load(self.histories).sequences
        domain = ctx.load(self.catalogue).domain
        vectors = ctx.load(self.embeddings).vectors
        events, rows = last_occurrences(sequences, domain)
        items = sequences.items[events]
        if self.settings.scope == "user":
            jobs = offsets_of(np.bincount(rows, minlength=2 * sequences.n_users))
            found = kmeans_jobs(vectors, items, jobs, self.settings.n_clusters, ctx.check)
            labels, distances = found.labels, found.distances
        else:
            clusters = ctx.load(self.clusters)
            labels = clusters.labels[items]
            distances = _to_centroid(vectors, clusters, domain)[items]
        chosen = nearest_per_cluster(rows, labels, distances, events)
        users = rows[chosen] // 2
        counts = np.bincount(rows[chosen], minlength=2 * sequences.n_users)
        return Representatives(events[chosen] - sequences.offsets[users], offsets_of(counts))


def _to_centroid(vectors: Floats, clusters: Clusters, domain: Ints) -> Floats:
    """Every item's squared distance to the centroid of its cluster, ``[N]``."""
    distances = np.zeros(len(vectors), dtype=np.float32)
    for side in Domain:
        keys = np.flatnonzero(domain == side)
        away = vectors[keys] - clusters.centroids(side)[clusters.labels[keys]]
        distances[keys] = np.einsum("ne,ne->n", away, away)
    return distances
