"""The trainable maps around the frozen parts (3.3.1, 3.3.2, 3.4.3)."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional


class EmbeddingAdapter(nn.Module):
    """Brings text embeddings to the recommendation space: of items, and of profiles (3.4.3).

    Paper: Eq. 7, e~ = W1 (W2 e + b2) + b1, with d_L/2 in between and nothing non-linear.
    Choice: as nothing stands between the two maps, their product is formed once a step and applied
    to the rows; values and gradients are those of the two maps, at a third of the price.
    """

    def __init__(self, embedding: int, width: int) -> None:
        super().__init__()
        self.down = nn.Linear(embedding, embedding // 2)
        self.up = nn.Linear(embedding // 2, width)
        for layer in (self.down, self.up):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, embeddings: Tensor) -> Tensor:
        """``[n, E]`` to ``[n, d]``."""
        weight = self.up.weight @ self.down.weight  # [d, E]
        bias = self.up.weight @ self.down.bias + self.up.bias
        return functional.linear(embeddings, weight, bias)


class DomainAdapter(nn.Module):
    """Turns a frozen state on one domain's sequence into the domain-specific user vector.

    Paper: Eq. 10, u = W3 (W4 h + b4) + b3.
    Choice: by default h + W3 relu(W4 h + b4) + b3 with W3 and b3 starting at zero, so that
    fine-tuning starts at the pre-trained state; two randomly started linear maps, the paper's
    letter, hardly train at its learning rate. ``linear`` is the letter.
    """

    def __init__(self, width: int, bottleneck: int, kind: Literal["residual", "linear"]) -> None:
        super().__init__()
        self.residual = kind == "residual"
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)
        nn.init.xavier_normal_(self.down.weight)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.bias)
        if self.residual:
            nn.init.zeros_(self.up.weight)
        else:
            nn.init.xavier_normal_(self.up.weight)

    def forward(self, states: Tensor) -> Tensor:
        """``[n, d]`` to ``[n, d]``."""
        if self.residual:
            adapted: Tensor = states + self.up(torch.relu(self.down(states)))
        else:
            adapted = self.up(self.down(states))
        return adapted
