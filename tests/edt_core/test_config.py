"""Settings: what can't be one is refused, what can be said in two ways is kept in one."""

import pytest

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
