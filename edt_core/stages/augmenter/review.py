"""A person's decisions on generated items, between filter and insertion (DESIGN section 3)."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from edt_core.data.sequences import Flags, Ints
from edt_core.errors import InputError, MissingInput, ReviewPending
from edt_core.stage import Context, Stage, Step
from edt_core.stages.augmenter.generator import Drafts, edited
from edt_core.stages.augmenter.noise_filter import Judged


@dataclass(frozen=True)
class Decisions:
    """What a reviewer decided, as draft rows."""

    accepted: Ints
    rejected: Ints
    edited: Ints
    fields: list[dict[str, Any]]
    """The new values of each edited row, by field name."""
    moved: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Rows whose anchor was moved."""
    anchors: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Where to."""


@dataclass(frozen=True)
class Reviewed:
    """What goes into the sequences."""

    inserted: Flags
    """By draft row, ``[G]``."""
    moved: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Draft rows whose anchor the reviewer chose."""
    anchors: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The position that each of them has now, in the user's raw training history."""

    def anchored(self, positions: Ints) -> Ints:
        """``positions`` of all drafts ``[G]``, those of the moved ones exchanged."""
        positions = positions.copy()
        positions[self.moved] = self.anchors
        return positions


def admitted(kept: Flags, decisions: Decisions) -> Flags:
    """Which drafts are inserted: kept or accepted, and not rejected.

    Raises:
        InputError: a decision on a row that isn't there.
    """
    inserted = kept.copy()
    inserted[_checked(decisions.accepted, len(kept))] = True
    inserted[_checked(decisions.rejected, len(kept))] = False
    return inserted


def undecided(kept: Flags, decisions: Decisions) -> Ints:
    """Rows that the filter kept and nobody accepted, rejected or edited."""
    waiting = kept.copy()
    for rows in (decisions.accepted, decisions.rejected, decisions.edited):
        waiting[_checked(rows, len(kept))] = False
    return np.flatnonzero(waiting)


@dataclass(frozen=True)
class ReviewDecisions(Stage[Decisions]):
    """The decisions that stand in the project; written by the review, not computed."""

    step: ClassVar[Step] = Step.REVIEW
    section: ClassVar[str] = "-"
    output: ClassVar[type[Decisions]] = Decisions

    drafts: Stage[Drafts]
    digest: str
    """Changes with every decision."""

    def compute(self, ctx: Context) -> Decisions:
        """Decisions come from people.

        Raises:
            MissingInput: always.
        """
        raise MissingInput(
            "The review's decisions are not at hand.", hint="Run 'edt run' to take them over."
        )


@dataclass(frozen=True)
class EditDrafts(Stage[Drafts]):
    """The drafts as the reviewer edited them."""

    step: ClassVar[Step] = Step.REVIEW
    section: ClassVar[str] = "-"
    output: ClassVar[type[Drafts]] = Drafts

    drafts: Stage[Drafts]
    decisions: Stage[Decisions]

    def compute(self, ctx: Context) -> Drafts:
        """Replace the edited fields."""
        decisions = ctx.load(self.decisions)
        return edited(ctx.load(self.drafts), decisions.edited.tolist(), decisions.fields)


@dataclass(frozen=True)
class ApplyReview(Stage[Reviewed]):
    """Combine the filter's verdicts with the reviewer's decisions."""

    step: ClassVar[Step] = Step.REVIEW
    section: ClassVar[str] = "-"
    output: ClassVar[type[Reviewed]] = Reviewed

    judged: Stage[Judged]
    decisions: Stage[Decisions]
    required: bool

    def compute(self, ctx: Context) -> Reviewed:
        """Say which drafts are inserted.

        Raises:
            ReviewPending: a review is required and items are still undecided.
        """
        kept, decisions = ctx.load(self.judged).kept, ctx.load(self.decisions)
        waiting = len(undecided(kept, decisions))
        if self.required and waiting:
            raise ReviewPending(
                f"{waiting} kept items wait for a decision.",
                hint="Decide with 'edt review', or set review.required to false.",
            )
        moved = _checked(decisions.moved, len(kept))
        return Reviewed(admitted(kept, decisions), moved, decisions.anchors)


def _checked(rows: Ints, size: int) -> Ints:
    if len(rows) and (rows.min() < 0 or rows.max() >= size):
        raise InputError(
            "A review decision names a generated item that does not exist.",
            hint="Reset it with 'edt review reset'.",
        )
    return rows.astype(np.int64)
