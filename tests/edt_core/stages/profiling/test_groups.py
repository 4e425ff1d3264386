"""Groups against a slow loop; the reform bins by hand."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.stages.cluster import Clusters
from edt_core.stages.profiling.groups import (
    catalogue_labels,
    distinct_groups,
    groups_by_catalogue,
    groups_by_user,
    imbalance,
)


def slow_groups(rows, domain, labels, newest=15):
    """Distinct items by last event, the newest of each cluster, in ascending order of keys."""
    found = []
    for user, row in enumerate(rows):
        clusters = defaultdict(list)
        for position, item in enumerate(row):
            if item not in row[position + 1 :]:
                clusters[domain[item], labels[item]].append(item)
        for (side, cluster), items in sorted(clusters.items()):
            found.append((user, side, cluster, sorted(items[-newest:])))
    return found


def told(groups):
    return [
        (int(u), int(d), int(c), groups.of(g).tolist())
        for g, (u, d, c) in enumerate(
            zip(groups.users, groups.domains, groups.clusters, strict=True)
        )
    ]


@given(
    st.lists(st.lists(st.integers(0, 39), max_size=60), min_size=1, max_size=6),
    st.lists(st.integers(0, 2), min_size=40, max_size=40),
)
def test_groups_are_those_of_a_slow_loop(rows, labels):
    domain = np.array([0] * 25 + [1] * 15)
    groups = groups_by_catalogue(pack(rows), domain, np.array(labels))
    assert told(groups) == slow_groups(rows, domain.tolist(), labels)


def test_only_the_fifteen_newest_of_a_cluster_are_kept():
    row = list(range(20, 0, -1))  # the newest is item 1
    groups = groups_by_catalogue(pack([row]), np.zeros(21, int), np.zeros(21, int))
    assert groups.of(0).tolist() == list(range(1, 16))


def test_users_with_the_same_items_in_another_order_share_a_set():
    rows = [[0, 1, 2], [2, 1, 0, 0], [0, 1], []]
    groups = groups_by_catalogue(pack(rows), np.zeros(3, int), np.zeros(3, int))
    first, sets = distinct_groups(groups)
    assert sets.tolist() == [0, 0, 1]
    assert [groups.of(g).tolist() for g in first] == [[0, 1, 2], [0, 1]]


def test_nobody_has_a_group_without_an_item():
    groups = groups_by_catalogue(pack([[], []]), np.zeros(3, int), np.zeros(3, int))
    first, sets = distinct_groups(groups)
    assert len(groups.users) == len(first) == len(sets) == 0


def test_a_generated_item_belongs_to_the_nearest_centroid_of_its_domain():
    a, b = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 9.0], [0.0, 1.0], [5.0, 5.0]])
    clusters = Clusters(np.array([1, 0, 2]), a.astype(np.float32), b.astype(np.float32))
    vectors = np.array([[0.1, 0.8], [0.1, 0.8], [4.0, 6.0]], dtype=np.float32)
    labels = catalogue_labels(clusters, np.array([0, 0, 1]), np.array([0, 1, 1]), vectors)
    assert labels.tolist() == [1, 0, 2, 1, 1, 2]


def test_no_generated_item_needs_no_vector():
    clusters = Clusters(np.array([0]), np.ones((1, 2), np.float32), np.zeros((0, 2), np.float32))
    nothing = np.zeros(0, dtype=np.int64)
    labels = catalogue_labels(clusters, np.array([0]), nothing, np.zeros((0, 0), np.float32))
    assert labels.tolist() == [0]


def test_a_users_own_clusters_tell_near_from_far():
    vectors = np.array([[0, 0], [0, 0.1], [9, 9], [9, 9.1], [5, 5]], dtype=np.float32)
    groups = groups_by_user(pack([[0, 2, 1, 3], [4]]), np.array([0, 0, 0, 0, 1]), vectors, 2)
    sets = {tuple(groups.of(g).tolist()) for g in range(len(groups.users))}
    assert sets == {(0, 1), (2, 3), (4,)}
    assert groups.users.tolist() == [0, 0, 1]
    assert groups.domains.tolist() == [0, 0, 1]


def test_the_bins_of_r_are_half_open_and_the_last_is_closed():
    #         r =  0       .2      .4      .6      .8      1       .19..     1       none
    counts = [[5, 5], [6, 4], [3, 7], [8, 2], [1, 9], [7, 0], [59, 40], [0, 1], [0, 0]]
    bins, larger = imbalance(np.array(counts))
    assert bins.tolist() == [0, 1, 2, 3, 4, 4, 0, 4, 0]
    assert larger.tolist() == [0, 0, 1, 0, 1, 0, 0, 1, 0]
