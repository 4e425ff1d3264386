"""Packed rows for training and for prediction, never padded (3.3.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Flags, Ints, Sequences
from edt_core.models.layout import layout_of, on, spans
from edt_core.models.llm_edt import Batch
from edt_core.training.negatives import Negatives

MASKED_SHARE = 0.2
"""How likely an event is hidden in masked-item training (BERT4Rec's own value)."""


@dataclass(frozen=True)
class TrainingRows:
    """What every epoch is cut from: a window of the newest events of every user worth a row."""

    sequences: Sequences
    negatives: Negatives
    users: Ints
    """Users with a row, ``[R]``."""
    starts: Ints
    """The first event of every row in the packed items, ``[R]``."""
    lengths: Ints
    """Input events of every row, ``[R]``."""
    hides: bool
    """Masked-item training instead of next-item training."""
    n_items: int
    batch_size: int
    seed: int
    device: str

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The steps of one epoch: a pure function of the seed and the epoch."""
        negatives = self.negatives.draw(np.random.default_rng([self.seed, epoch, 0]))
        order = np.random.default_rng([self.seed, epoch, 1]).permutation(len(self.users))
        hidden = np.zeros(0, dtype=bool)
        if self.hides:
            rng = np.random.default_rng([self.seed, epoch, 2])
            hidden = rng.random(len(self.sequences.items), dtype=np.float32) < MASKED_SHARE
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            rows = rows[np.argsort(self.lengths[rows], kind="stable")]
            yield self._batch(rows, negatives, hidden)

    def _batch(self, rows: Ints, negatives: Ints, hidden: Flags) -> Batch:
        lengths, starts = self.lengths[rows], self.starts[rows]
        events = spans(starts, lengths)
        if self.hides:
            hide = hidden[events]
            hide[np.cumsum(lengths) - 1] = True
            asked = np.flatnonzero(hide)
            wanted = events[asked]
        else:
            ends = self.sequences.offsets[1:][self.users[rows]]
            asked = np.flatnonzero(events + 1 < np.repeat(ends, lengths))
            wanted = events[asked] + 1
        items = self.sequences.items
        keys, inputs, positives, against = _distinct(
            self.n_items, items[events], items[wanted], negatives[wanted]
        )
        to = self.device
        return Batch(
            on(to, self.users[rows]),
            on(to, keys),
            on(to, inputs),
            layout_of(lengths, to),
            on(to, asked if self.hides else asked[:0]),
            on(to, asked),
            on(to, positives),
            on(to, against),
        )


def next_item_rows(
    sequences: Sequences, max_length: int, *, whole: bool
) -> tuple[Ints, Ints, Ints]:
    """Users, starts and lengths of the rows of next-item training.

    Args:
        sequences: What is trained on.
        max_length: Most input events of a row.
        whole: Whether the newest event is an input too; it predicts nothing, but its state is the
            one that Eq. 13 aligns with the profile.
    """
    inputs = sequences.lengths - (0 if whole else 1)
    users = np.flatnonzero(inputs > 0)
    lengths = np.minimum(inputs[users], max_length)
    return users, sequences.offsets[:-1][users] + inputs[users] - lengths, lengths


def masked_item_rows(sequences: Sequences, max_length: int) -> tuple[Ints, Ints, Ints]:
    """Users, starts and lengths of the rows of masked-item training (two events or more)."""
    users = np.flatnonzero(sequences.lengths > 1)
    lengths = np.minimum(sequences.lengths[users], max_length)
    return users, sequences.offsets[1:][users] - lengths, lengths


def _distinct(n_items: int, *groups: Ints) -> list[Ints]:
    """The distinct keys of all groups, then each group as places in them; no sorting."""
    present = np.zeros(n_items, dtype=bool)
    for group in groups:
        present[group] = True
    place = np.cumsum(present) - 1
    return [np.flatnonzero(present), *(place[group] for group in groups)]
