"""GRU4Rec, the recurrent backbone (B.3)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from edt_core.models.layout import Layout
from edt_core.models.transformer import Dropout


class GRU4Rec(nn.Module):
    """Gated recurrent layers over packed rows; causal by nature.

    Choice: the layers stand one by one, with dropout between them, under the weights' names of
    ``nn.GRU``. Inside one ``nn.GRU`` a GPU draws that dropout from a state of its own that nobody
    can store, so that a resumed training would go on with other masks. On a CPU the draws, and so
    the trained weights, are those of ``nn.GRU`` to the last bit.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.between = dropout
        self.gru = nn.ModuleList(nn.GRU(width, width) for _ in range(layers))
        self.register_state_dict_post_hook(_name_as_stored)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_name_as_here)  # type: ignore[no-untyped-call]

    def forward(self, inputs: Tensor, layout: Layout) -> Tensor:
        """``[T, d]`` to ``[T, d]``."""
        # torch's packed form is by time step, and within a step the longest row first; our rows
        # come shortest first, so the later token of a step belongs to the longer row
        newest_first = torch.arange(len(inputs) - 1, -1, -1, device=inputs.device)
        order = newest_first[torch.argsort(layout.positions[newest_first], stable=True)]
        steps = (layout.lengths > torch.arange(int(layout.lengths[-1]))[:, None]).sum(dim=1)
        states = self.dropout(inputs)[order]
        # autocast makes a GPU's recurrent kernels fp16, whatever it was asked for, and there the
        # gradients of well-ranked items are zero
        with torch.autocast("cuda", enabled=False):
            for number, layer in enumerate(self.gru):
                if number:
                    states = functional.dropout(states, self.between, self.training)
                states = layer(PackedSequence(states, steps))[0].data
        return torch.empty_like(states).index_copy(0, order, states)


_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _name_as_stored(module: GRU4Rec, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for number in range(len(module.gru)):
        for part in _PARTS:
            state[f"{prefix}gru.{part}_l{number}"] = state.pop(f"{prefix}gru.{number}.{part}_l0")


def _name_as_here(module: GRU4Rec, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for number in range(len(module.gru)):
        for part in _PARTS:
            stored = f"{prefix}gru.{part}_l{number}"
            if stored in state:
                state[f"{prefix}gru.{number}.{part}_l0"] = state.pop(stored)
