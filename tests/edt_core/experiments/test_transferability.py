import numpy as np
import pytest

from edt_core.data.sequences import Domain
from edt_core.data.vectors import unit_rows
from edt_core.experiments.transferability import (
    Items,
    closeness_table,
    mean_cosine,
    nearest_cosine,
    points_table,
)


def some_items(n: int = 12, n_new: int = 4) -> Items:
    rng = np.random.default_rng(1)
    vectors = unit_rows(rng.normal(size=(n + n_new, 5)).astype(np.float32))
    return Items(vectors, np.arange(n + n_new) % 2, np.arange(n + n_new) >= n)


def test_closeness_is_over_pairs_across_the_domains():
    items = some_items()
    pairs = [
        [float(a @ b) for b in items.vectors[items.domains == 1]]
        for a in items.vectors[items.domains == 0]
    ]
    assert mean_cosine(items) == pytest.approx(np.mean(pairs), abs=1e-6)
    assert nearest_cosine(items, Domain.A) == pytest.approx(np.max(pairs, axis=1).mean(), abs=1e-6)
    assert nearest_cosine(items, Domain.B) == pytest.approx(np.max(pairs, axis=0).mean(), abs=1e-6)


def test_before_augmentation_stand_real_items_alone():
    before, after = closeness_table(some_items(), ["food", "kitchen"]).rows
    assert [cell.value for cell in before[:3]] == ["before", 6, 6]
    assert [cell.value for cell in after[:3]] == ["after", 8, 8]


def test_a_domain_without_items_is_close_to_nothing():
    items = some_items().where(np.arange(16) % 2 == 0)
    assert [cell.value for cell in closeness_table(items, ["food", "kitchen"]).rows[0][2:]] == [
        0,
        None,
        None,
        None,
    ]


def test_the_map_names_every_point_and_is_the_same_twice():
    table = points_table(some_items(), ["food", "kitchen"])
    kinds = [(row[0].value, row[1].value) for row in table.rows]
    assert kinds == (
        [("real", "food")] * 6 + [("real", "kitchen")] * 6
        + [("generated", "food")] * 2 + [("generated", "kitchen")] * 2
    )  # fmt: skip
    assert len({(row[2].value, row[3].value) for row in table.rows}) == 16
    assert points_table(some_items(), ["food", "kitchen"]) == table


def test_a_handful_of_items_needs_no_map():
    assert len(points_table(some_items(2, 1), ["a", "b"]).rows) == 3


def test_items_that_are_all_alike_are_mapped_to_one_place():
    alike = Items(np.ones((8, 3), np.float32), np.arange(8) % 2, np.zeros(8, dtype=bool))
    table = points_table(alike, ["food", "kitchen"])
    assert [(row[2].value, row[3].value) for row in table.rows] == [(0.0, 0.0)] * 8


def test_the_columns_bear_the_domains_names():
    columns = closeness_table(some_items(), ["food", "kitchen"]).columns
    assert columns[1:3] == ("items of food", "items of kitchen")
    assert columns[4:] == ("nearest of food in kitchen", "nearest of kitchen in food")
