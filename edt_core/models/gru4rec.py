"""GRU4Rec, the recurrent backbone (B.3)."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from edt_core.models.layout import Layout
from edt_core.models.transformer import Dropout


class GRU4Rec(nn.Module):
    """Gated recurrent layers over packed rows; causal by nature."""

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        # between layers only: with a single one torch would warn that it has no place
        self.gru = nn.GRU(width, width, layers, dropout=dropout if layers > 1 else 0.0)

    def forward(self, inputs: Tensor, layout: Layout) -> Tensor:
        """``[T, d]`` to ``[T, d]``."""
        # torch's packed form is by time step, and within a step the longest row first; our rows
        # come shortest first, so the later token of a step belongs to the longer row
        newest_first = torch.arange(len(inputs) - 1, -1, -1, device=inputs.device)
        order = newest_first[torch.argsort(layout.positions[newest_first], stable=True)]
        steps = (layout.lengths > torch.arange(int(layout.lengths[-1]))[:, None]).sum(dim=1)
        states, _ = self.gru(PackedSequence(self.dropout(inputs)[order], steps))
        return torch.empty_like(states.data).index_copy(0, order, states.data)
