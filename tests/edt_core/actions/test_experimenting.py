"""Experiments on a tiny project, as the command line runs them."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edt_core.actions.configuring import change
from edt_core.actions.experimenting import run_experiment, told
from edt_core.actions.importing import import_dataset
from edt_core.actions.reporting import figure
from edt_core.actions.running import run_variant
from edt_core.data.importing import DomainFiles
from edt_core.data.shop import make_shop, write_shop
from edt_core.errors import MissingInput, RunCancelled, UsageError
from edt_core.evaluation.table import FORMATS, render
from edt_core.events import StageFinished, silence
from edt_core.experiments.names import Name, experiment
from edt_core.store import runs
from edt_core.store.home import Home
from edt_core.store.project import Project

SETTINGS = {
    "embedding.dimensions": 16,
    "pretraining.width": 16,
    "pretraining.epochs": 1,
    "fine_tuning.epochs": 1,
    "fine_tuning.adapter_width": 8,
    "evaluation.n_negatives": 20,
    "noise_filter.threshold_kind": "percentile",
    "noise_filter.threshold": 0.5,
}


def go_on() -> None:
    """Nobody asked to stop."""


def made(project: Project, name: str, **given):
    given = {"seeds": [42], "device": "cpu", "sink": silence, "check": go_on} | given
    return run_experiment(project, name, **given)


def imported_into(home: Home, folder: Path) -> Project:
    paths = write_shop(make_shop(n_users=80), folder)
    project = home.create("tiny")
    import_dataset(
        project,
        domains=(
            DomainFiles("outdoor", paths[0], paths[1]),
            DomainFiles("kitchen", paths[2], paths[3]),
        ),
        layout="csv",
        recipe="none",
        sink=silence,
    )
    change(project, SETTINGS)
    return project


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose runs the tests of this file share: what one made, another reuses."""
    folder = tmp_path_factory.mktemp("tiny")
    project = imported_into(Home(folder / "home"), folder)
    yield project
    project.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Project]:
    project = imported_into(Home(tmp_path / "home"), tmp_path)
    yield project
    project.close()


def test_figures_of_the_data_train_nothing(fresh):
    finished = []

    def sink(event):
        if isinstance(event, StageFinished):
            finished.append(event.step)

    tables = made(fresh, "statistics", sink=sink)
    assert finished
    assert not {"profile", "pretrain", "finetune", "evaluate"} & set(finished)
    outdoor, kitchen, both = (row[0].value for row in tables[0].rows)
    assert (outdoor, kitchen, both) == ("outdoor", "kitchen", "both")
    assert told(fresh, "statistics") == tables
    assert told(fresh, "ratio")  # stands on the same stages


def test_what_was_not_made_is_told_with_the_command_that_makes_it(fresh):
    with pytest.raises(MissingInput) as error:
        told(fresh, "statistics")
    assert "edt experiment statistics --project tiny" in error.value.hint


def test_an_unknown_experiment_names_the_known_ones(tiny):
    for act in (told, made):
        with pytest.raises(UsageError) as error:
            act(tiny, "table-99")
        assert "overall" in error.value.hint


@pytest.mark.parametrize("name", Name)
def test_every_experiment_is_made_and_told_again_from_what_is_stored(tiny, name):
    tables = made(tiny, name)
    assert tables
    for table in tables:
        assert "stand-in" in table.notes[-1]
        for form in FORMATS:
            assert render(table, form)
    again = told(tiny, name)
    assert [table.columns for table in again] == [table.columns for table in tables]
    if name is not Name.EFFICIENCY:  # measures anew
        assert again == tables
    if experiment(name).draw:
        drawn = ElementTree.fromstring(figure(tiny, name))
        assert any(True for _ in drawn.iter("{http://www.w3.org/2000/svg}path"))
    else:
        with pytest.raises(UsageError, match="no figure"):
            figure(tiny, name)


def test_an_experiment_made_twice_computes_nothing_the_second_time(tiny):
    made(tiny, "cold-start")
    computed = []

    def sink(event):
        if isinstance(event, StageFinished) and not event.reused:
            computed.append(event.name)

    before = runs.run_lines(tiny)
    made(tiny, "cold-start", sink=sink)
    assert computed == []
    assert runs.run_lines(tiny) == before


def test_a_run_that_changes_nothing_is_shared_with_edt_run(tiny):
    made(tiny, "alignment")
    labels = [line.label for line in runs.run_lines(tiny) if line.target == "evaluate"]
    assert labels.count("LLM-EDT") == 1
    assert "LLM-EDT alpha=0.1" in labels
    assert "LLM-EDT alpha=0.7" not in labels  # the project's own weight
    outcome = run_variant(tiny, seeds=[42], device="cpu", sink=silence, check=go_on)
    assert outcome.computed == 0


def test_results_of_other_settings_are_not_told(tiny):
    made(tiny, "domain-ratio")
    change(tiny, {"noise_filter.top_k": 1})
    try:
        with pytest.raises(MissingInput):
            told(tiny, "domain-ratio")
    finally:
        change(tiny, {"noise_filter.top_k": 3})


def test_a_stopped_experiment_goes_on_where_it_was(fresh):
    def stop():
        raise RunCancelled("Stopped.", hint="Run it again.")

    with pytest.raises(RunCancelled):
        made(fresh, "statistics", check=stop)
    assert fresh.holder() is None
    assert made(fresh, "statistics")
