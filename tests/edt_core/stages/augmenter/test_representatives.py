import numpy as np
import pytest

from edt_core.data.sequences import Domain, pack
from edt_core.data.split import Histories
from edt_core.stages.augmenter.representatives import last_occurrences, nearest_per_cluster


def slow_choice(rig, user, domain):
    """The rule of DESIGN 4.9, one event after another."""
    clusters, vectors = rig.load(rig.clusters), rig.load(rig.embedded).vectors
    best = {}
    for position, key in enumerate(rig.histories.sequences.of(user).tolist()):
        if rig.catalogue.domain[key] != domain:
            continue
        label = clusters.labels[key]
        away = ((vectors[key] - clusters.centroids(domain)[label]) ** 2).sum()
        if label not in best or away <= best[label][0] + 1e-6:
            best[label] = (away, position)
    return sorted(position for _, position in best.values())


def test_each_occupied_cluster_gives_the_item_nearest_its_centroid_the_latest_on_a_tie(rig):
    shop = rig({"clusters.n_clusters": 4})
    found = shop.load(shop.chosen)
    for user in range(shop.histories.sequences.n_users):
        for domain in Domain:
            assert found.of(user, domain).tolist() == slow_choice(shop, user, domain)


@pytest.mark.parametrize("scope", ["catalogue", "user"])
def test_a_user_has_at_most_n_clusters_representatives_of_the_right_domain(rig, scope):
    shop = rig({"clusters.n_clusters": 3, "clusters.scope": scope})
    found = shop.load(shop.chosen)
    keys = found.keys(shop.histories.sequences)
    sizes = np.diff(found.offsets)
    assert sizes.max() == 3
    assert (shop.catalogue.domain[keys] == np.repeat(np.arange(len(sizes)) % 2, sizes)).all()


def test_with_as_many_clusters_as_items_per_user_every_distinct_item_represents_itself(rig):
    shop = rig({"clusters.n_clusters": 50, "clusters.scope": "user"})
    found = shop.load(shop.chosen)
    user = 33  # [0, 0, 30, 0]
    assert found.of(user, Domain.A).tolist() == [3]
    assert found.of(user, Domain.B).tolist() == [2]
    assert len(found.of(32, Domain.A)) == 0


def test_an_item_met_twice_counts_at_its_last_occurrence():
    events, rows = last_occurrences(pack([[5, 1, 5], [5]]), np.array([0, 0, 0, 0, 0, 1]))
    assert events.tolist() == [1, 2, 3]
    assert rows.tolist() == [0, 1, 3]


def test_nearest_per_cluster_keeps_rows_and_clusters_apart():
    rows = np.array([0, 0, 0, 1])
    labels = np.array([0, 0, 1, 1])
    away = np.array([0.5, 0.1, 0.9, 0.2], dtype=np.float32)
    assert nearest_per_cluster(rows, labels, away, np.arange(4)).tolist() == [1, 2, 3]


def test_one_user_without_any_event_is_no_trouble(rig):
    shop = rig(histories=Histories(pack([[]])))
    assert shop.load(shop.chosen).offsets.tolist() == [0, 0, 0]
