import numpy as np

from edt_core.evaluation.groups import Grouping
from edt_core.experiments.grouped import grouped_table

GROUPING = Grouping("length", ("short", "long", "none"), np.array([0, 0, 1, 1]))


def rows(table):
    return [
        {name: cell.value for name, cell in zip(table.columns, row, strict=True)}
        for row in table.rows
    ]


def test_every_group_has_a_row_per_model_with_its_users(ranked):
    results = {"with": [ranked([1, 1, 20, 1])], "without": [ranked([20, 1, 1, 20])]}
    found = rows(grouped_table(results, GROUPING, ["a", "b"], title="t"))
    assert [(row["group"], row["model"]) for row in found[:4]] == [
        ("short", "with"), ("short", "without"), ("long", "with"), ("long", "without"),
    ]  # fmt: skip
    assert [row["a H@10 full"] for row in found[:4]] == [1.0, 0.0, 0.0, 1.0]
    assert [row["b H@10 full"] for row in found[:4]] == [1.0, 1.0, 1.0, 0.0]
    assert (found[0]["a users"], found[0]["b users"]) == (1, 1)


def test_a_group_without_users_is_shown_as_empty(ranked):
    empty = rows(grouped_table({"m": [ranked([1, 1, 1, 1])]}, GROUPING, ["a", "b"], title="t"))[2]
    assert empty["group"] == "none"
    assert (empty["a users"], empty["a N@10 full"], empty["b H@10 sampled"]) == (0, None, None)
