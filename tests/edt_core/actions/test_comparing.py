import pytest
from finished import finished

from edt_core.actions.comparing import compare, differing
from edt_core.actions.curves import export_comparison, run_curves
from edt_core.actions.lineage import calls_behind, lineage
from edt_core.actions.reporting import run_detail, run_rows
from edt_core.errors import UsageError
from edt_core.store.calls import calls
from edt_core.store.runs import metric_means


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with finished(tmp_path_factory.mktemp("home")) as made:
        yield made


def test_only_settings_that_differ_are_told():
    settings = [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 2, "c": 4}]
    assert differing(settings) == [("b", "2", "3", "2"), ("c", "-", "-", "4")]


def test_two_runs_are_tested_twice_and_three_with_holms_correction(project):
    two = compare(project, 1, 2)
    assert two.settings == [
        ("model", "LLM-EDT", "SASRec"), ("pretraining.batch_size", "64", "512"),
    ]  # fmt: skip
    assert compare(project, 2, 3).settings == [("model", "SASRec", "Popularity")]
    assert any(note.startswith("paired t, 12 users") for note in two.table.notes)
    assert two.groups == []
    better, worse = two.table.rows
    assert [cell.star for cell in better[1:]] == [False] * 4 + [False, True] * 2  # N@10 of kitchen
    assert not any(cell.star for cell in worse)
    assert any(note.startswith("* better than every other") for note in two.table.notes)
    stars = [[cell.star for cell in row] for row in compare(project, 2, 1).table.rows]
    assert [any(row) for row in stars] == [False, True]  # whichever stands first
    three = compare(project, 2, 1, 3, groups=True)
    assert three.table.rows[0][0].value == "run 2: SASRec"
    assert any("Holm-corrected over 2 comparisons, run 2: SASRec" in n for n in three.table.notes)
    assert len(three.groups) == 4


def test_a_groups_best_run_is_marked_in_its_row(project):
    by_length = compare(project, 1, 2, 3, groups=True).groups[0]
    short = by_length.rows[0]
    assert (short[0].value, short[1].value) == ("[0,5)", 12)
    assert [cell.mark for cell in short[2:]] == ["best", "second", ""]
    assert short[2].spread > 0  # two seeds that differ
    assert all(cell.value is None for cell in by_length.rows[1][2:])  # a group without users


@pytest.mark.parametrize("numbers", [(1,), (1, 1), (1, 77)])
def test_what_cannot_be_compared_is_refused(project, numbers):
    with pytest.raises(UsageError):
        compare(project, *numbers)


def test_a_list_of_runs_has_means_over_seeds_by_domain(project):
    rows = {row.id: row for row in run_rows(project)}
    assert list(rows[1].domains) == ["food", "kitchen"]
    assert rows[2].domains["food"]["H@10"] == 1.0
    means = metric_means(project, ["full.ndcg@10"])
    assert rows[1].ndcg == means[1]["all", "full.ndcg@10"]
    found = run_detail(project, 1)
    assert found.changed == {"pretraining.batch_size": 64}
    assert found.domains == ["all", "food", "kitchen"]
    assert dict(found.metrics)["full.ndcg@10"][0] == pytest.approx(rows[1].ndcg)


def test_lineage_leads_from_a_run_to_the_calls_that_wrote_its_training_data(project):
    found = lineage(project, 1)
    assert (found.events, found.generated, found.items, found.users) == (26, 2, 2, 2)
    assert found.most_used == [(1, 1), (2, 1)]  # the draft that was filtered out counts nowhere
    assert [(line.template, line.calls) for line in found.calls] == [
        ("generate", 2),
        ("summarize", 1),
        ("analyze", 1),
    ]
    assert sum(line.cost for line in found.calls) == 0.5
    assert lineage(project, 2).generated == 0
    behind = calls_behind(project, 1)
    assert len(behind) == sum(line.calls for line in found.calls)
    assert {line.id for line in calls(project, ids=behind)} == set(behind)
    assert calls_behind(project, 3) == []
    assert "raw histories" in lineage(project, 3).note


def test_curves_are_told_apart_by_run_and_seed_in_epochs(project):
    found = run_curves(project, [1, 2, 3])
    assert list(found) == ["pretrain loss", "pretrain ndcg@10"]
    names = [curve.name for curve in found["pretrain loss"]]
    assert names == [
        "run 1 LLM-EDT seed 42",
        "run 1 LLM-EDT seed 44",
        "run 2 SASRec seed 42",
        "run 2 SASRec seed 44",
    ]
    assert found["pretrain loss"][0].epochs.tolist() == [1, 2, 3, 4, 5]


def test_an_export_writes_tables_and_the_figure_into_the_reports(project):
    paths = export_comparison(project, [1, 2])
    assert {path.parent.name for path in paths} == {"reports"}
    assert {path.suffix for path in paths} == {".md", ".tex", ".csv", ".svg"}
    by_name = {path.name: path.read_text() for path in paths}
    assert "run 1 LLM-EDT seed 42" in by_name["runs-1-2-pretrain-ndcg-10.svg"]
    assert (
        by_name["runs-1-2-pretrain-ndcg-10.csv"].splitlines()[1] == "run 1 LLM-EDT seed 42,1.0,0.1"
    )
    assert r"\textbf" in by_name["runs-1-2.tex"]
    groups = [
        text for name, text in by_name.items() if name.endswith(".svg") and "ndcg" not in name
    ]
    assert len(groups) == 4
    assert all("run 2: SASRec" in text and "[0,5)" in text for text in groups[:1])
    with pytest.raises(UsageError, match="no curve 'accuracy'"):
        export_comparison(project, [1, 2], "accuracy")
