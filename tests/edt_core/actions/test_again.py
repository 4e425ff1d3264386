import pytest
from finished import finished

from edt_core.actions.again import again
from edt_core.actions.configuring import change
from edt_core.errors import UsageError
from edt_core.store.runs import NewRun, start_run


@pytest.fixture
def project(tmp_path):
    with finished(tmp_path) as project:
        yield project


def test_a_run_is_asked_for_with_its_own_settings_whatever_was_changed_since(project):
    change(project, {"pretraining.epochs": 7})
    words = again(project, 1)
    assert (words.variant, words.seed, words.until, words.device) == ("", [42, 44], "", "")
    # it had a batch size of its own, and the default number of epochs
    assert words.set == {"pretraining.batch_size": 64, "pretraining.epochs": 200}
    change(project, {"pretraining.batch_size": 64, "pretraining.epochs": 200})
    assert again(project, 1).set == {}


def test_what_a_model_sets_by_itself_is_not_said_twice(project):
    from edt_core.config import Config
    from edt_core.variants import Variant, settings_of

    config = Config().changed(settings_of(Variant.RANDOM_INSERTING)).model_dump(mode="json")
    number = start_run(project, NewRun("Random Inserting", "pretrain", [42], config, device="cpu"))
    words = again(project, number)
    assert (words.variant, words.until, words.device) == ("Random Inserting", "pretrain", "cpu")
    assert words.set == {}


def test_a_run_of_an_experiment_is_refused_with_what_to_do(project):
    number = start_run(project, NewRun("LLM-EDT, k=5", "evaluate", [42], {}))
    with pytest.raises(UsageError, match="part of an experiment") as told:
        again(project, number)
    assert "edt experiment" in told.value.hint
