"""Item vectors: frozen text embeddings behind a trained adapter, or a trained table (3.3.1)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edt_core.data.sequences import Floats
from edt_core.models.adapters import EmbeddingAdapter

CHUNK = 8192
"""Items that are adapted at once when the whole catalogue is."""

SIZE = 0.1
"""Standard deviation of a whitened component."""

DAMPING = 0.01
"""Share of the mean variance that is added to every direction's before its root is divided by."""


class TextItems(nn.Module):
    """Frozen embeddings of every real and generated item, and their adapter (Eq. 7).

    The table is no parameter and no part of a checkpoint; it is handed in again.
    """

    table: Tensor

    def __init__(self, embeddings: Floats, width: int) -> None:
        super().__init__()
        self.register_buffer("table", torch.from_numpy(embeddings), persistent=False)
        self.adapter = EmbeddingAdapter(embeddings.shape[1], width)

    def forward(self, keys: Tensor) -> Tensor:
        """Vectors of the items ``keys`` ``[n]``, which should be distinct: ``[n, d]``."""
        adapted: Tensor = self.adapter(self.table[keys])
        return adapted

    def everything(self) -> Tensor:
        """Vectors of all items by key, ``[N + M, d]``."""
        return torch.cat([self.adapter(rows) for rows in torch.split(self.table, CHUNK)])


class IdItems(nn.Module):
    """One trained vector per item, for the baselines that know no text."""

    def __init__(self, n_items: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(n_items, width)
        nn.init.xavier_normal_(self.vectors.weight)

    def forward(self, keys: Tensor) -> Tensor:
        """Vectors of the items ``keys`` ``[n]``: ``[n, d]``."""
        return functional.embedding(keys, self.vectors.weight)

    def everything(self) -> Tensor:
        """Vectors of all items by key, ``[N + M, d]``."""
        return self.vectors.weight


def whitened(real: Floats, new: Floats) -> Floats:
    """Embeddings as the adapter reads them: centred, decorrelated, of one moderate size.

    Paper: 3.3.1 feeds raw embeddings to Eq. 7.
    Choice: an affine map in front of two linear maps can be absorbed by them, so this changes where
    training starts and how fast it goes, not what Eq. 7 can express. Raw embeddings share a large
    common part and a few strong directions; Adam spends its first epochs on those and forgets the
    rest, and validation NDCG falls below that of an untrained adapter. The directions without
    variance are damped, not blown up (DAMPING), and the size keeps first scores moderate (SIZE).
    Of all whitening maps it is the symmetric one: eigenvectors of nearly equal variances turn with
    the last bit of a sum, and trained weights must still fit on another machine.

    Args:
        real: Of the real items, which the statistics are taken from, ``[N, E]``.
        new: Of the generated items, which get the same map, ``[M, E]``; M may be 0.

    Returns:
        ``[N + M, E]``; a row's expected squared norm is about ``SIZE ** 2 * E``.
    """
    mean = real.mean(axis=0, dtype=np.float64)
    centred = (real - mean).astype(np.float32)
    covariance = (centred.T @ centred).astype(np.float64) / len(centred)
    variances, directions = np.linalg.eigh(covariance)
    floor = DAMPING * variances.mean() + np.finfo(np.float32).tiny
    scale = SIZE / np.sqrt(np.maximum(variances, 0.0) + floor)
    turn = ((directions * scale) @ directions.T).astype(np.float32)
    rest = (new - mean).astype(np.float32) if len(new) else centred[:0]
    levelled: Floats = np.concatenate([centred, rest]) @ turn
    return levelled
