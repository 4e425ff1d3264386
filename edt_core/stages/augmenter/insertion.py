"""The insertion: generated items in the raw sequences (3.2.3, S_aug of Eq. 1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from edt_core.data.catalogue import Catalogue, normalised_title
from edt_core.data.sequences import Domain, Flags, Floats, Ints, Sequences
from edt_core.data.split import Histories
from edt_core.data.vectors import unit_rows
from edt_core.events import StageAdvanced
from edt_core.stage import Context, Stage, Step
from edt_core.stages.augmenter.generator import Drafts
from edt_core.stages.augmenter.noise_filter import DraftEmbeddings, Judged
from edt_core.stages.augmenter.review import Reviewed
from edt_core.stages.embed import ItemEmbeddings

Position = Literal["anchor", "end", "random"]
Grounding = Literal["new", "nearest"]
_SEED = 42
_AT_ONCE = 1024


@dataclass(frozen=True)
class Augmented:
    """S_aug of every user: the training history with what was inserted."""

    sequences: Sequences
    generated: Flags
    """Which events were inserted, ``[T']``."""
    drafts: Ints
    """The draft that each inserted event comes from, -1 for raw events, ``[T']``."""
    new_domain: Ints
    """The domain of each generated item; its key is N plus its index here, ``[M]``."""
    new_draft: Ints
    """The first draft that each generated item comes from, ``[M]``."""
    new_vectors: Floats
    """The generated items' embeddings, ``[M, E]``; ``[0, 0]`` where nothing was asked for."""


@dataclass(frozen=True)
class Keyed:
    """Which item each inserted draft is."""

    keys: Ints
    """By inserted draft, in the order of the rows."""
    new_draft: Ints
    """The first draft of each new key, ``[M]``."""


def keys_by_title(
    rows: Ints, drafts: Drafts, catalogue: Catalogue, real_key: Callable[[Ints], Ints] | None
) -> Keyed:
    """Give the drafts in ``rows`` their item keys; equal normalised titles share one item.

    Choice: within a domain (DESIGN 4.12). Without ``real_key`` each title is a new item, numbered
    from N in the order of the first drafts, also one that a real item bears: a model that knows the
    shop can write the very title that its user is tested on, and that must not become the item.
    With it (grounding ``nearest``) a real item's title is that item, the lowest key of several, and
    ``real_key`` maps the first draft of each other title to a real one.

    Args:
        rows: Inserted draft rows, ascending.
        drafts: All drafts.
        catalogue: The real items.
        real_key: Takes draft rows, returns real keys.
    """
    known: dict[tuple[int, str], int] = {}
    domains = catalogue.domain.tolist()
    for key in range(len(catalogue) if real_key is not None else 0):
        known.setdefault((domains[key], normalised_title(catalogue.titles[key])), key)
    targets = drafts.targets.tolist()
    names = [(targets[r], normalised_title(drafts.titles[r]) or drafts.titles[r]) for r in rows]
    first: dict[tuple[int, str], int] = {}
    for row, name in zip(rows.tolist(), names, strict=True):
        if name not in known:
            first.setdefault(name, row)
    new_draft = np.array(list(first.values()), dtype=np.int64)
    if real_key is None:
        new_keys = len(catalogue) + np.arange(len(new_draft))
    else:
        new_keys, new_draft = real_key(new_draft), new_draft[:0]
    known.update(zip(first, new_keys.tolist(), strict=True))
    return Keyed(np.array([known[name] for name in names], dtype=np.int64), new_draft)


def nearest_real(
    vectors: Floats, targets: Ints, table: Floats, item_domain: Ints, check: Callable[[], None]
) -> Ints:
    """The real item of the same domain with the highest cosine, the lowest key on a tie, ``[n]``.

    Args:
        vectors: Generated items' vectors ``[n, E]``.
        targets: Their domains ``[n]``.
        table: Real items' vectors of length 1 ``[N, E]``.
        item_domain: Real items' domains ``[N]``.
        check: Called once a block.
    """
    nearest = np.zeros(len(vectors), dtype=np.int64)
    for domain in Domain:
        keys = np.flatnonzero(item_domain == domain)
        rows = np.flatnonzero(targets == domain)
        for start in range(0, len(rows), _AT_ONCE):
            check()
            some = rows[start : start + _AT_ONCE]
            nearest[some] = keys[(vectors[some] @ table[keys].T).argmax(axis=1)]
    return nearest


def places(position: Position, lengths: Ints, anchors: Ints, rows: Ints, n_drafts: int) -> Ints:
    """After which raw event of its user each inserted draft goes, ``[n]``.

    Paper: 3.2.3, "right after the corresponding item"; B.1, at the end of the sequence ("w/o
    Inserting") or anywhere ("Random Inserting").
    Choice: the end is the end of the training part; random places are uniform over the training
    positions, drawn with a fixed seed for all drafts, so that a draft's place does not depend on
    what else is inserted.

    Args:
        position: Where.
        lengths: Raw events of each draft's user, ``[n]``.
        anchors: Eq. 5's positions, or the reviewer's, ``[n]``; below 0 means the end.
        rows: Draft rows, ``[n]``.
        n_drafts: G.
    """
    last = lengths - 1
    if position == "end":
        return last
    if position == "random":
        share = np.random.default_rng(_SEED).random(n_drafts)[rows]
        return np.minimum((share * lengths).astype(np.int64), last)
    return np.where(anchors < 0, last, anchors)


def insert_after(
    raw: Sequences, users: Ints, after: Ints, scores: Floats, keys: Ints, rows: Ints
) -> tuple[Sequences, Ints]:
    """Insert keys after raw positions; all positions count before any insertion.

    Choice: several at one place stand by source score, highest first, then by draft row
    (DESIGN 4.11).

    Args:
        raw: The training sequences.
        users: Whose sequence, ``[n]``.
        after: After which of the user's raw events, ``[n]``.
        scores: Source scores, ``[n]``.
        keys: What is inserted, ``[n]``.
        rows: Draft rows, ``[n]``.

    Returns:
        The longer sequences, and the draft row of every event (-1 for raw ones), ``[T']``.
    """
    place = raw.offsets[users] + after + 1
    order = np.lexsort((rows, -scores, place))
    items = np.insert(raw.items, place[order], keys[order])
    origin = np.insert(np.full(len(raw.items), -1), place[order], rows[order])
    counts = np.bincount(users, minlength=raw.n_users)
    added = np.concatenate(([0], np.cumsum(counts)))
    return Sequences(items, raw.offsets + added), origin


@dataclass(frozen=True)
class InsertItems(Stage[Augmented]):
    """Insert what filter and review let through.

    Paper: 3.2.3, each generated item "right after the corresponding item" of Eq. 5, a bridge
    between the domains.
    """

    step: ClassVar[Step] = Step.INSERT
    section: ClassVar[str] = "3.2.3"
    version: ClassVar[int] = 2
    output: ClassVar[type[Augmented]] = Augmented

    histories: Stage[Histories]
    catalogue: Stage[Catalogue]
    embeddings: Stage[ItemEmbeddings]
    drafts: Stage[Drafts]
    draft_embeddings: Stage[DraftEmbeddings]
    judged: Stage[Judged]
    reviewed: Stage[Reviewed]
    position: Position
    grounding: Grounding

    def compute(self, ctx: Context) -> Augmented:
        """Give the inserted drafts their keys, then their places."""
        raw, catalogue = ctx.load(self.histories).sequences, ctx.load(self.catalogue)
        drafts, judged = ctx.load(self.drafts), ctx.load(self.judged)
        vectors = ctx.load(self.draft_embeddings).vectors
        table = ctx.load(self.embeddings).vectors
        reviewed = ctx.load(self.reviewed)
        rows = np.flatnonzero(reviewed.inserted)

        def ground(some: Ints) -> Ints:
            targets = drafts.targets[some]
            real = unit_rows(table)
            return nearest_real(vectors[some], targets, real, catalogue.domain, ctx.check)

        nearest = ground if self.grounding == "nearest" else None
        keyed = keys_by_title(rows, drafts, catalogue, nearest)
        users = drafts.users[rows]
        anchors = reviewed.anchored(judged.anchor_position)[rows]
        after = places(self.position, raw.lengths[users], anchors, rows, len(drafts))
        scores = judged.source_score[rows]
        sequences, origin = insert_after(raw, users, after, scores, keyed.keys, rows)
        ctx.emit(StageAdvanced(self.fingerprint, self.step, len(rows), len(rows), "items"))
        return Augmented(
            sequences,
            origin >= 0,
            origin,
            drafts.targets[keyed.new_draft],
            keyed.new_draft,
            vectors[keyed.new_draft],
        )


@dataclass(frozen=True)
class KeepRaw(Stage[Augmented]):
    """No augmentation: the training histories as they are ("w/o Aug.", and the baselines)."""

    step: ClassVar[Step] = Step.INSERT
    section: ClassVar[str] = "3.2"
    output: ClassVar[type[Augmented]] = Augmented

    histories: Stage[Histories]

    def compute(self, ctx: Context) -> Augmented:
        """Pass the histories on."""
        raw = ctx.load(self.histories).sequences
        none = np.zeros(0, dtype=np.int64)
        return Augmented(
            raw,
            np.zeros(len(raw.items), dtype=bool),
            np.full(len(raw.items), -1, dtype=np.int64),
            none,
            none,
            np.zeros((0, 0), dtype=np.float32),
        )
