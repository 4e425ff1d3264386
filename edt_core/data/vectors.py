"""Vectors as rows (cosine of Eq. 5)."""

import numpy as np

from edt_core.data.sequences import Floats


def unit_rows(vectors: Floats) -> Floats:
    """Rows scaled to length 1, so that a product is a cosine; a zero row stays zero."""
    norms = np.sqrt(np.einsum("ne,ne->n", vectors, vectors))[:, None]
    return np.divide(vectors, np.where(norms > 0, norms, 1.0), dtype=np.float32)
