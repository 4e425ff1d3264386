"""Item vectors: frozen text embeddings behind a trained adapter, or a trained table (3.3.1)."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edt_core.data.sequences import Floats
from edt_core.models.adapters import EmbeddingAdapter

CHUNK = 8192
"""Items that are adapted at once when the whole catalogue is."""


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
        return torch.cat([self.adapter(rows) for rows in self.table.split(CHUNK)])


class IdItems(nn.Module):
    """One trained vector per item, for the baselines that know no text."""

    def __init__(self, n_items: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(n_items, width)
        nn.init.xavier_normal_(self.vectors.weight)

    def forward(self, keys: Tensor) -> Tensor:
        """Vectors of the items ``keys`` ``[n]``: ``[n, d]``."""
        return F.embedding(keys, self.vectors.weight)

    def everything(self) -> Tensor:
        """Vectors of all items by key, ``[N + M, d]``."""
        return self.vectors.weight


def levelled(real: Floats, new: Floats, mode="standard") -> Floats:
    both = np.concatenate([real, new]).astype(np.float32) if len(new) else real.astype(np.float32)
    if mode == "raw":
        return both
    if mode == "norm":
        return both / np.linalg.norm(both, axis=1, keepdims=True)
    if mode == "sqrt":
        return (
            both
            / np.linalg.norm(both, axis=1, keepdims=True)
            * np.sqrt(both.shape[1]).astype(np.float32)
        )
    if mode == "center":
        c = both - real.mean(0)
        return c / np.linalg.norm(c, axis=1).mean() * np.sqrt(both.shape[1]).astype(np.float32)
    if mode == "standard":
        return ((both - real.mean(0)) / (real.std(0) + 1e-6)).astype(np.float32)
    if mode == "whiten":
        c = real - real.mean(0)
        cov = (c.T @ c) / len(c)
        val, vec = np.linalg.eigh(cov.astype(np.float64))
        w = vec / np.sqrt(val + val.mean() * 1e-2)
        return ((both - real.mean(0)) @ w).astype(np.float32)
    raise ValueError(mode)
