from itertools import pairwise

import numpy as np
import pytest
from sklearn.cluster import KMeans

from edt_core.data.sequences import offsets_of
from edt_core.stages import kmeans
from edt_core.stages.kmeans import kmeans_catalogue, kmeans_jobs


def some_jobs(sizes, dimensions=12, seed=0):
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((400, dimensions)).astype(np.float32)
    rows = np.concatenate([rng.permutation(400)[:size] for size in sizes])
    return table, rows.astype(np.int64), offsets_of(np.array(sizes))


def test_inertia_is_scikit_learns_within_half_a_percent():
    table, rows, offsets = some_jobs([11, 12, 15, 18, 20, 23, 30] * 12)
    found = kmeans_jobs(table, rows, offsets, 10)
    theirs = sum(
        KMeans(10, n_init=10, random_state=0).fit(table[rows[start:stop]]).inertia_
        for start, stop in pairwise(offsets)
    )
    assert found.distances.sum() <= 1.005 * theirs


def test_distances_are_those_to_the_mean_of_the_own_cluster_and_none_is_nearer():
    table, rows, offsets = some_jobs([30, 3, 0, 17])
    found = kmeans_jobs(table, rows, offsets, 4)
    for start, stop in pairwise(offsets):
        points, labels = table[rows[start:stop]], found.labels[start:stop]
        if stop - start <= 4:
            assert labels.tolist() == list(range(stop - start))
            continue
        means = np.stack([points[labels == c].mean(axis=0) for c in range(4)])
        away = ((points[:, None] - means) ** 2).sum(axis=2)
        np.testing.assert_allclose(found.distances[start:stop], away.min(axis=1), atol=1e-3)
        assert (away.argmin(axis=1) == labels).all()


def test_a_job_is_solved_alike_whatever_its_neighbours_sizes(monkeypatch):
    table, rows, offsets = some_jobs([25, 25])
    both = kmeans_jobs(table, rows, offsets, 5)
    monkeypatch.setattr(kmeans, "_CHUNK_NUMBERS", 1)
    apart = kmeans_jobs(table, rows, offsets, 5)
    assert both.distances.sum() == pytest.approx(apart.distances.sum(), rel=0.05)


def test_repeated_points_share_a_cluster():
    table = np.eye(4, dtype=np.float32)
    rows = np.array([0, 1, 2, 0, 1, 2, 0, 3])
    found = kmeans_jobs(table, rows, np.array([0, 8]), 6)
    assert found.distances.sum() == pytest.approx(0.0, abs=1e-6)
    assert len(set(found.labels.tolist())) == 4
    assert found.labels[0] == found.labels[3] == found.labels[6]


def test_a_very_long_job_goes_to_scikit_learn(monkeypatch):
    monkeypatch.setattr(kmeans, "_LARGEST_GRAM", 20)
    table, rows, offsets = some_jobs([12, 200])
    found = kmeans_jobs(table, rows, offsets, 5)
    assert sorted(set(found.labels[12:].tolist())) == [0, 1, 2, 3, 4]
    assert found.distances[12:].sum() == pytest.approx(
        KMeans(5, n_init=10, random_state=0).fit(table[rows[12:]]).inertia_, rel=0.02
    )


def test_no_more_clusters_than_distinct_points():
    points = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    labels, centroids = kmeans_catalogue(points, 10)
    assert centroids.shape == (3, 3)
    np.testing.assert_allclose(centroids[labels], points, atol=1e-6)
    assert kmeans_catalogue(points[:0], 10)[1].shape == (0, 3)


def test_two_runs_are_equal():
    table, rows, offsets = some_jobs([30, 40])
    first, second = (kmeans_jobs(table, rows, offsets, 6) for _ in range(2))
    assert first.labels.tolist() == second.labels.tolist()


def test_a_large_catalogue_is_clustered_nearly_as_well_from_a_sample(monkeypatch):
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((6, 8))
    points = (centres[rng.integers(0, 6, 900)] + rng.normal(0, 0.3, (900, 8))).astype(np.float32)
    monkeypatch.setattr(kmeans, "_SAMPLE", 400)
    labels, centroids = kmeans_catalogue(points, 6)
    theirs = KMeans(6, n_init=10, random_state=0).fit(points).inertia_
    assert ((points - centroids[labels]) ** 2).sum() <= 1.01 * theirs
