"""Settings: what can't be one is refused, what can be said in two ways is kept in one."""

import pytest

from edt_core.actions.describing import described
from edt_core.config import Config
from edt_core.errors import UsageError


@pytest.mark.parametrize("cutoffs", ["", "0", "-5,10", "ten"])
def test_cutoffs_are_ranks(cutoffs: str):
    with pytest.raises(UsageError, match="cutoffs"):
        Config().changed({"evaluation.cutoffs": cutoffs})


def test_every_cutoff_counts_once():
    changed = Config().changed({"evaluation.cutoffs": "20,5,5,10"})
    assert changed.evaluation.cutoffs == (5, 10, 20)


@pytest.mark.parametrize("value", ["inf", "nan"])
def test_numbers_are_finite(value: str):
    with pytest.raises(UsageError, match="learning_rate"):
        Config().changed({"pretraining.learning_rate": value})


def test_every_whole_number_is_bounded():
    bounds = {line.key: line.range for line in described() if line.type in {"whole number", "list"}}
    assert len(bounds) > 20
    for key in bounds:
        for huge in (10**30, "9" * 400):
            with pytest.raises(UsageError, match=key):
                Config().changed({key: huge if key != "evaluation.cutoffs" else str(huge)})
