import numpy as np
import pytest

from edt_core.config import Config
from edt_core.data.sequences import pack
from edt_core.errors import UsageError
from edt_core.experiments.similarity import similarity_row, specs, with_share
from edt_core.stages.augmenter.insertion import Augmented

NONE = np.zeros(0, dtype=np.int64)


def augmented() -> Augmented:
    """Ten users with one raw event (0) and one inserted one (1)."""
    return Augmented(
        pack([[0, 1]] * 10),
        np.tile([False, True], 10),
        np.where(np.tile([False, True], 10), np.repeat(np.arange(10), 2), -1),
        NONE,
        NONE,
        np.zeros((0, 0), dtype=np.float32),
    )


def test_a_smaller_share_is_part_of_a_larger_one_and_raw_events_all_stay():
    some = {share: with_share(augmented(), share) for share in (0.0, 0.3, 0.6, 1.0)}
    drafts = {share: set(a.drafts[a.generated].tolist()) for share, a in some.items()}
    assert [len(found) for found in drafts.values()] == [0, 3, 6, 10]
    assert drafts[0.3] < drafts[0.6] < drafts[1.0]
    assert all((~a.generated).sum() == 10 for a in some.values())
    assert some[0.3].sequences.items.tolist().count(1) == 3


def test_users_without_an_injected_item_count_in_the_first_mean_alone():
    raw = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]], dtype=np.float32)
    moved = np.array([[5.0, 0.0], [0.0, 1.0], [0.0, 1.0]], dtype=np.float32)
    share, items, users, every, these = (
        cell.value for cell in similarity_row(0.3, raw, moved, np.array([0, 2, 1]))
    )
    assert (share, items, users) == ("30%", 3, 2)
    assert every == pytest.approx(2 / 3)
    assert these == pytest.approx(1 / 2)


def test_without_profiles_there_is_nothing_to_compare():
    with pytest.raises(UsageError, match="profiles"):
        specs(Config().changed({"profiles.enabled": False}))
