"""Table 3: how far augmentation moves a user's profile (4.7)."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from edt_core.config import Config
from edt_core.data.sequences import Floats, Ints
from edt_core.data.vectors import unit_rows
from edt_core.errors import UsageError
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.stage import Context, Stage, Step
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.stages.profiling.profiles import EmbedProfiles, ProfileEmbeddings, WriteProfiles
from edt_core.variants import Variant

SHARES = (0.3, 0.6, 1.0)
_SEED = 42
_FULL, _RAW = Variant.LLM_EDT.value, Variant.WITHOUT_AUGMENTATION.value


def with_share(augmented: Augmented, share: float) -> Augmented:
    """The augmented sequences with only this share of their inserted events.

    Choice: the first of one fixed random order, so that a smaller share is part of a larger one.
    """
    events = np.flatnonzero(augmented.generated)
    order = np.random.default_rng(_SEED).permutation(len(events))
    kept = np.ones(len(augmented.generated), dtype=bool)
    kept[events[order[round(share * len(events)) :]]] = False
    return replace(
        augmented,
        sequences=augmented.sequences.where(kept),
        generated=augmented.generated[kept],
        drafts=augmented.drafts[kept],
    )


@dataclass(frozen=True)
class InjectShare(Stage[Augmented]):
    """Insert only a share of what augmentation inserts."""

    step: ClassVar[Step] = Step.INSERT
    section: ClassVar[str] = "4.7"
    output: ClassVar[type[Augmented]] = Augmented

    augmented: Stage[Augmented]
    share: float

    def compute(self, ctx: Context) -> Augmented:
        """Leave the rest out."""
        return with_share(ctx.load(self.augmented), self.share)


def specs(config: Config) -> list[RunSpec]:
    """Profiles of the augmented and of the raw sequences; nothing is trained.

    Raises:
        UsageError: profiles are switched off.
    """
    if not config.profiles.enabled:
        raise UsageError(
            "This experiment compares profiles, and they are switched off.",
            hint="Switch them on: --set profiles.enabled=true.",
        )
    return [
        RunSpec(_FULL, Variant.LLM_EDT, until=Step.PROFILE),
        RunSpec(_RAW, Variant.WITHOUT_AUGMENTATION, until=Step.PROFILE),
    ]


def further(evidence: Evidence) -> list[Stage[Any]]:
    """The profiles' vectors at every share."""
    return [_profiles(evidence, share) for share in SHARES]


def tell(evidence: Evidence) -> list[Table]:
    """Table 3."""
    raw = evidence.load(evidence.first(_RAW).profile_embeddings[0]).vectors
    augmented = evidence.load(evidence.first(_FULL).augmented[0])
    rows = []
    for share in SHARES:
        vectors = evidence.load(_profiles(evidence, share)).vectors
        found = with_share(augmented, share)
        inserted = np.bincount(
            found.sequences.users()[found.generated], minlength=found.sequences.n_users
        )
        rows.append(similarity_row(share, raw, vectors, inserted))
    columns = ("injected", "items", "users with one", "cosine, all users", "cosine, these users")
    title = "Table 3: cosine between profiles of the raw and the augmented sequences"
    return [Table(title, columns, tuple(rows))]


def similarity_row(share: float, raw: Floats, vectors: Floats, inserted: Ints) -> tuple[Cell, ...]:
    """One share's mean cosine, over all users and over those who got an item.

    Args:
        share: Of the inserted events.
        raw: Profiles of the raw sequences, ``[U, E]``.
        vectors: Profiles with that share inserted, ``[U, E]``.
        inserted: Inserted events by user, ``[U]``.
    """
    cosines = np.einsum("ue,ue->u", unit_rows(raw), unit_rows(vectors)).astype(np.float64)
    some = inserted > 0
    return (
        Cell(f"{share:.0%}"),
        Cell(int(inserted.sum())),
        Cell(int(some.sum())),
        Cell(float(cosines.mean()) if len(cosines) else None),
        Cell(float(cosines[some].mean()) if some.any() else None),
    )


def _profiles(evidence: Evidence, share: float) -> Stage[ProfileEmbeddings]:
    """The profile stages of the full method over a share of the insertions."""
    made = evidence.first(_FULL)
    embedded, written = made.profile_embeddings[0], made.profiles[0]
    if share == 1.0:
        return embedded
    assert isinstance(embedded, EmbedProfiles)
    assert isinstance(written, WriteProfiles)
    injected = InjectShare(made.augmented[0], share)
    return replace(embedded, profiles=replace(written, augmented=injected))


SIMILARITY = Experiment(specs, tell, further)
