"""Global pre-training on the augmented mixed sequences (3.3.1, 3.4.3)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from edt_core.config import PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.split import Histories, ValidTargets
from edt_core.stage import Context, Stage, Step

if TYPE_CHECKING:
    from edt_core.stages.augmenter.insertion import Augmented
    from edt_core.stages.embed import ItemEmbeddings
    from edt_core.stages.profiling.profiles import ProfileEmbeddings
    from edt_core.training.shared import Corpus


@dataclass(frozen=True)
class Checkpoint:
    """Trained weights by name, and the facts of their training."""

    tensors: dict[str, np.ndarray]
    facts: dict[str, Any]
    """best_epoch, best_ndcg, best_hit, epochs, curve, threads, torch."""


def corpus_of(
    augmented: "Augmented",
    catalogue: Catalogue,
    histories: Histories,
    valid: ValidTargets,
    embeddings: "ItemEmbeddings | None",
) -> "Corpus":
    """What the phases learn from, gathered from the artifacts."""
    from edt_core.training.shared import Corpus

    return Corpus(
        augmented.sequences,
        histories.sequences,
        np.concatenate([catalogue.domain, augmented.new_domain]),
        len(catalogue),
        valid,
        None if embeddings is None else embeddings.vectors,
        augmented.new_vectors,
    )


@dataclass(frozen=True)
class Pretrain(Stage[Checkpoint]):
    """Train item adapter and backbone on mixed sequences, users' states towards their profiles.

    Without embeddings the items have trained vectors, without profiles there is no alignment: both
    together are the single-thread baselines (4.1.2).
    """

    step: ClassVar[Step] = Step.PRETRAIN
    section: ClassVar[str] = "3.3.1"
    version: ClassVar[int] = 4
    output: ClassVar[type[Any]] = Checkpoint

    augmented: "Stage[Augmented]"
    catalogue: Stage[Catalogue]
    histories: Stage[Histories]
    valid: Stage[ValidTargets]
    settings: PretrainingSettings
    seed: int
    embeddings: "tuple[Stage[ItemEmbeddings], ...]" = ()
    profiles: "tuple[Stage[ProfileEmbeddings], ...]" = ()

    def compute(self, ctx: Context) -> Checkpoint:
        """Minimise Eq. 14 until validation NDCG@10 stops rising."""
        from edt_core.training.loop import Run
        from edt_core.training.shared import pretrain

        corpus = corpus_of(
            ctx.load(self.augmented),
            ctx.load(self.catalogue),
            ctx.load(self.histories),
            ctx.load(self.valid),
            ctx.load(self.embeddings[0]) if self.embeddings else None,
        )
        profiles = ctx.load(self.profiles[0]).vectors if self.profiles else None
        run = Run(ctx, self.fingerprint, self.step, self.seed)
        return Checkpoint(*pretrain(corpus, self.settings, profiles, run))
