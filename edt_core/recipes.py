"""The pipelines: Figure 2 as one expression, the paper's ablations and the baselines.

An ablation is the same expression with one node exchanged or one setting changed. Names become
stages in one closed ``match``; inside there are only values.
"""

from dataclasses import dataclass
from typing import Any

from edt_core.config import Config, FineTuningSettings, PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.split import Histories, RawSequences, TestTargets, ValidTargets
from edt_core.evaluation.ranks import Ranks
from edt_core.llm.prompts import PACKAGED
from edt_core.llm.templating import Templates
from edt_core.stage import Stage, Step, walk
from edt_core.stages.augmenter.generator import Drafts, GenerateItems
from edt_core.stages.augmenter.insertion import Augmented, InsertItems, KeepRaw
from edt_core.stages.augmenter.noise_filter import (
    DraftEmbeddings,
    EmbedDrafts,
    FilterNoise,
    Judged,
)
from edt_core.stages.augmenter.representatives import Representatives, SelectRepresentatives
from edt_core.stages.augmenter.review import (
    ApplyReview,
    Decisions,
    EditDrafts,
    ReviewDecisions,
    Reviewed,
)
from edt_core.stages.cluster import ClusterItems, Clusters
from edt_core.stages.dual_phase.fine_tuning import FineTune
from edt_core.stages.dual_phase.pretraining import Checkpoint, Pretrain
from edt_core.stages.embed import EmbedItems, ItemEmbeddings
from edt_core.stages.evaluate import Candidates, DrawCandidates, EvaluateCounts, EvaluateModel
from edt_core.stages.prepare import (
    DatasetParams,
    ImportedCatalogue,
    ImportedHistories,
    ImportedRaw,
    ImportedTestTargets,
    ImportedValidTargets,
)
from edt_core.stages.profiling.profiles import (
    EmbedProfiles,
    ProfileEmbeddings,
    Profiles,
    WriteProfiles,
)
from edt_core.variants import BY_IDS, BY_TEXTS, Variant, settings_of

CANDIDATE_SEED = 42
"""The stored negatives are drawn once per data set, for every model and every training seed."""

DEFAULT_SEEDS = (42, 44, 46)
"""A.4's training seeds."""


@dataclass(frozen=True)
class Data:
    """The imported data set as source stages."""

    catalogue: Stage[Catalogue]
    histories: Stage[Histories]
    valid: Stage[ValidTargets]
    test: Stage[TestTargets]
    raw: Stage[RawSequences]

    @classmethod
    def of(cls, digest: str) -> "Data":
        """The data set with this digest."""
        dataset = DatasetParams(digest=digest)
        return cls(
            ImportedCatalogue(dataset),
            ImportedHistories(dataset),
            ImportedValidTargets(dataset),
            ImportedTestTargets(dataset),
            ImportedRaw(dataset),
        )


@dataclass(frozen=True)
class ReviewState:
    """Digests of what a reviewer decided on the generated items; empty when nothing was."""

    edits: str = ""
    verdicts: str = ""


@dataclass(frozen=True)
class Augmenter:
    """Section 3.2 as stages."""

    clusters: Stage[Clusters]
    representatives: Stage[Representatives]
    generated: Stage[Drafts]
    edits: Stage[Decisions]
    drafts: Stage[Drafts]
    draft_embeddings: Stage[DraftEmbeddings]
    judged: Stage[Judged]
    verdicts: Stage[Decisions]
    reviewed: Stage[Reviewed]


@dataclass(frozen=True)
class Pipeline:
    """One variant and seed: every stage under its name; what the variant leaves out is empty."""

    variant: Variant
    seed: int
    data: Data
    candidates: Stage[Candidates]
    ranks: Stage[Ranks]
    embeddings: tuple[Stage[ItemEmbeddings], ...] = ()
    augmenter: tuple[Augmenter, ...] = ()
    augmented: tuple[Stage[Augmented], ...] = ()
    profiles: tuple[Stage[Profiles], ...] = ()
    profile_embeddings: tuple[Stage[ProfileEmbeddings], ...] = ()
    pretrained: tuple[Stage[Checkpoint], ...] = ()
    tuned: tuple[Stage[Checkpoint], ...] = ()

    def stages_of(self, step: Step) -> tuple[Stage[Any], ...]:
        """The stages that a user sees under ``step``."""
        return tuple(stage for stage in walk(self.ranks) if stage.step == step)


