"""The model of global pre-training around one backbone: states, scores, profiles (3.3.1, 3.4.3)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from edt_core.config import PretrainingSettings
from edt_core.models.adapters import EmbeddingAdapter
from edt_core.models.bert4rec import BERT4Rec
from edt_core.models.gru4rec import GRU4Rec
from edt_core.models.item_vectors import IdItems, TextItems
from edt_core.models.layout import Encoder, Layout
from edt_core.models.sasrec import SASRec


@dataclass(frozen=True)
class Batch:
    """One training step's rows, packed shortest first, on the model's device."""

    users: Tensor
    """The user of every row, ``[B]``."""
    keys: Tensor
    """The distinct items of the step, ``[n]``; the item fields below are places in it."""
    inputs: Tensor
    """``[T]``."""
    layout: Layout
    masked: Tensor
    """Tokens whose item is hidden from the backbone, ``[m]``; empty for next-item training."""
    asked: Tensor
    """Tokens whose state has to predict, ``[P]``."""
    positives: Tensor
    """``[P]``."""
    negatives: Tensor
    """``[P]``."""


class SharedModel(nn.Module):
    """Items, backbone and profile adapter: all that phase 1 trains and phase 2 freezes.

    Paper: Eq. 8, u~ = f(S_aug) and P = e~^T u~.
    Choice: inputs are scaled by sqrt(d), in both phases alike; the released code scales by
    sqrt(d_L) in the first and by sqrt(d) in the second.
    """

    def __init__(
        self,
        items: TextItems | IdItems,
        settings: PretrainingSettings,
        profile_embedding: int = 0,
    ) -> None:
        super().__init__()
        self.items = items
        self.scale = math.sqrt(settings.width)
        self.encoder = encoder_of(settings)
        self.hides = settings.encoder == "bert4rec"
        if self.hides:
            self.mask = nn.Parameter(torch.randn(settings.width))
        if profile_embedding:
            self.profile_adapter = EmbeddingAdapter(profile_embedding, settings.width)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of positives and negatives, ``[P]`` each, and last states by row, ``[B, d]``."""
        tokens, asked = len(batch.inputs), len(batch.asked)
        places = torch.cat([batch.inputs, batch.positives, batch.negatives])
        vectors = functional.embedding(places, self.items(batch.keys))
        inputs, positives = vectors[:tokens], vectors[tokens : tokens + asked]
        negatives = vectors[tokens + asked :]
        states = self.encode(inputs, batch.layout, batch.masked)
        predicting = functional.embedding(batch.asked, states)
        last = functional.embedding(batch.layout.last, states)
        return (predicting * positives).sum(-1), (predicting * negatives).sum(-1), last

    def encode(self, vectors: Tensor, layout: Layout, masked: Tensor) -> Tensor:
        """States of tokens with these item vectors, ``[T, d]`` both; ``masked`` ones are hidden."""
        inputs = vectors * self.scale
        if len(masked):
            inputs = inputs.index_copy(0, masked, self.mask.expand(len(masked), -1))
        encoder: Encoder = self.encoder
        with torch.autocast("cuda", torch.bfloat16, enabled=self.training and inputs.is_cuda):
            states = encoder(inputs, layout)
        return states.float()


def encoder_of(settings: PretrainingSettings) -> SASRec | GRU4Rec | BERT4Rec:
    """The backbone that the settings ask for, freshly initialised."""
    width, layers, dropout = settings.width, settings.layers, settings.dropout
    match settings.encoder:
        case "sasrec":
            return SASRec(
                width,
                layers,
                settings.heads,
                dropout,
                settings.max_length,
                bidirectional=settings.bidirectional,
            )
        case "gru4rec":
            return GRU4Rec(width, layers, dropout)
        case "bert4rec":
            return BERT4Rec(width, layers, settings.heads, dropout, settings.max_length)
