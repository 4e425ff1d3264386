"""The blocks that SASRec and BERT4Rec share: attention inside length buckets (3.3.1, B.3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from edt_core.models.layout import Bucket, Layout


class Dropout(nn.Module):
    """Dropout whose mask comes from raw random bytes, since Bernoulli draws are slow on a CPU.

    Choice: the rate is rounded to 1/256 there, to 255/256 at most, and the scale follows the
    rounded rate, so the expectation is exact.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.threshold = min(round(rate * 256), 255)  # of all 256 nothing would be left

    def forward(self, values: Tensor) -> Tensor:
        """``values`` of any shape; unchanged outside of training."""
        if not self.training or self.threshold == 0:
            return values
        if values.device.type != "cpu":
            return functional.dropout(values, self.rate)
        n = values.numel()
        words = torch.empty((n + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.uint8)[:n].view(values.shape) >= self.threshold
        return values * kept.to(values.dtype).mul_(256 / (256 - self.threshold))


class Attention(nn.Module):
    """Multi-head self-attention over packed rows; padding is never attended."""

    def __init__(self, width: int, heads: int, dropout: float, *, causal: bool) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.weights_dropout = Dropout(dropout)
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)

    def forward(self, tokens: Tensor, layout: Layout) -> Tensor:
        """``[T, d]`` to ``[T, d]``."""
        queries_keys_values = self.inward(tokens)  # [T, 3d]
        mixed = [self._within(queries_keys_values, bucket) for bucket in layout.buckets]
        attended: Tensor = self.outward(torch.cat(mixed))
        return attended

    def _within(self, tokens: Tensor, bucket: Bucket) -> Tensor:
        rows, longest = bucket.real.shape
        spread = bucket.spread(tokens).view(rows, longest, 3, self.heads, -1)
        queries, keys, values = spread.permute(2, 0, 3, 1, 4)  # [b, h, L, d/h] each
        if tokens.device.type != "cpu" or not self.training:
            mixed = functional.scaled_dot_product_attention(
                queries,
                keys,
                values,
                # a causal kernel needs no mask: padding is right of real cells
                None if self.causal else self._visible(bucket),
                dropout_p=self.weights_dropout.rate if self.training else 0.0,
                is_causal=self.causal,
            )
        else:
            visible = self._visible(bucket)
            scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
            weights = scores.masked_fill(~visible, -torch.inf).softmax(-1)
            mixed = self.weights_dropout(weights) @ values
        return bucket.collect(mixed.transpose(1, 2).flatten(2))

    def _visible(self, bucket: Bucket) -> Tensor:
        """What a cell may attend to, ``[1 or b, 1, L, L]``; padding is right of real cells."""
        longest = bucket.real.shape[1]
        if self.causal:
            ones = torch.ones(longest, longest, dtype=torch.bool, device=bucket.real.device)
            return ones.tril()[None, None]
        return bucket.real[:, None, None, :].expand(-1, 1, longest, -1)


class Block(nn.Module):
    """One pre-LN block: attention, then a feed-forward network, each with a residual."""

    def __init__(
        self,
        width: int,
        inner: int,
        heads: int,
        dropout: float,
        activation: nn.Module,
        *,
        causal: bool,
    ) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout, causal=causal)
        self.before_network = nn.LayerNorm(width)
        self.network = nn.Sequential(
            nn.Linear(width, inner), activation, Dropout(dropout), nn.Linear(inner, width)
        )
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor, layout: Layout) -> Tensor:
        """``[T, d]`` to ``[T, d]``."""
        tokens = tokens + self.dropout(self.attention(self.before_attention(tokens), layout))
        changed: Tensor = tokens + self.dropout(self.network(self.before_network(tokens)))
        return changed


class Transformer(nn.Module):
    """Learned positions, blocks and a final normalisation."""

    def __init__(self, blocks: list[Block], width: int, max_length: int, dropout: float) -> None:
        super().__init__()
        self.positions = nn.Embedding(max_length, width)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(blocks)
        self.after = nn.LayerNorm(width)
        initialise(self)

    def forward(self, inputs: Tensor, layout: Layout) -> Tensor:
        """``[T, d]`` to ``[T, d]``; positions count from the oldest token of the row."""
        tokens = self.dropout(inputs + self.positions(layout.positions))
        for block in self.blocks:
            tokens = block(tokens, layout)
        normalised: Tensor = self.after(tokens)
        return normalised


def initialise(module: nn.Module) -> None:
    """Xavier-normal matrices and zero biases, as the SASRec family starts (3.3.1)."""
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            nn.init.xavier_normal_(parameter)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
