"""What a table says of where its rows come from."""

import json
from dataclasses import replace

import pytest
from finished import finished, shop

from edt_core.actions.comparing import compare
from edt_core.actions.provenance import Origin, origin, seed_notes, setting_notes, stand_in_notes_of
from edt_core.actions.reporting import results_table, run_rows
from edt_core.config import Config
from edt_core.errors import MissingInput
from edt_core.evaluation.table import render
from edt_core.store import runs
from edt_core.store.datasets import save_dataset
from edt_core.store.tables import Run


@pytest.fixture
def project(tmp_path):
    with finished(tmp_path) as made:
        yield made


def answered_by(project, number, provider, **more):
    """Let a run have been asked with another language model or other settings."""
    with project.database.write() as session:
        row = session.get(Run, number)
        changed = Config.model_validate(json.loads(row.config)).changed(
            {"llm.provider": provider, **more}
        )
        row.config = json.dumps(changed.model_dump(mode="json"))


def said(table):
    return [note for note in table.notes if "no LLM" in note]


def test_the_stand_in_is_disclosed_by_the_rows_that_ask_whatever_the_first_rows_settings(project):
    assert len(said(results_table(project))) == 1
    answered_by(project, 1, "openai")
    assert said(results_table(project)) == []
    answered_by(project, 1, "stand-in")
    for number in (2, 3):  # baselines ask nobody, whatever their settings say
        answered_by(project, number, "openai")
    assert len(said(results_table(project))) == 1
    assert said(compare(project, 2, 3).table) == []
    for table in (
        compare(project, 2, 1, groups=True).table,
        *compare(project, 2, 1, groups=True).groups,
    ):
        assert len(said(table)) == 1
    assert "no LLM" in render(results_table(project), "csv")
    assert [row.stand_in for row in run_rows(project)] == [False, False, True]


def test_of_several_rows_only_those_of_the_stand_in_are_named(project):
    mine = origin(project, runs.run_line(project, 1))
    bought = replace(mine, line=replace(mine.line, config={"llm": {"provider": "openai"}}))
    baseline = origin(project, runs.run_line(project, 2))
    (note,) = stand_in_notes_of({"SASRec": baseline, "a": bought, "b": mine})
    assert note.startswith("Items and profiles of b come from")
    (note,) = stand_in_notes_of({"SASRec": baseline, "b": mine})
    assert note.startswith("Items and profiles come from")


def test_seeds_and_settings_that_differ_are_told_where_they_decide_something(project):
    rows = {line.label: origin(project, line) for line in runs.run_lines(project)}
    assert seed_notes(rows) == []
    assert setting_notes(rows) == [
        "The runs differ in settings: pretraining.batch_size 512 (SASRec), 64 (LLM-EDT)."
    ]
    answered_by(project, 2, "openai", **{"noise_filter.threshold": 0.5, "clusters.n_clusters": 3})
    answered_by(project, 3, "stand-in", **{"pretraining.width": 64, "evaluation.n_negatives": 7})
    rows = {line.label: origin(project, line) for line in runs.run_lines(project)}
    (note,) = setting_notes(rows)  # the filter is no part of SASRec, the width none of counting
    assert "threshold" not in note
    assert "width" not in note
    assert "evaluation.n_negatives 7 (Popularity), 100 (SASRec, LLM-EDT)" in note
    other = replace(rows["SASRec"], line=replace(rows["SASRec"].line, seeds=[42]))
    assert seed_notes(rows | {"SASRec": other}) == [
        "The runs differ in seeds: 42 (SASRec), 42 44 (LLM-EDT)."
    ]


def test_runs_of_data_imported_before_are_marked_and_not_compared(project):
    save_dataset(project, replace(shop(), digest="d2"))
    assert all(row.earlier for row in run_rows(project))
    with pytest.raises(MissingInput, match="Run 1 is about data that was imported before"):
        compare(project, 1, 2)


def test_a_run_without_stages_is_no_stand_in(project):
    line = runs.run_line(project, 1)
    assert not Origin(line, frozenset(), frozenset()).stand_in
