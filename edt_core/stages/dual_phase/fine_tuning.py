"""Domain fine-tuning of two adapters over the frozen model (3.3.2)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.split import Histories, ValidTargets
from edt_core.stage import Context, Stage, Step
from edt_core.stages.dual_phase.pretraining import Checkpoint, corpus_of

if TYPE_CHECKING:
    from edt_core.stages.augmenter.insertion import Augmented
    from edt_core.stages.embed import ItemEmbeddings


@dataclass(frozen=True)
class FineTune(Stage[Checkpoint]):
    """Train one adapter per domain; the pre-trained model stays as it is."""

    step: ClassVar[Step] = Step.FINETUNE
    section: ClassVar[str] = "3.3.2"
    version: ClassVar[int] = 1
    output: ClassVar[type[Any]] = Checkpoint

    pretrained: Stage[Checkpoint]
    augmented: "Stage[Augmented]"
    catalogue: Stage[Catalogue]
    histories: Stage[Histories]
    valid: Stage[ValidTargets]
    embeddings: "Stage[ItemEmbeddings]"
    settings: FineTuningSettings
    pretraining: PretrainingSettings
    seed: int

    def compute(self, ctx: Context) -> Checkpoint:
        """Minimise Eq. 15 until validation NDCG@10 stops rising."""
        from edt_core.training.domains import fine_tune
        from edt_core.training.loop import Run

        corpus = corpus_of(
            ctx.load(self.augmented),
            ctx.load(self.catalogue),
            ctx.load(self.histories),
            ctx.load(self.valid),
            ctx.load(self.embeddings),
        )
        weights = ctx.load(self.pretrained).tensors
        run = Run(ctx, self.fingerprint, self.step, self.seed)
        return Checkpoint(*fine_tune(corpus, weights, self.settings, self.pretraining, run))
