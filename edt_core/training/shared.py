"""Phase 1: training the shared model on mixed sequences (3.3.1, 3.4.3, Eq. 14)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edt_core.config import PretrainingSettings
from edt_core.data.sequences import Floats, Ints, Sequences
from edt_core.data.split import ValidTargets
from edt_core.evaluation.ranks import Ranks64, full_ranks
from edt_core.models.item_vectors import standardised
from edt_core.models.llm_edt import Batch, SharedModel
from edt_core.models.losses import alignment, pairwise
from edt_core.models.scoring import Weights, continued, model_of, score_vectors
from edt_core.training.batches import TrainingRows, masked_item_rows, next_item_rows
from edt_core.training.device import training_on
from edt_core.training.loop import Limits, Run, Training, facts_of, weights_of
from edt_core.training.negatives import Negatives


@dataclass(frozen=True)
class Corpus:
    """What both phases learn from, as arrays."""

    sequences: Sequences
    """The augmented training sequences."""
    histories: Sequences
    """The raw training histories."""
    item_domain: Ints
    """The domain of every real and generated item by key, ``[N + M]``."""
    n_real: int
    """N."""
    valid: ValidTargets
    embeddings: Floats | None
    """Of the real items, ``[N, E]``; None for trained item vectors."""
    new_vectors: Floats
    """Of the generated items, ``[M, E]``."""

    @property
    def negatives(self) -> Negatives:
        """The source of v- for every event of the sequences."""
        return Negatives(self.sequences, self.histories, self.item_domain, self.n_real)

    def model(self, settings: PretrainingSettings, profile_embedding: int = 0) -> SharedModel:
        """A freshly initialised model over these items."""
        return model_of(
            settings,
            self.n_real,
            self.embeddings,
            self.new_vectors,
            len(self.item_domain) - self.n_real,
            profile_embedding,
        )


class SharedTrainee:
    """The shared model as the training loop sees it."""

    def __init__(
        self,
        corpus: Corpus,
        settings: PretrainingSettings,
        profiles: Floats | None,
        seed: int,
        device: str,
    ) -> None:
        """Set up a fresh model; ``profiles`` are embeddings by user, ``[U, d_u]``."""
        self.corpus = corpus
        self.settings = settings
        self.module = corpus.model(settings, 0 if profiles is None else profiles.shape[1])
        self.module.to(device)
        self.profiles: Tensor | None = None
        if profiles is not None:
            self.profiles = torch.from_numpy(standardised(profiles, profiles[:0])).to(device)
        if self.module.hides:
            rows = masked_item_rows(corpus.sequences, settings.max_length)
        else:
            aligned = profiles is not None
            rows = next_item_rows(corpus.sequences, settings.max_length, whole=aligned)
        self.rows = TrainingRows(
            corpus.sequences,
            corpus.negatives,
            *rows,
            self.module.hides,
            len(corpus.item_domain),
            settings.batch_size,
            seed,
            device,
        )

    def steps(self, epoch: int) -> Iterator[Batch]:
        """All rows once, in an order of this epoch's own."""
        return self.rows.batches(epoch)

    def losses(self, batch: Batch) -> tuple[dict[str, Tensor], int]:
        """L_pre, and the weighted L_align where there are profiles.

        Paper: Eq. 14, L_pre + alpha L_align.
        Choice: Eq. 9 sums over users and positions, Eq. 13 averages over users; like is added to
        like when both are averages over users. With L_pre divided by the positions, as it is here,
        L_align is divided by the positions per user. Undivided it outweighs L_pre on the very
        states that rank the next item, and validation NDCG falls from the third epoch on.
        """
        positive, negative, last = self.module(batch)
        losses = {"loss": pairwise(positive, negative, self.settings.loss)}
        if self.profiles is not None:
            profiles = self.module.profile_adapter(self.profiles[batch.users])
            apart = alignment(last, profiles, temperature=self.settings.temperature)
            share = len(batch.users) / max(len(positive), 1)
            losses["alignment"] = self.settings.alignment_weight * share * apart
        return losses, len(batch.users)

    @property
    def asked(self) -> Ints:
        """The domain of every validation target, ``[V]``."""
        return self.corpus.item_domain[self.corpus.valid.items]

    def validate(self) -> Ranks64:
        """Full ranks of the validation targets by u~ alone."""
        corpus, valid = self.corpus, self.corpus.valid
        sequences = continued(corpus.sequences, valid.users, np.full(len(valid.users), -1))
        vectors = score_vectors(
            self.module,
            None,
            sequences,
            corpus.item_domain[valid.items],
            corpus.item_domain,
            corpus.n_real,
            self.settings.max_length,
        )
        domain = torch.from_numpy(corpus.item_domain[: corpus.n_real])
        targets = torch.from_numpy(valid.items)
        ranks, _ = full_ranks(vectors.users, targets, vectors.items, domain)
        return ranks


def pretrain(
    corpus: Corpus, settings: PretrainingSettings, profiles: Floats | None, run: Run
) -> tuple[Weights, dict[str, Any]]:
    """Train phase 1; the best weights and the facts of their training."""
    with training_on(run.ctx.device, run.seed):
        trainee = SharedTrainee(corpus, settings, profiles, run.seed, run.ctx.device)
        optimizer = torch.optim.Adam(
            trainee.module.parameters(), lr=settings.learning_rate, fused=True
        )
        progress = Training(trainee, optimizer, run).fit(Limits(settings.epochs, settings.patience))
    return weights_of(trainee.module), facts_of(progress, run.ctx.device)
