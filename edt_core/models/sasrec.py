"""SASRec, the default backbone (3.3.1)."""

from torch import nn

from edt_core.models.transformer import Block, Transformer


class SASRec(Transformer):
    """Causal self-attention over a mixed sequence.

    Paper: 3.3.1, "a base SASRec model".
    Choice: standard pre-LN blocks with a ReLU network of the same width; the released code
    normalises the query alone and halves the network.
    Differs: the released code builds the causal mask and never passes it, so that a position sees
    the very item it is trained to predict; ``bidirectional`` is the switch for that.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
        max_length: int,
        *,
        bidirectional: bool = False,
    ) -> None:
        blocks = [
            Block(width, width, heads, dropout, nn.ReLU(), causal=not bidirectional)
            for _ in range(layers)
        ]
        super().__init__(blocks, width, max_length, dropout)
