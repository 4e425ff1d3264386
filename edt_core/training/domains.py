"""Phase 2: training the two domain adapters on cached states of a frozen model (3.3.2, Eq. 15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.sequences import Domain, Ints, offsets_of
from edt_core.evaluation.ranks import Ranks64, full_ranks
from edt_core.models.layout import on, spans
from edt_core.models.llm_edt import SharedModel
from edt_core.models.losses import pairwise
from edt_core.models.scoring import (
    Weights,
    continued,
    domain_adapters,
    last_states,
    restore,
    states_before,
)
from edt_core.training.device import training_on
from edt_core.training.loop import Limits, Run, Training, facts_of, weights_of
from edt_core.training.shared import Corpus


@dataclass(frozen=True)
class DomainStates:
    """One domain's events that have an earlier one in it, with both states before them."""

    events: Ints
    """Places in the mixed sequences' items, ascending, ``[P]``."""
    offsets: Ints
    """Where each user's rows start, ``[U + 1]``."""
    shared: Tensor
    """u~ of Eq. 11: the state on the mixed sequence just before the event, ``[P, d]``."""
    own: Tensor
    """h^X of Eq. 10: the state on the domain's sequence just before the event, ``[P, d]``."""
    positives: Tensor
    """The events' items, ``[P]``."""


@dataclass(frozen=True)
class DomainStep:
    """One domain's part of a training step."""

    domain: Domain
    shared: Tensor
    own: Tensor
    positives: Tensor
    negatives: Tensor


def cached_states(
    model: SharedModel, table: Tensor, corpus: Corpus, max_length: int
) -> list[DomainStates]:
    """Everything that the frozen model has to say, once, by domain.

    Paper: Eq. 10, h^X = f_F(S_aug^X) with f frozen.
    Choice: dropout is off in the frozen model, so that its states are constants and can be kept.
    Events that are their user's first in the domain have no h^X; they are left out, as are the ones
    before the newest ``max_length`` events.
    """
    sequences = corpus.sequences
    mixed_events, mixed = states_before(model, table, sequences, max_length)
    row_of = np.full(len(sequences.items), -1)
    row_of[mixed_events.numpy()] = np.arange(len(mixed_events))
    found = []
    for domain in Domain:
        inside = corpus.item_domain[sequences.items] == domain
        own_events, own = states_before(model, table, sequences.where(inside), max_length)
        # as an array, because numpy takes a tensor of one for a number
        events = np.flatnonzero(inside)[own_events.numpy()]
        both = np.flatnonzero(row_of[events] >= 0)
        events = events[both]
        counts = np.bincount(sequences.users()[events], minlength=sequences.n_users)
        found.append(
            DomainStates(
                events,
                offsets_of(counts),
                mixed[on(table.device, row_of[events])],
                own[on(table.device, both)],
                on(table.device, sequences.items[events]),
            )
        )
    return found


