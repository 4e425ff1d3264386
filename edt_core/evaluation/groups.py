"""Users in groups: by input length (4.5, Figure 4) and by domain ratio (4.7, Table 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Ints, Sequences, domain_counts, domain_ratio

LENGTH_EDGES = (5, 10, 15, 20)
RATIO_EDGES = (0.9, 0.95)


@dataclass(frozen=True)
class Grouping:
    """Every user in exactly one named group."""

    name: str
    labels: tuple[str, ...]
    """Group names in the order that tables print them."""
    of_user: Ints
    """Each user's place in ``labels``, ``[U]``."""


def by_length(histories: Sequences) -> Grouping:
    """Groups by the length of the test input.

    Paper: 4.5, "Very Short" (0-5) to "Very Long" (20, inf).
    Choice: half-open, [0, 5), [5, 10) and so on; the test input is the training history and the
    validation item, so its length is one more than the history's.

    Args:
        histories: the raw training histories of all users.
    """
    lengths = histories.lengths + 1
    places = np.searchsorted(LENGTH_EDGES, lengths, side="right")
    return Grouping("length", ("[0,5)", "[5,10)", "[10,15)", "[15,20)", "[20,inf)"), places)


def by_ratio(histories: Sequences, item_domain: Ints) -> Grouping:
    """The three groups of Table 4 by the domain ratio of the training history.

    Paper: Table 4, r >= 0.95, 0.95 >= r >= 0.9 and r < 0.9.
    Choice: r = 0.95 belongs to the first group alone.
    """
    places = 2 - np.searchsorted(RATIO_EDGES, _ratios(histories, item_domain), side="right")
    return Grouping("ratio", ("r>=0.95", "0.9<=r<0.95", "r<0.9"), places)


def _ratios(histories: Sequences, item_domain: Ints) -> NDArray[np.float64]:
    return domain_ratio(domain_counts(histories, item_domain))
