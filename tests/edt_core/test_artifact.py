"""Stage results as files: what an older version wrote is read."""

from dataclasses import dataclass, field

import numpy as np

from edt_core.artifact import load, save
from edt_core.data.sequences import Ints


@dataclass(frozen=True)
class Old:
    rows: Ints


@dataclass(frozen=True)
class New:
    rows: Ints
    added: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def test_a_field_that_came_later_has_its_default_and_is_kept_when_written(tmp_path):
    save(Old(np.arange(3)), tmp_path / "old")
    found = load(New, tmp_path / "old")
    assert found.rows.tolist() == [0, 1, 2]
    assert found.added.tolist() == []
    save(New(np.arange(3), np.array([7])), tmp_path / "new")
    assert load(New, tmp_path / "new").added.tolist() == [7]
