"""Item vectors: frozen text embeddings behind a trained adapter, or a trained table (3.3.1)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edt_core.data.distinct import distinct_rows
from edt_core.data.sequences import Floats
from edt_core.models.adapters import EmbeddingAdapter

SIZE = 0.1
"""Standard deviation of a component of the embeddings that the adapter reads."""


class TextItems(nn.Module):
    """Frozen embeddings of every real and generated item, and their adapter (Eq. 7).

    The table is no parameter and no part of a checkpoint; it is handed in again.
    """

    table: Tensor
    """The distinct embeddings, ``[n, E]``."""
    row: Tensor
    """The row of every item, ``[N + M]``."""

    def __init__(self, embeddings: Floats, width: int) -> None:
        super().__init__()
        first, row, _ = distinct_rows(embeddings)
        table = embeddings if len(first) == len(embeddings) else embeddings[first]
        self.register_buffer("table", torch.from_numpy(table), persistent=False)
        self.register_buffer("row", torch.from_numpy(row), persistent=False)
        self.adapter = EmbeddingAdapter(embeddings.shape[1], width)

    def forward(self, keys: Tensor) -> Tensor:
        """Vectors of the items ``keys`` ``[n]``, which should be distinct: ``[n, d]``."""
        adapted: Tensor = self.adapter(self.table[self.row[keys]])
        return adapted

    def everything(self) -> Tensor:
        """Vectors of all items by key, ``[N + M, d]``.

        Choice: each distinct embedding is adapted once, in one product. Equal rows of a product may
        differ in their last bits, and items with the same text would be no ties in a ranking.
        """
        adapted: Tensor = self.adapter(self.table)[self.row]
        return adapted


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


def standardised(real: Floats, new: Floats) -> Floats:
    """Embeddings as the adapter reads them: every component centred and of one moderate size.

    Paper: 3.3.1 feeds raw embeddings to Eq. 7.
    Choice: an affine map in front of two linear maps can be absorbed by them, so this changes where
    training starts and how fast it goes, not what Eq. 7 can express. Text embeddings share a large
    common part and have components of very different strength. Their size decides most: with rows
    many times larger the backbone adds nothing to the last item for dozens of epochs.

    Args:
        real: Of the real items, which the statistics are taken from, ``[N, E]``.
        new: Of the generated items, which get the same map, ``[M, E]``; M may be 0.

    Returns:
        ``[N + M, E]``.
    """
    mean = real.mean(axis=0, dtype=np.float64)
    deviation = real.std(axis=0, dtype=np.float64)
    # a component that hardly varies tells items apart by its last bits, and is not blown up
    floor = 0.01 * deviation.mean() + np.finfo(np.float32).tiny
    scale = SIZE / np.maximum(deviation, floor)
    both = np.concatenate([real, new]) if len(new) else real
    levelled: Floats = ((both - mean) * scale).astype(np.float32)
    return levelled
