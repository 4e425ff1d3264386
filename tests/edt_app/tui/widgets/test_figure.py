import csv
import io
from xml.etree import ElementTree

import numpy as np

from edt_app.tui.widgets.figure import to_csv, to_svg
from edt_app.tui.widgets.plot import Series, View

SVG = "{http://www.w3.org/2000/svg}"
X = np.arange(5.0)


def test_svg_is_well_formed_whatever_the_names_hold() -> None:
    svg = to_svg([Series("<a> & \x1b[31m", X, X)], View(x_name="epoch"), title='"best" <b>')
    root = ElementTree.fromstring(svg)
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert any("<a> & " in (text or "") for text in texts)
    assert "\x1b" not in svg


def test_svg_breaks_a_curve_at_its_gap_and_dashes_the_second() -> None:
    y = np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    root = ElementTree.fromstring(to_svg([Series("a", X, y), Series("b", X, X)]))
    paths = [path for path in root.iter(f"{SVG}path") if path.get("class") != "grid"]
    assert paths[0].get("d").count("M") == 2
    assert paths[0].get("stroke-dasharray") != paths[2].get("stroke-dasharray")


def test_svg_of_nothing_says_so() -> None:
    assert "no points" in to_svg([])
    assert "no points" in to_svg([Series("a", X, X * np.nan)])


def test_csv_keeps_every_digit() -> None:
    series = [Series("a, b", X, np.array([0.1, np.nan, 1 / 3, 4, 5]))]
    rows = list(csv.DictReader(io.StringIO(to_csv(series))))
    assert rows[0] == {"series": "a, b", "x": "0.0", "y": "0.1"}
    assert rows[1]["y"] == ""
    assert float(rows[2]["y"]) == 1 / 3
