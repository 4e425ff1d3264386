import numpy as np
import pytest

from edt_core.config import Config
from edt_core.errors import UsageError
from edt_core.evaluation.table import Cell
from edt_core.experiments.overall import MEASURES, better_than_all, overall_table, specs
from edt_core.variants import Variant

NAMES = ["food", "kitchen"]


def test_each_domain_and_protocol_has_its_own_columns(ranked):
    table = overall_table({"m": [ranked([1, 20, 3, 20])]}, NAMES)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["model"] == Cell("m")
    assert row["food H@10 full"].value == 1.0
    assert row["kitchen H@10 full"].value == 0.0
    assert row["kitchen H@10 sampled"].value == 1.0  # rank 20 halves to 10 among the negatives
    assert row["food N@10 full"].value == pytest.approx((1 + 1 / np.log2(4)) / 2)


def test_validation_ranks_enter_no_table(ranked):
    found = ranked([1, 1])
    found.rank_full[:2] = 1e6
    table = overall_table({"m": [found]}, NAMES)
    assert [cell.value for cell in table.rows[0][1:]] == [1.0] * len(MEASURES)


def test_the_spread_is_over_seeds_and_a_single_seed_has_none(ranked):
    two = overall_table({"m": [ranked([1, 1]), ranked([20, 1])]}, NAMES)
    assert two.rows[0][1].value == 0.5
    assert two.rows[0][1].spread == pytest.approx(np.std([1, 0], ddof=1))
    assert "2 seeds" in two.notes[0]
    assert overall_table({"m": [ranked([1, 1])]}, NAMES).rows[0][1].spread is None


def test_a_row_of_fewer_seeds_is_named(ranked):
    two, one = [ranked([1, 1]), ranked([20, 1])], [ranked([1, 1])]
    notes = overall_table({"a": two, "b": one, "c": two}, NAMES).notes
    assert notes == ("Means over 2 seeds (b: 1), standard deviation behind ±.",)


def test_two_tests_that_part_say_so(ranked):
    """One user of twelve gains everything, eleven lose a little: the two tests can't agree."""
    ours, other = ranked([1] * 2 + [3] * 18), ranked([50] * 2 + [2] * 18)
    said = overall_table({"ours": [ours], "other": [other]}, NAMES, reference="ours").notes[-1]
    assert said.startswith("other: ")
    assert said.endswith("significant by Wilcoxon alone")


def some_ranks(low: int, high: int, n: int = 400) -> list[float]:
    return np.random.default_rng(low).integers(low, high, n).astype(float).tolist()


def test_only_a_model_that_beats_every_other_significantly_gets_a_star(ranked):
    results = {
        "ours": [ranked(some_ranks(1, 5))],
        "weak": [ranked(some_ranks(5, 40))],
        "weaker": [ranked(some_ranks(15, 59))],
    }
    assert better_than_all(results, "ours") == [True] * len(MEASURES)
    assert better_than_all(results, "weak") == [False] * len(MEASURES)
    table = overall_table(results, NAMES, reference="ours")
    assert [any(cell.star for cell in row) for row in table.rows] == [True, False, False]
    results["copy"] = results["ours"]
    assert not any(better_than_all(results, "ours"))


def test_the_paired_tests_stand_below_the_table(ranked):
    results = {"ours": [ranked([1, 2, 1, 2])], "other": [ranked([1, 2, 1, 2])]}
    notes = overall_table(results, NAMES, reference="ours", notes=["Said."]).notes
    assert "4 users" in notes[0]
    assert notes[1] == "other: +0.0000, t-test p = 1, Wilcoxon p = 1, not significant"
    assert notes[-1] == "Said."


def test_a_domain_without_targets_shows_dashes_and_no_star(ranked):
    results = {"ours": [ranked([1])], "other": [ranked([5])]}
    cells = overall_table(results, NAMES).rows[0]
    assert [cell.value for cell in cells[5:]] == [None] * 4
    assert not any(better_than_all(results, "ours"))


def test_models_of_different_targets_are_not_compared(ranked):
    with pytest.raises(UsageError):
        overall_table({"a": [ranked([1, 2])], "b": [ranked([1, 2, 3])]}, NAMES, reference="a")


def test_table_1_has_the_full_method_first_and_every_counting_model():
    variants = [spec.variant for spec in specs(Config())]
    assert variants[0] is Variant.LLM_EDT
    assert {Variant.POPULARITY, Variant.MARKOV, Variant.ITEM_KNN} < set(variants)
