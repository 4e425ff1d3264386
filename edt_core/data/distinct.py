"""Which rows of a table are equal."""

import numpy as np

from edt_core.data.sequences import Floats, Ints


def distinct_rows(rows: Floats) -> tuple[Ints, Ints, Ints]:
    """The distinct rows of a table, by their bytes.

    Args:
        rows: ``[n, d]``.

    Returns:
        The first row of each kind ``[m]`` (all in their own order where none is met twice), the
        kind of every row ``[n]``, and how often each kind is met ``[m]``.
    """
    rows = np.ascontiguousarray(rows)
    whole = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))[:, 0]
    _, first, kind, counts = np.unique(
        whole, return_index=True, return_inverse=True, return_counts=True
    )
    if len(first) == len(rows):
        return np.arange(len(rows)), np.arange(len(rows)), counts
    return first, kind, counts
