"""BERT4Rec, a backbone that reads both ways and predicts what is hidden (B.3)."""

from torch import nn

from edt_core.models.transformer import Block, Transformer


class BERT4Rec(Transformer):
    """Bidirectional self-attention, trained on masked items.

    Choice: inside LLM-EDT and alone it is trained on masked items, and the state that predicts is
    the one of a mask token put after the sequence, so no state ever sees the item that it is asked
    for. The newest event of a training sequence is always masked, which is what prediction looks
    like. Pre-LN blocks like SASRec's, since they need no warm-up.
    Differs: the released "BERT4Rec" backbone has bidirectional attention and the next-item loss,
    which shows it the answer.
    """

    def __init__(
        self, width: int, layers: int, heads: int, dropout: float, max_length: int
    ) -> None:
        blocks = [
            Block(width, 4 * width, heads, dropout, nn.GELU(), causal=False) for _ in range(layers)
        ]
        super().__init__(blocks, width, max_length, dropout)
