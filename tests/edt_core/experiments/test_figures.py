import numpy as np

from edt_core.evaluation.groups import Grouping
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.figures import as_map, by_group, by_ratio, by_value
from edt_core.experiments.grouped import grouped_table


def test_groups_stand_from_left_to_right_and_models_are_curves(ranked):
    grouping = Grouping("length", ("short", "long", "none"), np.array([0, 0, 1, 1]))
    results = {"with": [ranked([1, 1, 20, 1])], "without": [ranked([20, 1, 1, 20])]}
    panels = by_group([grouped_table(results, grouping, ["a", "b"], title="t")])
    assert [panel.title for panel in panels] == [
        "a H@10 full", "a N@10 full", "b H@10 full", "b N@10 full",
    ]  # fmt: skip
    assert all(panel.labels == ["short", "long", "none"] for panel in panels)
    drawn = {line.name: (list(line.x), list(line.y)[:2]) for line in panels[0].lines}
    assert drawn == {"with": ([0, 1, 2], [1, 0]), "without": ([0, 1, 2], [0, 1])}
    assert all(np.isnan(list(line.y)[2]) for panel in panels for line in panel.lines)


def test_a_sweep_names_its_values():
    rows = tuple((Cell(f"LLM-EDT alpha={v}"), Cell(v), Cell(v / 2)) for v in (0.1, 5.0))
    (panel,) = by_value([Table("t", ("model", "a H@10 full", "a H@10 sampled"), rows)])
    assert (panel.title, panel.labels) == ("a H@10 full", ["alpha=0.1", "alpha=5.0"])
    assert list(panel.lines[0].y) == [0.1, 5.0]


def test_the_ratio_is_drawn_in_shares():
    columns = ("r", "users before", "share before", "users after", "share after")
    rows = ((Cell("[0.0,0.1]"), Cell(1), Cell(0.25), Cell(3), Cell(0.75)),)
    (panel,) = by_ratio([Table("t", columns, rows)])
    assert {line.name: list(line.y) for line in panel.lines} == {
        "share before": [0.25],
        "share after": [0.75],
    }


def test_a_map_s_points_are_not_joined():
    rows = tuple(
        (Cell(kind), Cell(domain), Cell(1.0), Cell(2.0))
        for kind, domain in (("real", "a"), ("real", "b"), ("generated", "a"))
    )
    (panel,) = as_map([Table("t", (), ()), Table("t", ("kind", "domain", "x", "y"), rows)])
    assert not panel.joined
    assert [line.name for line in panel.lines] == ["a, real", "b, real", "a, generated"]
