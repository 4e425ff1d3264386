"""First-order Markov chain: what most often came right after the last item.

On data whose order inside a day is a file order this lookup table is hard to beat, so that a method
that does not beat it has shown nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Ints, Sequences
from edt_core.models.baselines.popularity import Popularity


@dataclass(frozen=True)
class Markov:
    """How often each item directly followed each other one in the mixed training histories.

    Choice: transitions are those of the mixed sequence, so that a last item from the other domain
    still says something; those into the wrong domain are never asked for.
    Choice: equal counts, among them the zeros of items never seen to follow, are ordered by
    popularity.
    """

    transitions: Any
    """A sparse matrix of counts, ``[N, N]``, row = from, column = to."""
    popularity: Popularity

    @classmethod
    def fit(cls, histories: Sequences, n_items: int) -> "Markov":
        """Count the neighbours in every user's training history."""
        from scipy.sparse import csr_array

        users = histories.users()
        followed = np.flatnonzero(users[:-1] == users[1:])
        pairs = (histories.items[followed], histories.items[followed + 1])
        ones = np.ones(len(followed))
        transitions = csr_array((ones, pairs), shape=(n_items, n_items))
        return cls(transitions, Popularity.fit(histories, n_items))

    def scores(self, inputs: Sequences, keys: Ints) -> NDArray[np.float64]:
        """Transition counts from each user's last item, popularity as the fraction behind them.

        Args:
            inputs: B users' input sequences; a user without events gets popularity.
            keys: the items to score, ``[C]``.

        Returns:
            ``[B, C]``.
        """
        some = np.flatnonzero(inputs.lengths > 0)
        last = inputs.items[inputs.offsets[1:][some] - 1]
        scores = np.tile(self.popularity.share[keys], (inputs.n_users, 1))
        scores[some] += self.transitions[last][:, keys].toarray()
        return scores
