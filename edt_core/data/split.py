"""Leave-one-out on the raw mixed sequence (4.1.1), with a type for each part so that none leaks."""

from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Ints, Sequences, offsets_of


@dataclass(frozen=True)
class RawSequences:
    """Every user's whole raw sequence, held-out events included. Only the leak check accepts it."""

    sequences: Sequences


@dataclass(frozen=True)
class Histories:
    """The training part of every user's raw sequence: all that augmenter and profiling may see."""

    sequences: Sequences


@dataclass(frozen=True)
class ValidTargets:
    """The second last event of every user with three or more events."""

    users: Ints
    """Ascending, ``[V]``."""
    items: Ints
    """The held-out item's key, ``[V]``."""


@dataclass(frozen=True)
class TestTargets:
    """The last event of every user with three or more events. Only evaluation accepts it."""

    __test__ = False  # no test class, whatever pytest thinks of the name

    users: Ints
    items: Ints


def leave_one_out(raw: Sequences) -> tuple[Histories, ValidTargets, TestTargets]:
    """Split raw sequences: last event to test, second last to validation, the rest to training.

    Paper: 4.1.1. Users with fewer than three events have no targets; all their events are training.
    """
    lengths = raw.lengths
    users = np.flatnonzero(lengths >= 3)
    ends = raw.offsets[1:][users]
    kept = np.ones(len(raw.items), dtype=bool)
    kept[ends - 1] = False
    kept[ends - 2] = False
    shorter = lengths.copy()
    shorter[users] -= 2
    histories = Histories(Sequences(raw.items[kept], offsets_of(shorter)))
    return (
        histories,
        ValidTargets(users, raw.items[ends - 2]),
        TestTargets(users, raw.items[ends - 1]),
    )
