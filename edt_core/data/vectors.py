"""Vectors as rows (cosine of Eq. 5)."""

import numpy as np

from edt_core.data.sequences import Floats


def unit_rows(vectors: Floats) -> Floats:
    """Rows scaled to length 1, so that a product is a cosine; a zero row stays zero."""
    norms = np.sqrt(np.einsum("ne,ne->n", vectors, vectors))[:, None]
    scaled: Floats = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return scaled
