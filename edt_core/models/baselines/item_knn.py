"""ItemKNN: items taken by the same users are alike; the most alike to all that a user took win."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Ints, Sequences
from edt_core.models.baselines.popularity import Popularity


@dataclass(frozen=True)
class ItemKNN:
    """Cosines between the columns of the binary user-item matrix of the training histories.

    Choice: every neighbour counts (no cut at the k nearest), an item is no neighbour of itself, and
    an item met twice by a user counts once.
    Choice: items without any likeness come after those with some, by popularity.
    """

    likeness: Any
    """A sparse symmetric matrix, ``[N, N]``, its diagonal empty."""
    popularity: Popularity

    @classmethod
    def fit(cls, histories: Sequences, n_items: int) -> "ItemKNN":
        """Take the cosines of all pairs of items that share a user."""
        from scipy.sparse import csr_array, diags_array

        taken = _binary(histories, n_items)
        users_per_item = taken.sum(axis=0)
        norms = np.sqrt(np.maximum(users_per_item, 1.0))
        unit = taken @ diags_array(1.0 / norms)
        likeness = csr_array(unit.T @ unit)
        likeness.setdiag(0.0)
        likeness.eliminate_zeros()
        return cls(likeness, Popularity.fit(histories, n_items))

    def scores(self, inputs: Sequences, keys: Ints) -> NDArray[np.float64]:
        """The summed cosine to the user's input items; where there is none, popularity below zero.

        Args:
            inputs: B users' input sequences.
            keys: the items to score, ``[C]``.

        Returns:
            ``[B, C]``.
        """
        n_items = self.likeness.shape[0]
        summed = (_binary(inputs, n_items) @ self.likeness)[:, keys].tocoo()
        scores = np.tile(self.popularity.share[keys] - 1.0, (inputs.n_users, 1))
        scores[summed.row, summed.col] = summed.data
        return scores


def _binary(sequences: Sequences, n_items: int) -> Any:
    """A sparse ``[users, N]`` matrix of 1 where the user met the item."""
    from scipy.sparse import csr_array

    matrix = csr_array(
        (np.ones(len(sequences.items)), sequences.items, sequences.offsets),
        shape=(sequences.n_users, n_items),
        copy=True,  # adding duplicates up sorts the items in place
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
