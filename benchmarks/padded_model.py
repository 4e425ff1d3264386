"""The released layout rebuilt: every position padded, every position through both linear maps.

The paper's released program was not run; this has its tensors and layers, and a causal mask.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from edt_core.data.sequences import Sequences


class PaddedModel(nn.Module):
    """SASRec over ``[B, length]`` with torch's own attention and an adapter at every position."""

    def __init__(self, table: Tensor, length: int, width: int = 128, dropout: float = 0.5) -> None:
        super().__init__()
        self.register_buffer("table", table, persistent=False)
        size = table.shape[1]
        self.adapter = nn.Sequential(nn.Linear(size, size // 2), nn.Linear(size // 2, width))
        self.positions = nn.Embedding(length, width)
        self.dropout = nn.Dropout(dropout)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(5))
        self.attentions = nn.ModuleList(
            nn.MultiheadAttention(width, 1, dropout, batch_first=True) for _ in range(2)
        )
        self.networks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width)
            )
            for _ in range(2)
        )

    def forward(self, items: Tensor, positives: Tensor, negatives: Tensor, real: Tensor) -> Tensor:
        """The loss of Eq. 9; items, positives, negatives and real are ``[B, L]``."""
        length = items.shape[1]
        tokens = self.adapter(self.table[items]) * self.positions.weight.shape[1] ** 0.5
        tokens = self.dropout(tokens + self.positions.weight) * real[..., None]
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        for layer in range(2):
            normed = self.norms[2 * layer](tokens)
            mixed, _ = self.attentions[layer](normed, normed, normed, attn_mask=future)
            tokens = tokens + mixed
            tokens = tokens + self.networks[layer](self.norms[2 * layer + 1](tokens))
            tokens = tokens * real[..., None]
        states = self.norms[4](tokens)
        positive = (states * self.adapter(self.table[positives])).sum(-1)
        negative = (states * self.adapter(self.table[negatives])).sum(-1)
        return functional.softplus(negative - positive)[real].mean()


def padded_batch(sequences: Sequences, users: list[int], length: int, n_items: int) -> list[Tensor]:
    """Inputs, positives, negatives and which cells are real, ``[B, length]`` each, right-padded."""
    items = torch.zeros(len(users), length, dtype=torch.int64)
    positives = torch.zeros_like(items)
    real = torch.zeros(len(users), length, dtype=torch.bool)
    for row, user in enumerate(users):
        events = torch.from_numpy(sequences.of(user)[-length - 1 :])
        n = max(len(events) - 1, 0)
        items[row, :n], positives[row, :n], real[row, :n] = events[:-1], events[1:], True
    negatives = torch.randint(0, n_items, items.shape)
    return [items, positives, negatives, real]
