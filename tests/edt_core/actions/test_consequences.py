from pathlib import Path

import pytest
from standing import make_stand, standing

from edt_core.actions.configuring import change
from edt_core.actions.consequences import consequences
from edt_core.errors import UsageError
from edt_core.stage import Step
from edt_core.store.home import Home


def test_a_threshold_makes_stale_what_lies_behind_the_filter_and_nothing_before(tmp_path: Path):
    with standing(tmp_path) as project:
        found = consequences(project, {"noise_filter.threshold": "0.5"})
    assert found.stale == [
        "filter", "review", "insert", "profile", "pretrain", "finetune", "evaluate",
    ]  # fmt: skip
    assert [(line.before, line.after) for line in found.changes] == [(0.9, 0.5)]
    assert found.computed > 0
    assert found.calls > 0  # profiles are written from the augmented sequences


def test_what_cannot_change_a_result_makes_nothing_stale(tmp_path: Path):
    with standing(tmp_path) as project:
        found = consequences(project, {"llm.concurrency": "2"})
    assert (found.stale, found.computed, found.calls, found.cost) == ([], 0, 0, 0.0)
    assert found.sentence == "would make nothing stale"


def test_training_settings_ask_no_model_again(tmp_path: Path):
    with standing(tmp_path) as project:
        found = consequences(project, {"pretraining.temperature": "0.5"})
    assert found.stale == ["pretrain", "finetune", "evaluate"]
    assert found.sentence == (
        "would make stale: pretrain, finetune, evaluate; 9 results to compute; "
        "calls to redo: 0; cost $0.00"
    )


def test_what_was_never_made_does_not_go_stale(tmp_path: Path):
    with standing(tmp_path, steps=[Step.EMBED, Step.GENERATE]) as project:
        found = consequences(project, {"noise_filter.threshold": "0.5"})
    assert found.stale == []
    assert found.computed == 0  # a run has to make the rest today, too


def test_what_is_missing_anyway_is_no_consequence(tmp_path: Path):
    with standing(tmp_path, steps=[Step.EMBED, Step.GENERATE, Step.FILTER]) as project:
        found = consequences(project, {"noise_filter.threshold": "0.5"})
    assert found.stale == ["filter"]
    assert found.sentence.startswith("would make stale: filter; 1 result to compute;")


def test_results_of_an_earlier_value_are_ready_again(tmp_path: Path):
    with standing(tmp_path) as project:
        change(project, {"noise_filter.top_k": 1})
        found = consequences(project, {"noise_filter.top_k": 3})
        assert found.stale == []
        assert found.ready[0] == "filter"
        make_stand(project, [Step.FILTER])
        assert consequences(project, {"noise_filter.top_k": 2}).stale == ["filter"]


def test_a_paid_model_has_a_price_and_an_unknown_one_says_so(tmp_path: Path):
    with standing(tmp_path) as project:
        change(project, {"llm.provider": "openai", "llm.model": "nobody-knows-it"})
        make_stand(project, list(Step))
        found = consequences(project, {"generator.n_generate": "6"})
    assert found.calls > 0
    assert found.cost is None
    assert "cost unknown" in found.sentence


def test_the_same_value_changes_nothing_and_a_wrong_one_is_an_error(tmp_path: Path):
    with standing(tmp_path) as project:
        assert consequences(project, {"noise_filter.top_k": "3"}).sentence == "changes nothing"
        with pytest.raises(UsageError, match=r"noise_filter\.top_k"):
            consequences(project, {"noise_filter.top_k": "0"})


def test_without_data_nothing_can_go_stale(tmp_path: Path):
    with Home(tmp_path).create("empty") as project:
        assert consequences(project, {"noise_filter.top_k": "1"}).stale == []
