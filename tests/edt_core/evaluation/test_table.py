import csv
import io
import json

import pytest

from edt_core.errors import UsageError
from edt_core.evaluation.table import Cell, Table, csv_safe, marked, render


def table(*rows, columns=("Model", "H@10"), **more):
    return Table("Results", columns, tuple(rows), **more)


def row(name, value, **more):
    return (Cell(name), Cell(value, **more))


def test_best_and_second_are_marked_and_equal_looking_values_share_a_mark():
    shown = marked(
        table(row("a", 0.5), row("b", 0.30001), row("c", 0.30004), row("d", None), row("e", 0.1)),
        ("H@10",),
    )
    assert [each[1].mark for each in shown.rows] == ["best", "second", "second", "", ""]


def test_a_single_value_is_not_the_best_of_anything():
    assert marked(table(row("a", 0.5), row("b", None)), ("H@10",)).rows[0][1].mark == ""


def test_markdown_bolds_underlines_and_stars():
    shown = marked(table(row("a", 0.5, star=True), row("b|c", 0.25, spread=0.01)), ("H@10",))
    lines = render(shown, "md").splitlines()
    assert lines[2:] == [
        "| Model | H@10 |",
        "| --- | ---: |",
        r"| a | **0.5000**\* |",
        r"| b\|c | <u>0.2500 ±0.0100</u> |",
    ]


def test_latex_is_booktabs_and_escapes_everything():
    shown = render(
        marked(table(row("a_b & 5% $x^2$ \\end", 0.5), row("b", 0.25)), ("H@10",)), "latex"
    )
    assert r"a\_b \& 5\% \$x\textasciicircum{}2\$ \textbackslash{}end & \textbf{0.5000} \\" in shown
    assert r"\underline{0.2500}" in shown
    assert shown.count(r"\toprule") == shown.count(r"\midrule") == shown.count(r"\bottomrule") == 1
    assert shown.count("{") == shown.count("}")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_csv_neutralises_formulas(start):
    safe = csv_safe(f"{start}cmd|' /C calc'!A0")
    assert safe.startswith("'")
    assert "\n" not in safe


def test_csv_says_below_its_rows_what_has_to_be_said_of_them():
    table = Table("t", ("model", "N@10"), ((Cell("a"), Cell(0.5)),), ("No LLM\nresult.", "Two."))
    assert render(table, "csv") == "model,N@10\na,0.5\n# No LLM result.\n# Two.\n"


def test_csv_keeps_numbers_and_gives_spreads_their_own_column():
    shown = table(row("=1+1", -0.5, spread=0.25), row("b", float("nan")))
    rows = list(csv.reader(io.StringIO(render(shown, "csv"))))
    assert rows == [["Model", "H@10", "H@10 sd"], ["'=1+1", "-0.5", "0.25"], ["b", "", ""]]


def test_json_holds_full_precision_and_null_for_nothing():
    shown = json.loads(render(table(row("a", 1 / 3), row("b", float("inf"))), "json"))
    assert shown["rows"][0][1]["value"] == 1 / 3
    assert shown["rows"][1][1]["value"] is None
    assert shown["columns"] == ["Model", "H@10"]


def test_text_is_aligned_and_harmless_to_a_terminal():
    noted = table(row("\x1b[31mred\u202e", 0.5), row("b", 0.25), notes=("a\nnote",))
    shown = render(marked(noted, ("H@10",)), "text")
    assert shown.isprintable() or all(c.isprintable() or c == "\n" for c in shown)
    lines = shown.splitlines()
    assert lines[3].index("0.5000") == lines[4].index("0.2500")
    assert lines[-1] == "a note"


def test_an_unknown_format_is_named():
    with pytest.raises(UsageError, match="docx"):
        render(table(), "docx")


def test_a_row_needs_a_cell_per_column():
    with pytest.raises(ValueError, match="one cell per column"):
        table((Cell("a"),))