def pipeline(
    variant: Variant,
    config: Config,
    digest: str,
    seed: int,
    review: ReviewState | None = None,
    templates: Templates = PACKAGED,
) -> Pipeline:
    """The stages of one variant, for the data set with ``digest`` and one training seed."""
    config = config.changed(settings_of(variant))
    match variant:
        case Variant.POPULARITY:
            return _counting(variant, "popularity", config, digest, seed)
        case Variant.MARKOV:
            return _counting(variant, "markov", config, digest, seed)
        case Variant.ITEM_KNN:
            return _counting(variant, "itemknn", config, digest, seed)
        case _ if variant in BY_IDS | BY_TEXTS:
            with_text = variant in BY_TEXTS
            item = templates.only("item") if with_text else None
            return _single_thread(variant, config, digest, seed, item)
        case _:
            return _llm_edt(variant, config, digest, seed, review or ReviewState(), templates)


def _used(settings: PretrainingSettings, *, aligned: bool) -> PretrainingSettings:
    """The settings with those that this model never reads at their defaults.

    So that a changed alignment weight does not train a baseline anew.
    """
    unread: dict[str, Any] = {}
    defaults = PretrainingSettings()
    if settings.encoder != "sasrec":
        unread["bidirectional"] = defaults.bidirectional
    if settings.encoder == "gru4rec":
        unread["heads"] = defaults.heads
    if not aligned:
        unread["alignment_weight"] = defaults.alignment_weight
        unread["temperature"] = defaults.temperature
    return settings.model_copy(update=unread)


def _candidates(data: Data, config: Config) -> Stage[Candidates]:
    return DrawCandidates(
        data.catalogue,
        data.histories,
        data.valid,
        data.test,
        n_negatives=config.evaluation.n_negatives,
        seed=CANDIDATE_SEED,
    )


def _augmenter(
    config: Config,
    data: Data,
    items: Stage[ItemEmbeddings],
    review: ReviewState,
    templates: Templates,
) -> Augmenter:
    clusters = ClusterItems(data.catalogue, items, n_clusters=config.clusters.n_clusters)
    representatives = SelectRepresentatives(
        data.histories, data.catalogue, items, clusters, config.clusters
    )
    generated = GenerateItems(
        data.histories,
        data.catalogue,
        items,
        representatives,
        n_generate=config.generator.n_generate,
        llm=config.llm.choice,
        ask_empty=config.noise_filter.empty_target == "catalogue",
        template=templates.only("generate"),
    )
    edits = ReviewDecisions(generated, digest=review.edits)
    drafts = EditDrafts(generated, edits)
    draft_embeddings = EmbedDrafts(
        drafts, data.catalogue, config.embedding.choice, templates.only("item")
    )
    judged = FilterNoise(
        drafts,
        draft_embeddings,
        items,
        representatives,
        data.histories,
        data.catalogue,
        config.noise_filter,
    )
    verdicts = ReviewDecisions(generated, digest=review.verdicts)
    reviewed = ApplyReview(judged, verdicts, required=config.review.required)
    return Augmenter(
        clusters,
        representatives,
        generated,
        edits,
        drafts,
        draft_embeddings,
        judged,
        verdicts,
        reviewed,
    )


