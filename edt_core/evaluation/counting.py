"""Ranks from a model that gives scores and no vectors: the counting baselines (4.1.2)."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Ints, Sequences
from edt_core.evaluation.candidates import extended
from edt_core.evaluation.ranks import Ranks64, ranks_of

ROWS = 64
"""Targets that are scored at once; their scores should stay in the processor's cache."""


class CountingModel(Protocol):
    """Scores items for input sequences."""

    def scores(self, inputs: Sequences, keys: Ints) -> NDArray[np.float64]:
        """Scores ``[B, C]`` of the items ``keys`` ``[C]`` for B input sequences."""


def count_ranks(
    model: CountingModel,
    inputs: tuple[Sequences, Ints, tuple[Ints, ...]],
    catalogue: Catalogue,
    targets: Ints,
    negatives: Ints,
    check: Callable[[], None],
) -> tuple[Ranks64, Ints, Ranks64]:
    """Full ranks, numbers of candidates and sampled ranks of one split, ``[V]`` each.

    Args:
        model: fitted on the training histories.
        inputs: training histories, the user of each target, and the items that came after.
        catalogue: the real items.
        targets: ``[V]``.
        negatives: ``[V, n]``; -1 where there is none.
        check: called between blocks; may raise to stop.
    """
    histories, users, later = inputs
    full, sampled = np.empty(len(users)), np.empty(len(users))
    sizes = np.empty(len(users), dtype=np.int64)
    for domain in Domain:
        rows = np.flatnonzero(catalogue.domain[targets] == domain)
        keys = catalogue.keys_of(domain)
        sizes[rows] = len(keys)
        everything = np.ones((1, len(keys)), dtype=bool)
        for start in range(0, len(rows), ROWS):
            check()
            block = rows[start : start + ROWS]
            sequences = extended(histories, users[block], *(items[block] for items in later))
            scores = model.scores(sequences, keys)
            asked = np.column_stack([targets[block], negatives[block]])
            places = np.searchsorted(keys, np.where(asked < 0, keys[0], asked))
            full[block] = ranks_of(scores, places[:, 0], everything)
            among = np.take_along_axis(scores, places, axis=1)
            sampled[block] = ranks_of(among, np.zeros(len(block), dtype=np.int64), asked >= 0)
    return full, sizes, sampled
