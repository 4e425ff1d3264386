"""What a table says where the project's settings take the sense out of its rows."""

import pytest

from edt_core.config import Config
from edt_core.experiments.experiment import Evidence
from edt_core.experiments.names import Name, experiment
from edt_core.recipes import pipeline

TWINS = "One and the same model under these settings: "


@pytest.fixture
def notes_of(ranked):
    """The notes of an experiment's first table, whatever its runs' ranks are."""

    def found(name: Name, **settings) -> list[str]:
        project = Config().changed({key.replace("__", "."): v for key, v in settings.items()})
        runs = {
            spec.label: [pipeline(spec.variant, project.changed(spec.settings), "0" * 40, 42)]
            for spec in experiment(name).specs(project)
        }
        ranks = ranked([1, 2, 3, 4])
        evidence = Evidence(["food", "kitchen"], 4, runs, lambda _: ranks, list, str, lambda: "cpu")
        return list(experiment(name).tell(evidence)[0].notes)

    return found


def test_rows_that_are_one_model_are_named(notes_of):
    notes = notes_of(Name.ABLATION, insertion__position="end")
    assert [n for n in notes if TWINS in n] == [f"{TWINS}LLM-EDT, w/o Inserting."]
    notes = notes_of(Name.ABLATION, generator__enabled=False)
    (said,) = [n for n in notes if TWINS in n]
    assert "LLM-EDT, w/o Aug., w/o Filtering" in said
    (said,) = [n for n in notes_of(Name.ALIGNMENT, profiles__enabled=False) if TWINS in n]
    assert said.count("alpha") == 6


@pytest.mark.parametrize("name", [Name.ABLATION, Name.OVERALL, Name.BACKBONES, Name.ALIGNMENT])
def test_the_papers_settings_leave_every_row_a_model_of_its_own(notes_of, name):
    assert not any(TWINS in note for note in notes_of(name))


def test_a_sweep_of_the_threshold_says_when_it_is_no_cosine_or_not_read(notes_of):
    assert not any("tau is" in note or "filter" in note for note in notes_of(Name.THRESHOLD))
    kind = {"noise_filter__threshold_kind": "percentile"}
    assert "percentile" in notes_of(Name.THRESHOLD, **kind)[-1]
    assert not any("percentile" in note for note in notes_of(Name.CLUSTERS, **kind))
    assert "switched off" in notes_of(Name.THRESHOLD, noise_filter__enabled=False)[-1]


def test_a_sweep_says_what_the_validation_targets_are_for_each_value(notes_of):
    (said,) = [note for note in notes_of(Name.CLUSTERS) if "validation" in note]
    assert said.endswith("LLM-EDT k=5: 0.0000, LLM-EDT k=10: 0.0000, LLM-EDT k=15: 0.0000.")
    assert not any("validation" in note for note in notes_of(Name.ABLATION))
