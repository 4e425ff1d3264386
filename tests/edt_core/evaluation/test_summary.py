import numpy as np
import pytest

from edt_core.data.sequences import Domain
from edt_core.errors import UsageError
from edt_core.evaluation.groups import Grouping
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.summary import summarise


def ranks(full):
    """Users 0, 1, 2 with a validation and a test target each; user 2's are in B."""
    zeros = np.zeros(6, dtype=np.int64)
    return Ranks(
        np.repeat([0, 1], 3), np.tile(np.arange(3), 2), zeros, np.tile([0, 0, 1], 2),
        np.array(full, dtype=np.float64), zeros + 99, np.ones(6),
    )  # fmt: skip


RUNS = [ranks([1, 1, 1, 1, 11, 1]), ranks([1, 1, 1, 1, 2, 30])]
GROUPING = Grouping("length", ("short", "long", "empty"), np.array([0, 1, 1]))


def one(rows, **wanted):
    wanted = {"split": "test", "protocol": "full", "metric": "hit_rate", "cutoff": 10} | wanted
    wanted = {"domain": None, "grouping": "", "group": ""} | wanted
    found = [row for row in rows if all(getattr(row, k) == v for k, v in wanted.items())]
    assert len(found) == 1
    return found[0]


def test_mean_and_spread_are_over_seeds():
    rows = summarise(RUNS, (10,))
    row = one(rows, domain=Domain.A)
    # seed one hits 1 of 2, seed two 2 of 2
    assert (row.mean, row.n_users, row.n_seeds) == (0.75, 2, 2)
    assert row.sd == pytest.approx(np.std([0.5, 1.0], ddof=1))
    assert one(rows, domain=Domain.B).mean == 0.5
    assert one(rows).mean == pytest.approx(2 / 3)
    assert one(rows, protocol="sampled").mean == 1.0
    assert one(rows, split="valid").mean == 1.0


def test_groups_hold_their_users_alone_and_say_when_there_are_none():
    rows = summarise(RUNS, (10,), (GROUPING,))
    assert one(rows, grouping="length", group="short").n_users == 1
    long = one(rows, grouping="length", group="long")
    assert (long.mean, long.n_users) == (0.5, 2)
    empty = one(rows, grouping="length", group="empty")
    assert (empty.mean, empty.sd, empty.n_users) == (None, None, 0)


def test_one_seed_has_no_spread():
    assert one(summarise(RUNS[:1], (10,))).sd is None


def test_mrr_has_no_cutoff():
    assert one(summarise(RUNS[:1], (1, 10)), metric="mrr", cutoff=0).n_users == 3


def test_seeds_with_other_targets_are_refused():
    other = ranks([1] * 6)
    with pytest.raises(UsageError):
        summarise([RUNS[0], Ranks(**{**other.__dict__, "targets": other.targets + 1})], (10,))
