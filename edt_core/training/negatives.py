"""Which items a positive is compared with (v- of Eq. 9 and 12)."""

import numpy as np

from edt_core.data.sequences import Flags, Ints, Sequences

ROUNDS = 100
"""Draws per positive before a user's own item is let through (a user who owns a whole domain)."""


class Negatives:
    """Draws one negative for every event: a real item of its domain, new to its user.

    Choice: the domain is the positive's own, for generated positives too; the released code takes
    the domain of the event before, so that every change of domain is trivially told apart.
    """

    def __init__(
        self, sequences: Sequences, histories: Sequences, item_domain: Ints, n_real: int
    ) -> None:
        """Prepare to draw.

        Args:
            sequences: The augmented sequences, whose events are the positives.
            histories: The raw training histories; no item of either is drawn for its user.
            item_domain: The domain of every real and generated item, ``[N + M]``.
            n_real: N.
        """
        domain = item_domain[sequences.items]
        n_a = int(np.count_nonzero(item_domain[:n_real] == 0))
        self._low = np.where(domain == 0, 0, n_a)
        self._high = np.where(domain == 0, n_a, n_real)
        self._row = sequences.users() * n_real  # one number per (user, real item)
        real = sequences.items < n_real
        own = self._row[real] + sequences.items[real]
        raw = histories.users() * n_real + histories.items
        self._known = np.unique(np.concatenate(([-1], own, raw)))  # -1: never empty

    def draw(self, rng: np.random.Generator) -> Ints:
        """One negative for each event of the sequences, ``[T]``."""
        drawn = rng.integers(self._low, self._high)
        open_ = np.arange(len(drawn))
        for _ in range(ROUNDS):
            open_ = open_[self._is_known(self._row[open_] + drawn[open_])]
            if not len(open_):
                break
            drawn[open_] = rng.integers(self._low[open_], self._high[open_])
        return drawn

    def _is_known(self, pairs: Ints) -> Flags:
        places = np.minimum(np.searchsorted(self._known, pairs), len(self._known) - 1)
        known: Flags = self._known[places] == pairs
        return known
