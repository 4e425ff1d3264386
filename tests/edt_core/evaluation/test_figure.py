from xml.etree import ElementTree

import pytest

from edt_core.evaluation.figure import Line, Panel, to_csv, to_svg

NAN = float("nan")


def paths(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path")]


def test_a_gap_interrupts_the_curve():
    svg = to_svg([Panel("t", [Line("a", [1, 2, 3, 4], [1, NAN, 3, 4])], "x")])
    assert paths(svg)[-1].count("M") == 2
    assert to_csv([Line("a", [1, 2], [1, NAN])], x_name="x", y_name="y").splitlines() == [
        "series,x,y",
        "a,1.0,1.0",
        "a,2.0,",
    ]


def test_names_are_text_in_every_format():
    lines = [Line("<script>\x1b&", [0, 1], [0, 1]), Line("=1+1", [0, 1], [1, 0])]
    svg = to_svg([Panel("", lines)])
    assert "<script>" not in svg
    assert "\x1b" not in svg
    assert "'=1+1,0.0,1.0" in to_csv(lines, x_name="x", y_name="y")


def test_nothing_one_point_and_a_constant_can_be_drawn():
    for lines in ([], [Line("a", [1], [2])], [Line("a", [1, 2], [3, 3])], [Line("a", [1], [NAN])]):
        ElementTree.fromstring(to_svg([Panel("", lines)]))


def test_panels_stand_two_beside_each_other_and_points_bear_signs():
    panel = Panel("t", [Line("a", [0, 1], [1, 2]), Line("b", [0, 1], [2, 1])], labels=["x", "y"])
    root = ElementTree.fromstring(to_svg([panel] * 3))
    moves = [group.get("transform") for group in root.iter("{http://www.w3.org/2000/svg}g")]
    height = int(root.get("height", "")) // 2
    assert moves == ["translate(0 0)", "translate(640 0)", f"translate(0 {height})"]
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("x") == texts.count("y") == 3
    alone = paths(to_svg([Panel("t", panel.lines, joined=False)]))
    assert [path.count("M") for path in alone[-2:]] == [3, 3]  # two points, and one in the legend


@pytest.mark.parametrize("top", [0.3, 0.6, 1, 60])
def test_an_axis_that_ends_at_a_round_value_names_it(top):
    svg = to_svg([Panel("", [Line("a", [0, 1], [0, top])])])
    root = ElementTree.fromstring(svg)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert f"{top:g}" in texts