def _llm_edt(
    variant: Variant,
    config: Config,
    digest: str,
    seed: int,
    review: ReviewState,
    templates: Templates,
) -> Pipeline:
    """Figure 2."""
    data = Data.of(digest)
    item = templates.only("item")
    items = EmbedItems(data.catalogue, config.embedding.choice, item)
    parts: tuple[Augmenter, ...] = ()
    augmented: Stage[Augmented] = KeepRaw(data.histories)
    if config.generator.enabled:
        part = _augmenter(config, data, items, review, templates)
        parts = (part,)
        augmented = InsertItems(
            data.histories,
            data.catalogue,
            items,
            part.drafts,
            part.draft_embeddings,
            part.judged,
            part.reviewed,
            position=config.insertion.position,
            grounding=config.generator.grounding,
        )
    profiles: tuple[Stage[Profiles], ...] = ()
    profile_embeddings: tuple[Stage[ProfileEmbeddings], ...] = ()
    if config.profiles.enabled:
        written = WriteProfiles(
            augmented,
            tuple(part.drafts for part in parts),
            data.histories,
            data.catalogue,
            items,
            ClusterItems(data.catalogue, items, n_clusters=config.profiles.n_clusters),
            config.profiles,
            scope=config.clusters.scope,
            llm=config.llm.choice,
            templates=templates.only("summarize", "manual", "reform", "analyze", "plain"),
        )
        profiles = (written,)
        profile_embeddings = (
            EmbedProfiles(written, data.catalogue, config.embedding.choice, item),
        )
    pretraining = _used(config.pretraining, aligned=config.profiles.enabled)
    pretrained = Pretrain(
        augmented,
        data.catalogue,
        data.histories,
        data.valid,
        pretraining,
        seed=seed,
        embeddings=(items,),
        profiles=profile_embeddings,
    )
    tuned: tuple[Stage[Checkpoint], ...] = ()
    if config.fine_tuning.enabled:
        tuned = (
            FineTune(
                pretrained,
                augmented,
                data.catalogue,
                data.histories,
                data.valid,
                items,
                config.fine_tuning,
                pretraining,
                seed=seed,
            ),
        )
    candidates = _candidates(data, config)
    ranks = EvaluateModel(
        pretrained,
        tuned,
        augmented,
        data.catalogue,
        data.histories,
        data.valid,
        data.test,
        candidates,
        embeddings=(items,),
        pretraining=pretraining,
        fine_tuning=config.fine_tuning if tuned else FineTuningSettings(),
        raw=data.raw,
    )
    return Pipeline(
        variant,
        seed,
        data,
        candidates,
        ranks,
        (items,),
        parts,
        (augmented,),
        profiles,
        profile_embeddings,
        (pretrained,),
        tuned,
    )


def _single_thread(
    variant: Variant, config: Config, digest: str, seed: int, item: Templates | None
) -> Pipeline:
    """One backbone on the raw mixed sequences: no augmentation, no profile, one phase (4.1.2).

    With the template ``item`` its items are their texts, without it ids.
    """
    data = Data.of(digest)
    pretraining = _used(config.pretraining, aligned=False)
    items: tuple[Stage[ItemEmbeddings], ...] = (
        (EmbedItems(data.catalogue, config.embedding.choice, item),) if item else ()
    )
    raw = KeepRaw(data.histories)
    pretrained = Pretrain(
        raw,
        data.catalogue,
        data.histories,
        data.valid,
        pretraining,
        seed=seed,
        embeddings=items,
        profiles=(),
    )
    candidates = _candidates(data, config)
    ranks = EvaluateModel(
        pretrained,
        (),
        raw,
        data.catalogue,
        data.histories,
        data.valid,
        data.test,
        candidates,
        embeddings=items,
        pretraining=pretraining,
        fine_tuning=FineTuningSettings(),
        raw=data.raw,
    )
    return Pipeline(
        variant, seed, data, candidates, ranks, items, augmented=(raw,), pretrained=(pretrained,)
    )


def _counting(variant: Variant, model: Any, config: Config, digest: str, seed: int) -> Pipeline:
    data = Data.of(digest)
    candidates = _candidates(data, config)
    ranks = EvaluateCounts(
        model, data.histories, data.catalogue, data.valid, data.test, candidates, raw=data.raw
    )
    return Pipeline(variant, seed, data, candidates, ranks)
