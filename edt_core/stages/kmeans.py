"""K-means: once over a domain's catalogue, or over thousands of small jobs at once (3.2.1, 3.4.1).

A small job (one user's items of one domain) is solved on its Gram matrix, where a point's squared
distance to a centroid needs the centroid's members alone. Jobs of similar size and all restarts of
a job go through one matrix product together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Floats, Ints

Doubles = NDArray[np.float64]

SEED = 42
RESTARTS = 10
_MOST_ROUNDS = 100
_SAMPLE = 4096
_LARGEST_GRAM = 1024
"""Points of a job beyond which scikit-learn solves it: the Gram matrix grows with the square."""
_CHUNK_NUMBERS = 3_000_000
"""Numbers in the largest array of one batch: about the last-level cache."""


@dataclass(frozen=True)
class Clustering:
    """Where every point stands."""

    labels: Ints
    """Cluster of each point inside its job, ``[T]``."""
    distances: Floats
    """Squared distance to its centroid, ``[T]``; their sum is the inertia."""


def kmeans_catalogue(vectors: Floats, n_clusters: int) -> tuple[Ints, Floats]:
    """K-means over all rows: k-means++, ten restarts, a fixed seed.

    Choice: the restarts see 4,096 random distinct rows (or 50 a cluster) of a larger table, and the
    best of them goes on over all rows.

    Args:
        vectors: Points ``[n, E]``.
        n_clusters: K; fewer come back where there are fewer distinct points.

    Returns:
        Labels ``[n]`` and centroids ``[K', E]``.
    """
    from sklearn.cluster import KMeans

    distinct = list({row.tobytes(): index for index, row in enumerate(vectors)}.values())
    size = min(n_clusters, len(distinct))
    if size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros((0, vectors.shape[1]), dtype=np.float32)
    model = KMeans(size, n_init=RESTARTS, random_state=SEED)
    most = max(_SAMPLE, 50 * size)
    if len(distinct) > most:
        some = np.random.default_rng(SEED).choice(distinct, most, replace=False)
        model = KMeans(size, n_init=1, init=model.fit(vectors[np.sort(some)]).cluster_centers_)
    model = model.fit(vectors)
    return model.labels_.astype(np.int64), model.cluster_centers_.astype(np.float32)


def kmeans_jobs(
    vectors: Floats,
    rows: Ints,
    offsets: Ints,
    n_clusters: int,
    check: Callable[[], None] = lambda: None,
) -> Clustering:
    """One K-means per job, all jobs together: greedy k-means++, ten restarts, a fixed seed.

    A job with no more points than clusters needs none: every point is its own cluster.

    Args:
        vectors: The table of points ``[N, E]``.
        rows: Rows of ``vectors``, job after job, ``[T]``.
        offsets: Where each job starts in ``rows``, ``[J + 1]``.
        n_clusters: K of every job.
        check: Called once a batch.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    sizes = np.diff(offsets)
    starts = np.repeat(offsets[:-1], sizes)
    labels = np.arange(len(rows)) - starts
    distances = np.zeros(len(rows), dtype=np.float32)
    with threadpool_limits(1):  # the products are too small to be worth a second thread's waiting
        for jobs in _batches(sizes, n_clusters):
            check()
            size = int(sizes[jobs].max())
            columns = np.arange(size)
            real = columns < sizes[jobs][:, None]
            points = np.where(real, offsets[jobs][:, None] + columns, 0)
            if size > _LARGEST_GRAM:
                found, away = _solve_large(vectors[rows[points[0]]], n_clusters)
            else:
                block = vectors[rows[points]]
                block[~real] = 0.0
                found, away = _solve(block @ block.transpose(0, 2, 1), real, n_clusters)
            labels[points[real]] = found[real]
            distances[points[real]] = away[real]
    return Clustering(labels, distances)


def _batches(sizes: Ints, n_clusters: int) -> Iterator[Ints]:
    """Jobs that need iterations, in batches of similar size whose arrays stay small."""
    order = np.flatnonzero(sizes > n_clusters)
    order = order[np.argsort(sizes[order], kind="stable")]
    start = 0
    while start < len(order):
        smallest = int(sizes[order[start]])
        if smallest > _LARGEST_GRAM:
            stop = start + 1
        else:
            widest = int(smallest * 1.15) + 1
            per_job = widest * max(widest, RESTARTS * n_clusters)
            stop = int(np.searchsorted(sizes[order], min(widest, _LARGEST_GRAM), side="right"))
            stop = min(stop, start + max(1, _CHUNK_NUMBERS // per_job))
        yield order[start:stop]
        start = stop


def _solve_large(points: Floats, n_clusters: int) -> tuple[Ints, Floats]:
    labels, centroids = kmeans_catalogue(points, n_clusters)
    away = ((points - centroids[labels]) ** 2).sum(axis=1)
    return labels[None], away[None]


def _solve(gram: Floats, real: NDArray[np.bool_], n_clusters: int) -> tuple[Ints, Floats]:
    """The best of ``RESTARTS`` Lloyd runs per job.

    Args:
        gram: Inner products ``[J, n, n]``.
        real: Which points exist, ``[J, n]``.
        n_clusters: K.

    Returns:
        Labels and squared distances to the own centroid, ``[J, n]``.
    """
    n_jobs, n = real.shape
    norms = np.einsum("jnn->jn", gram)
    between = np.maximum(norms[:, :, None] + norms[:, None, :] - 2.0 * gram, 0.0)
    labels = _seeds(between, real, n_clusters)
    best = np.zeros((n_jobs, n), dtype=np.int64)
    best_away = np.zeros((n_jobs, n), dtype=np.float32)
    active = np.arange(n_jobs)
    for _ in range(_MOST_ROUNDS):
        moved, away = _assign(gram[active], norms[active], real[active], labels[active], n_clusters)
        settled = (moved == labels[active]).all(axis=(1, 2))
        labels[active] = moved
        done = np.flatnonzero(settled)
        choice = away[done].sum(axis=2).argmin(axis=1)
        best[active[done]] = moved[done, choice]
        best_away[active[done]] = away[done, choice]
        active = active[~settled]
        if not len(active):
            break
    else:
        choice = away[~settled].sum(axis=2).argmin(axis=1)
        best[active] = labels[active, choice]
        best_away[active] = away[~settled][np.arange(len(active)), choice]
    return best, best_away


def _assign(
    gram: Floats, norms: Floats, real: NDArray[np.bool_], labels: Ints, n_clusters: int
) -> tuple[Ints, Floats]:
    """One Lloyd round: every point to the nearest centroid of the clusters in ``labels``.

    The squared distance of point i to the mean of cluster c is
    ``G_ii - 2 mean_j G_ij + mean_jl G_jl`` over the cluster's members j and l.

    Returns:
        New labels ``[J, R, n]`` and each point's squared distance to the centroid it went to.
    """
    n_jobs, restarts, n = labels.shape
    member = labels[..., None] == np.arange(n_clusters)
    member &= real[:, None, :, None]
    weights = member.astype(np.float32)
    counts = weights.sum(axis=2)
    weights /= np.maximum(counts, 1.0)[:, :, None, :]
    flat = weights.transpose(0, 2, 1, 3).reshape(n_jobs, n, restarts * n_clusters)
    to_mean = (gram @ flat).reshape(n_jobs, n, restarts, n_clusters).transpose(0, 2, 1, 3)
    within = (to_mean * weights).sum(axis=2)
    within[counts == 0] = np.inf
    away = within[:, :, None, :] - 2.0 * to_mean
    moved = away.argmin(axis=3)
    nearest = np.take_along_axis(away, moved[..., None], axis=3)[..., 0] + norms[:, None, :]
    return moved, np.where(real[:, None, :], np.maximum(nearest, 0.0), 0.0)


def _seeds(between: Floats, real: NDArray[np.bool_], n_clusters: int) -> Ints:
    """First labels by greedy k-means++: of a few drawn points the one that helps most is taken.

    Args:
        between: Squared distances ``[J, n, n]``.
        real: Which points exist, ``[J, n]``.
        n_clusters: K.

    Returns:
        The nearest seed of every point, ``[J, R, n]``.
    """
    n_jobs, n = real.shape
    rng = np.random.default_rng(SEED)
    job = np.arange(n_jobs)[:, None]
    counts = real.sum(axis=1)[:, None]
    trials = 2 + int(np.log(n_clusters))
    first = (rng.random((n_jobs, RESTARTS)) * counts).astype(np.int64)
    labels = np.zeros((n_jobs, RESTARTS, n), dtype=np.int64)
    closest = between[job, first] * real[:, None, :]
    for cluster in range(1, n_clusters):
        total = np.cumsum(closest, axis=2, dtype=np.float64)
        draw = rng.random((n_jobs, RESTARTS, trials)) * total[:, :, -1:]
        drawn = (
            (total[:, :, None, :] <= draw[..., None]).sum(axis=3).clip(0, counts[:, :, None] - 1)
        )
        reached = np.minimum(closest[:, :, None, :], between[job[:, :, None], drawn])
        reached *= real[:, None, None, :]
        pick = reached.sum(axis=3).argmin(axis=2)
        taken = np.take_along_axis(reached, pick[:, :, None, None], axis=2)[:, :, 0]
        labels[taken < closest] = cluster
        closest = taken
    return labels
