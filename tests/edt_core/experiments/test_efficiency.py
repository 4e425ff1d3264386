import pytest

from edt_core.evaluation.table import as_json, from_json, to_csv, to_latex, to_text
from edt_core.experiments.efficiency import cost_table
from edt_core.experiments.experiment import Spending


def test_the_cost_is_shared_by_all_users():
    table = cost_table([Spending("generate", 10, 1, 900, 50, 0.02, 0)], 100)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["US$ per user"].value == pytest.approx(0.0002)
    assert (row["answered"].value, row["not answered"].value) == (10, 1)
    assert row["paper, US$ per user"].value == pytest.approx(0.000194)
    assert len(table.rows) == 1


def test_the_sum_stands_beside_the_papers_and_says_what_it_leaves_out():
    table = cost_table(
        [
            Spending("embed", 2, 0, 900, 0, 0.01, 0, reused=1),
            Spending("generate", 10, 3, 900, 50, 0.02, 0, cached_tokens=300, uncertain=3),
        ],
        10,
    )
    row = dict(zip(table.columns, table.rows[-1], strict=True))
    assert row["US$ per user"].value == pytest.approx(0.003)
    assert row["paper, US$ per user"].value == pytest.approx(0.00068)
    assert (row["of these reused"].value, row["of these cached"].value) == (1, 300)
    assert table.notes[-1].startswith("3 attempts that brought no usable answer may have been")


def test_calls_without_a_known_price_are_not_shown_as_free():
    table = cost_table([Spending("profile", 10, 0, 900, 50, 0.0, 4)], 100)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["US$"].value is None
    assert row["US$ per user"].value is None
    assert "4 answered calls" in table.notes[-1]


def test_one_answer_without_a_price_leaves_the_known_sum():
    table = cost_table(
        [Spending("generate", 10, 0, 900, 50, 0.02, 1), Spending("embed", 2, 0, 90, 0, 0.01, 0)], 10
    )
    rows = {row[0].value: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert (rows["generate"]["US$"].value, rows["generate"]["US$"].at_least) == (0.02, True)
    assert not rows["embed"]["US$"].at_least
    assert rows["all"]["US$ per user"].at_least
    assert "≥ 0.030000" in to_text(table)
    assert r"$\geq$ 0.030000" in to_latex(table)
    assert from_json(as_json(table)).rows[0][7].at_least
    assert "0.03," in to_csv(table)


def test_a_project_that_asked_for_nothing_has_an_empty_table():
    assert cost_table([], 0).rows == ()
