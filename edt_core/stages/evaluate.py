"""From trained weights or counts to the rank of every held-out item (3.5.2, 4.1.4)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Floats, Ints, Sequences
from edt_core.data.split import Histories, RawSequences, TestTargets, ValidTargets
from edt_core.data.vectors import unit_rows
from edt_core.evaluation import leaks
from edt_core.evaluation.candidates import Candidates, draw, extended
from edt_core.evaluation.counting import CountingModel, count_ranks
from edt_core.evaluation.ranks import Ranks, full_ranks, sampled_ranks
from edt_core.events import Noted, StageAdvanced
from edt_core.stage import CHECK, Context, Stage, Step
from edt_core.stages.augmenter.insertion import Augmented, nearest_real
from edt_core.stages.dual_phase.pretraining import Checkpoint
from edt_core.stages.embed import ItemEmbeddings

if TYPE_CHECKING:
    from edt_core.models.scoring import Vectors

__all__ = ["Candidates", "DrawCandidates", "EvaluateCounts", "EvaluateModel", "trained_vectors"]

Counts = Literal["popularity", "markov", "itemknn"]


def trained_vectors(
    checkpoint: Checkpoint,
    adapters: Checkpoint | None,
    augmented: Augmented,
    embeddings: Floats | None,
    catalogue: Catalogue,
    settings: tuple[PretrainingSettings, FineTuningSettings],
    requests: tuple[Sequences, Ints],
    device: str,
) -> "Vectors":
    """User and item vectors of a trained model; a score is their product.

    Paper: 3.5.2, no language model is asked at inference.

    Args:
        checkpoint: phase 1.
        adapters: phase 2, or None without fine-tuning.
        augmented: the sequences and generated items of training.
        embeddings: of the real items, ``[N, E]``; None for a model with trained item vectors.
        catalogue: the real items.
        settings: of both phases.
        requests: one mixed input sequence per request, and the domain it asks for, ``[R]``.
        device: where to compute.
    """
    from edt_core.models.scoring import domain_adapters, model_of, restore, score_vectors

    pretraining, fine_tuning = settings
    sequences, domains = requests
    model = model_of(
        pretraining, len(catalogue), embeddings, augmented.new_vectors, len(augmented.new_domain)
    )
    restore(model, checkpoint.tensors)
    tuned = None
    if adapters is not None:
        tuned = domain_adapters(pretraining, fine_tuning)
        restore(tuned, adapters.tensors)
        tuned = tuned.to(device).eval()
    return score_vectors(
        model.to(device),
        tuned,
        sequences,
        domains,
        np.concatenate([catalogue.domain, augmented.new_domain]),
        len(catalogue),
        pretraining.max_length,
    )


def both_splits(valid: ValidTargets, test: TestTargets) -> tuple[Ints, Ints, Ints]:
    """Split, user and target of every row of ``Ranks``: validation first, then test."""
    return (
        np.repeat([0, 1], [len(valid.users), len(test.users)]),
        np.concatenate([valid.users, test.users]),
        np.concatenate([valid.items, test.items]),
    )


@dataclass(frozen=True)
class DrawCandidates(Stage[Candidates]):
    """Draw the negatives that every model of this data set shares."""

    step: ClassVar[Step] = Step.EVALUATE
    section: ClassVar[str] = "4.1.4"
    output: ClassVar[type[Candidates]] = Candidates

    catalogue: Stage[Catalogue]
    histories: Stage[Histories]
    valid: Stage[ValidTargets]
    test: Stage[TestTargets]
    n_negatives: int
    seed: int

    def compute(self, ctx: Context) -> Candidates:
        """Draw for both targets of every user."""
        catalogue = ctx.load(self.catalogue)
        valid, test = ctx.load(self.valid), ctx.load(self.test)
        known = extended(ctx.load(self.histories).sequences, test.users, valid.items, test.items)
        return Candidates(
            test.users,
            draw(catalogue, known, test.items, self.n_negatives, (self.seed, 1)),
            draw(catalogue, known, valid.items, self.n_negatives, (self.seed, 0)),
        )


@dataclass(frozen=True)
class EvaluateModel(Stage[Ranks]):
    """Rank every held-out item by a trained model, after the leak check."""

    step: ClassVar[Step] = Step.EVALUATE
    section: ClassVar[str] = "3.5.2"
    output: ClassVar[type[Ranks]] = Ranks

    pretrained: Stage[Checkpoint]
    tuned: tuple[Stage[Checkpoint], ...]
    augmented: Stage[Augmented]
    catalogue: Stage[Catalogue]
    histories: Stage[Histories]
    valid: Stage[ValidTargets]
    test: Stage[TestTargets]
    candidates: Stage[Candidates]
    embeddings: tuple[Stage[ItemEmbeddings], ...]
    pretraining: PretrainingSettings
    fine_tuning: FineTuningSettings
    raw: Stage[RawSequences] = field(metadata=CHECK)

    def compute(self, ctx: Context) -> Ranks:
        """Score the test input, which is the augmented history and the raw validation item.

        Choice: generated items stay in the input and never become candidates.

        Raises:
            LeakFound: a held-out item was seen where it must not be.
        """
        import torch

        from edt_core.models.scoring import continued

        catalogue, augmented = ctx.load(self.catalogue), ctx.load(self.augmented)
        valid, test = ctx.load(self.valid), ctx.load(self.test)
        candidates = ctx.load(self.candidates)
        embeddings = ctx.load(self.embeddings[0]).vectors if self.embeddings else None
        histories = ctx.load(self.histories)
        leaks.check_against_raw(ctx.load(self.raw).sequences, histories, valid, test)
        leaks.check_split(histories, valid, test, len(catalogue))
        leaks.check_inputs(augmented.sequences, augmented.generated, histories)
        leaks.check_generated(
            augmented.sequences, augmented.generated, len(catalogue), len(augmented.new_domain)
        )
        leaks.check_candidates(candidates, histories, valid, test, catalogue)
        if embeddings is not None:
            self._report(ctx, catalogue, augmented, (valid, test), embeddings)

        split, users, targets = both_splits(valid, test)
        domains = catalogue.domain[targets]
        later = np.concatenate([np.full(len(valid.users), -1), valid.items])
        self._advance(ctx, 0)
        vectors = trained_vectors(
            ctx.load(self.pretrained),
            ctx.load(self.tuned[0]) if self.tuned else None,
            augmented,
            embeddings,
            catalogue,
            (self.pretraining, self.fine_tuning),
            (continued(augmented.sequences, users, later), domains),
            ctx.device,
        )
        self._advance(ctx, 1)
        keys = torch.from_numpy(targets)
        full, sizes = full_ranks(
            vectors.users, keys, vectors.items, torch.from_numpy(catalogue.domain)
        )
        self._advance(ctx, 2)
        negatives = np.concatenate([candidates.valid_negatives, candidates.negatives])
        sampled = sampled_ranks(vectors.users, keys, vectors.items, torch.from_numpy(negatives))
        self._advance(ctx, 3)
        return Ranks(split, users, targets, domains, full, sizes, sampled)

    def _report(
        self,
        ctx: Context,
        catalogue: Catalogue,
        augmented: Augmented,
        held_out: tuple[ValidTargets, TestTargets],
        embeddings: Floats,
    ) -> None:
        """Say how often an inserted item foresaw what was held out."""
        of_new = nearest_real(
            augmented.new_vectors,
            augmented.new_domain,
            unit_rows(embeddings),
            catalogue.domain,
            ctx.check,
        )
        nearest = np.concatenate([np.arange(len(catalogue)), of_new])
        users = augmented.sequences.users()[augmented.generated]
        inserted = nearest[augmented.sequences.items[augmented.generated]]
        found = leaks.closeness(users, inserted, catalogue.domain, *held_out)
        if found.items:
            text = (
                f"{found.closest:,} of {found.items:,} inserted items "
                f"({found.closest / found.items:.2%}) are closest to an item held out from their "
                f"own user; {found.chance:.2%} would be by chance."
            )
            ctx.emit(Noted(self.step, text))

    def _advance(self, ctx: Context, done: int) -> None:
        ctx.check()
        ctx.emit(StageAdvanced(self.fingerprint, self.step, done, 3, "part"))


@dataclass(frozen=True)
class EvaluateCounts(Stage[Ranks]):
    """Rank every held-out item by a model that only counts the training histories."""

    step: ClassVar[Step] = Step.EVALUATE
    section: ClassVar[str] = "4.1.2"
    output: ClassVar[type[Ranks]] = Ranks

    model: Counts
    histories: Stage[Histories]
    catalogue: Stage[Catalogue]
    valid: Stage[ValidTargets]
    test: Stage[TestTargets]
    candidates: Stage[Candidates]
    raw: Stage[RawSequences] = field(metadata=CHECK)

    def compute(self, ctx: Context) -> Ranks:
        """Score the raw training history, for the test target with the validation item behind it.

        Choice: the counts themselves stay those of the training histories.

        Raises:
            LeakFound: a held-out item was seen where it must not be.
        """
        histories, catalogue = ctx.load(self.histories), ctx.load(self.catalogue)
        valid, test = ctx.load(self.valid), ctx.load(self.test)
        candidates = ctx.load(self.candidates)
        leaks.check_against_raw(ctx.load(self.raw).sequences, histories, valid, test)
        leaks.check_split(histories, valid, test, len(catalogue))
        leaks.check_candidates(candidates, histories, valid, test, catalogue)

        model = self._fitted(histories, len(catalogue))
        split, users, items = both_splits(valid, test)
        negatives = np.concatenate([candidates.valid_negatives, candidates.negatives])
        parts = []
        for number, later in enumerate([(), (valid.items,)]):
            ctx.emit(StageAdvanced(self.fingerprint, self.step, number, 2, "split"))
            rows = split == number
            inputs = (histories.sequences, users[rows], later)
            parts.append(
                count_ranks(model, inputs, catalogue, items[rows], negatives[rows], ctx.check)
            )
        full, sizes, sampled = (np.concatenate(pair) for pair in zip(*parts, strict=True))
        return Ranks(split, users, items, catalogue.domain[items], full, sizes, sampled)

    def _fitted(self, histories: Histories, n_items: int) -> CountingModel:
        match self.model:
            case "popularity":
                from edt_core.models.baselines.popularity import Popularity

                return Popularity.fit(histories.sequences, n_items)
            case "markov":
                from edt_core.models.baselines.markov import Markov

                return Markov.fit(histories.sequences, n_items)
            case "itemknn":
                from edt_core.models.baselines.item_knn import ItemKNN

                return ItemKNN.fit(histories.sequences, n_items)