class DomainTrainee:
    """The two adapters over cached states, as the training loop sees them.

    Paper: Eq. 15, min over both adapters of L_A + L_B; nothing else has a gradient.
    """

    def __init__(
        self,
        corpus: Corpus,
        model: SharedModel,
        settings: FineTuningSettings,
        pretraining: PretrainingSettings,
        seed: int,
    ) -> None:
        """Read all states of ``model``, which must be on its device and not in training."""
        self.corpus = corpus
        self.settings = pretraining
        self.seed = seed
        with torch.no_grad():
            self.table = model.items.everything()
        self.module: nn.ModuleList = domain_adapters(pretraining, settings)
        self.module.to(self.table.device)
        self.negatives = corpus.negatives
        self.states = cached_states(model, self.table, corpus, pretraining.max_length)
        self.counts = sum(np.diff(states.offsets) for states in self.states)
        self._keep_validation(model)

    def _keep_validation(self, model: SharedModel) -> None:
        corpus, valid = self.corpus, self.corpus.valid
        length = self.settings.max_length
        device = self.table.device
        sequences = continued(corpus.sequences, valid.users, np.full(len(valid.users), -1))
        self.valid_shared = last_states(model, self.table, sequences, length)
        self.valid_own: list[tuple[Tensor, Tensor]] = []
        for domain in Domain:
            asked = corpus.item_domain[valid.items] == domain
            inside = corpus.item_domain[sequences.items] == domain
            own = sequences.where(inside & asked[sequences.users()])
            rows = on(device, np.flatnonzero(own.lengths))
            self.valid_own.append((rows, last_states(model, self.table, own, length)[rows]))

    def steps(self, epoch: int) -> Iterator[list[DomainStep]]:
        """All users with a cached event once, in an order of this epoch's own."""
        negatives = self.negatives.draw(np.random.default_rng([self.seed, epoch, 0]))
        users = np.flatnonzero(self.counts)
        order = np.random.default_rng([self.seed, epoch, 1]).permutation(users)
        drawn = [negatives[states.events] for states in self.states]
        for start in range(0, len(order), self.settings.batch_size):
            batch = np.sort(order[start : start + self.settings.batch_size])
            yield [
                self._step(domain, states, against, batch)
                for domain, states, against in zip(Domain, self.states, drawn, strict=True)
            ]

    def _step(
        self, domain: Domain, states: DomainStates, negatives: Ints, users: Ints
    ) -> DomainStep:
        starts, lengths = states.offsets[users], np.diff(states.offsets)[users]
        places = spans(starts, lengths)
        device = self.table.device
        rows = on(device, places)
        return DomainStep(
            domain,
            states.shared[rows],
            states.own[rows],
            self.table[states.positives[rows]],
            self.table[on(device, negatives[places])],
        )

    def losses(self, batch: list[DomainStep]) -> tuple[dict[str, Tensor], int]:
        """L_A and L_B on the summed score of Eq. 11.

        Paper: Eq. 12, as Eq. 9 with the score e^T u^X + e^T u~.
        """
        losses = {}
        for step in batch:
            users = self.module[step.domain](step.own) + step.shared
            positive = (users * step.positives).sum(-1)
            negative = (users * step.negatives).sum(-1)
            name = f"loss_{step.domain.name.lower()}"
            losses[name] = pairwise(positive, negative, self.settings.loss)
        return losses, sum(len(step.own) for step in batch)

    @property
    def asked(self) -> Ints:
        """The domain of every validation target, ``[V]``."""
        return self.corpus.item_domain[self.corpus.valid.items]

    def validate(self) -> Ranks64:
        """Full ranks of the validation targets by Eq. 11."""
        users = self.valid_shared.clone()
        with torch.no_grad():
            for domain, (rows, own) in zip(Domain, self.valid_own, strict=True):
                users[rows] += self.module[domain](own)
        n_real = self.corpus.n_real
        domain_of = torch.from_numpy(self.corpus.item_domain[:n_real])
        targets = torch.from_numpy(self.corpus.valid.items)
        ranks, _ = full_ranks(users, targets, self.table[:n_real], domain_of)
        return ranks


def fine_tune(
    corpus: Corpus,
    pretrained: Weights,
    settings: FineTuningSettings,
    pretraining: PretrainingSettings,
    run: Run,
) -> tuple[Weights, dict[str, Any]]:
    """Train phase 2; the best adapters and the facts of their training.

    Choice: the starting weights compete, so that fine-tuning can't end below the pre-trained states
    that residual adapters start at. In phase 1 they must not: text alone ranks well before training
    and better than the first dozen epochs, which would use up the patience.
    """
    with training_on(run.ctx.device, run.seed):
        model = corpus.model(pretraining)
        restore(model, pretrained)
        model.to(run.ctx.device).eval().requires_grad_(False)
        trainee = DomainTrainee(corpus, model, settings, pretraining, run.seed)
        optimizer = torch.optim.AdamW(
            trainee.module.parameters(), lr=settings.learning_rate, fused=True
        )
        progress = Training(trainee, optimizer, run).fit(
            Limits(settings.epochs, settings.patience, from_start=True)
        )
    return weights_of(trainee.module), facts_of(progress, run.ctx.device)
