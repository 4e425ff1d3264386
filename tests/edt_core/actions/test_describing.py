from edt_core.actions.describing import _PAPER, described, section_help, written
from edt_core.config import Config


def by_key():
    return {line.key: line for line in described()}


def test_every_setting_is_described_in_its_order():
    assert [line.key for line in described()] == list(Config().flat())
    assert all(line.help and line.type for line in described())
    assert {line.section for line in described()} == set(section_help())


def test_ranges_and_choices_are_those_of_the_fields():
    known = by_key()
    assert known["clusters.n_clusters"].allowed == "whole number from 1 to 1000"
    assert known["pretraining.dropout"].allowed == "number from 0 below 1"
    assert known["insertion.position"].choices == ("anchor", "end", "random")
    assert known["review.required"].allowed == "true | false"
    assert known["evaluation.cutoffs"].type == "list"


def test_the_papers_names_belong_to_settings_that_exist():
    assert set(_PAPER) <= set(Config().flat())
    assert by_key()["noise_filter.threshold"].paper == "tau of Eq. 6"


def test_a_value_is_written_as_it_is_typed():
    config = Config()
    for key, value in config.flat().items():
        assert config.changed({key: written(value)}) == config, key
