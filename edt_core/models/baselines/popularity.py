"""Popularity: everybody gets what most users took (a baseline that a method must beat)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Ints, Sequences


@dataclass(frozen=True)
class Popularity:
    """Events per item in the training histories, ``[N]``."""

    counts: Ints

    @classmethod
    def fit(cls, histories: Sequences, n_items: int) -> "Popularity":
        """Count the training events of every item."""
        return cls(np.bincount(histories.items, minlength=n_items))

    @property
    def share(self) -> NDArray[np.float64]:
        """The counts scaled into [0, 1), ``[N]``: breaks ties of whole-number scores, no more."""
        scaled: NDArray[np.float64] = self.counts / (self.counts.max(initial=0) + 1)
        return scaled

    def scores(self, inputs: Sequences, keys: Ints) -> NDArray[np.float64]:
        """The same row for every user.

        Args:
            inputs: B users' input sequences.
            keys: the items to score, ``[C]``.

        Returns:
            ``[B, C]``.
        """
        row = self.counts[keys].astype(np.float64)
        return np.broadcast_to(row, (inputs.n_users, len(keys)))
