import pytest

from edt_core.config import Config
from edt_core.experiments.names import Name, experiment
from edt_core.stage import Step
from edt_core.variants import Variant


@pytest.mark.parametrize("name", Name)
def test_an_experiment_names_each_of_its_runs_once_and_changes_known_settings(name):
    specs = experiment(name).specs(Config())
    labels = [spec.label for spec in specs]
    assert len(set(labels)) == len(labels) > 0
    for spec in specs:
        Config().changed(spec.settings)


@pytest.mark.parametrize(
    ("name", "until"),
    [
        (Name.STATISTICS, Step.INSERT), (Name.RATIO, Step.INSERT),
        (Name.TRANSFERABILITY, Step.INSERT), (Name.SIMILARITY, Step.PROFILE),
        (Name.COST, Step.PROFILE),
    ],
)  # fmt: skip
def test_numbers_of_the_data_need_no_training(name, until):
    assert {spec.until for spec in experiment(name).specs(Config())} == {until}


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        (Name.ALIGNMENT, "pretraining.alignment_weight", [0.1, 0.3, 0.5, 0.7, 1.0, 5.0]),
        (Name.THRESHOLD, "noise_filter.threshold", [0.85, 0.9, 0.95]),
        (Name.CLUSTERS, "clusters.n_clusters", [5, 10, 15]),
    ],
)
def test_a_sweep_changes_one_setting_to_the_papers_values(name, key, values):
    specs = experiment(name).specs(Config())
    assert [dict(spec.settings) for spec in specs] == [{key: value} for value in values]


def test_the_ablation_has_every_variant_of_tables_2_and_8():
    made = {spec.variant for spec in experiment(Name.ABLATION).specs(Config())}
    assert len(made) == 8
    assert {Variant.LLM_EDT, Variant.WITHOUT_FINE_TUNING, Variant.WITHOUT_SRA} < made
