"""The noise filter: which generated items are worth inserting, and where (3.2.2, Eq. 5 and 6)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from edt_core.config import EmbeddingChoice, NoiseFilterSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Flags, Floats, Ints
from edt_core.data.split import Histories
from edt_core.data.vectors import unit_rows
from edt_core.errors import UsageError
from edt_core.events import StageAdvanced
from edt_core.llm.prompts import item_prompt
from edt_core.llm.templating import Templates
from edt_core.stage import Context, Stage, Step
from edt_core.stages.augmenter.generator import Drafts
from edt_core.stages.augmenter.representatives import Representatives
from edt_core.stages.embed import ITEM_TEMPLATE, ItemEmbeddings, catalogue_prompts, embed_texts

UNDEFINED = -2.0
"""A score that Eq. 5 does not define: below every cosine."""
_SEED = 42
_N_PAIRS = 20_000
_AT_ONCE = 1024
_KEYS_AT_ONCE = 512


@dataclass(frozen=True)
class DraftEmbeddings:
    """One vector per draft."""

    vectors: Floats
    """``[G, E]``, in the space of the items' embeddings."""


@dataclass(frozen=True)
class Judged:
    """The filter's scores and verdicts, by draft row."""

    source_score: Floats
    """Best cosine to the user's source representatives, ``[G]``; -2 where there is none."""
    target_score: Floats
    """Best cosine in the target domain, ``[G]``; -2 where Eq. 5 doesn't define it."""
    source_rank: Ints
    """1 for the best source score among the drafts of a user and direction, ``[G]``."""
    anchor_position: Ints
    """The anchor's position in the user's raw training history, ``[G]``; -1 where there is none."""
    kept: Flags
    """The verdict of Eq. 6, ``[G]``."""
    thresholds: Floats
    """The least target score that was asked of items of A and of B, ``[2]``."""


def best_matches(
    queries: Floats, rows: Ints, table: Floats, keys: Ints, offsets: Ints
) -> tuple[Floats, Ints]:
    """Each query's best cosine within its own row of keys.

    Paper: Eq. 5, (s_i, score_i) = argmax over s_k in S_rep of sim(E_i, E_sk).
    Choice: the later one on a tie.

    Rows of one shape are one batch: nothing is padded, and what is gathered for a batch is still in
    the cache when it is multiplied. Batches run on as many threads as the BLAS was given, each
    product on one: they are too small to be shared.

    Args:
        queries: Vectors of any length ``[G, E]``.
        rows: Each query's row, ``[G]``.
        table: Vectors of length 1 ``[N, E]``.
        keys: Rows of ``table``, row after row, ``[R]``.
        offsets: Where each row starts in ``keys``.

    Returns:
        Scores ``[G]`` (-2 for an empty row) and the best entry's index in ``keys`` (-1).
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    scores = np.full(len(queries), UNDEFINED, dtype=np.float32)
    best = np.full(len(queries), -1, dtype=np.int64)

    def match(batch: tuple[Ints, Ints]) -> None:
        asked, places = batch
        vectors = queries[asked]
        products = table[keys[places]] @ vectors.transpose(0, 2, 1)
        winner = products.argmax(axis=1)[:, None]
        norms = np.sqrt(np.einsum("bqe,bqe->bq", vectors, vectors))
        highest = np.take_along_axis(products, winner, axis=1)[:, 0]
        scores[asked] = highest / np.where(norms > 0, norms, 1.0)
        best[asked] = np.take_along_axis(places, winner[:, 0], axis=1)

    with threadpool_limits(1) as limits:
        n_threads = limits.get_original_num_threads()["blas"] or 1
        with ThreadPoolExecutor(n_threads) as pool:
            for _ in pool.map(match, _batches(rows, offsets)):
                pass  # raises what a thread raised
    return scores, best


def _batches(rows: Ints, offsets: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Rows with as many queries and as many keys as one another, some hundred keys at a time.

    Yields:
        The queries ``[B, Q]`` and the places of their rows' keys, the last one first, ``[B, K]``.
    """
    answerable = np.flatnonzero(np.diff(offsets)[rows])
    order = answerable[np.argsort(rows[answerable], kind="stable")]
    present, starts, n_queries = np.unique(rows[order], return_index=True, return_counts=True)
    n_keys = np.diff(offsets)[present]
    by_shape = np.lexsort((n_queries, n_keys))
    changes = np.diff(n_keys[by_shape], prepend=-1) | np.diff(n_queries[by_shape], prepend=-1)
    for start, stop in pairwise([*np.flatnonzero(changes).tolist(), len(present)]):
        queries, width = n_queries[by_shape[start]], n_keys[by_shape[start]]
        at_once = max(1, _KEYS_AT_ONCE // int(width))
        for first in range(start, stop, at_once):
            some = by_shape[first : min(stop, first + at_once)]
            backwards = offsets[present[some] + 1, None] - 1 - np.arange(width)
            yield order[starts[some, None] + np.arange(queries)], backwards


def ranks_within(rows: Ints, scores: Floats) -> Ints:
    """1 for the highest score of its row, 2 for the next; equal scores by their order, ``[G]``."""
    order = np.lexsort((np.arange(len(rows)), -scores, rows))
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    ranks = np.empty(len(rows), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes) + 1
    return ranks


def verdicts(ranks: Ints, target_scores: Floats, thresholds: Floats, top_k: int) -> Flags:
    """Eq. 6: among the best source scores, and near enough to the target domain.

    Paper: Eq. 6, T_A2B = {i | rank(score_i^A) <= k and score_i^B >= tau}. Two conditions on their
    own: nobody is promoted when a better one fails.

    Args:
        ranks: ``[G]``.
        target_scores: ``[G]``.
        thresholds: tau for each draft, ``[G]``.
        top_k: k.
    """
    return (ranks <= top_k) & (target_scores >= thresholds)


def percentile_thresholds(
    share: float, table: Floats, item_domain: Ints, keys: Ints, offsets: Ints
) -> Floats:
    """The target score that a share of random real items stay below, for each domain, ``[2]``.

    A domain without random scores gets 1.

    Args:
        share: 0 to 1.
        table: Real items' vectors of length 1 ``[N, E]``.
        item_domain: ``[N]``.
        keys: Representatives' items, row ``2 * user + domain`` after row, ``[R]``.
        offsets: Where each row starts, ``[2U + 1]``.
    """
    return thresholds_at(share, random_scores(table, item_domain, keys, offsets))


def thresholds_at(share: float, scores: tuple[Floats, Floats]) -> Floats:
    """The score that a share of each domain's random scores stay below, ``[2]``; 1 without any."""
    return np.array(
        [np.quantile(some, share) if len(some) else 1.0 for some in scores], dtype=np.float32
    )


def random_scores(
    table: Floats, item_domain: Ints, keys: Ints, offsets: Ints
) -> tuple[Floats, Floats]:
    """Target scores of random real items for random users, for each domain, ``[20,000]``.

    Choice: 20,000 pairs of a random real item of the domain and a random user with representatives
    in it, drawn with a fixed seed; the item's score is Eq. 5's. Empty for a domain without such a
    user, or without items.
    """
    occupied = np.flatnonzero(np.diff(offsets) > 0)
    found = []
    for domain in Domain:
        rng = np.random.default_rng((_SEED, domain))
        rows = occupied[occupied % 2 == domain]
        items = np.flatnonzero(item_domain == domain)
        if not len(rows) or not len(items):
            found.append(np.zeros(0, dtype=np.float32))
            continue
        drawn = np.sort(rng.choice(rows, _N_PAIRS))
        some = rng.choice(items, _N_PAIRS)
        found.append(best_matches(table[some], drawn, table, keys, offsets)[0])
    return found[0], found[1]


def best_in_catalogue(queries: Floats, table: Floats, advanced: Callable[[], None]) -> Floats:
    """Each query's best cosine to any row of ``table`` (length 1), ``[G]``."""
    scores = [np.zeros(0, dtype=np.float32)]
    for start in range(0, len(queries), _AT_ONCE):
        some = unit_rows(queries[start : start + _AT_ONCE])
        scores.append((some @ table.T).max(axis=1, initial=UNDEFINED))
        advanced()
    return np.concatenate(scores)


@dataclass(frozen=True)
class EmbedDrafts(Stage[DraftEmbeddings]):
    """Embed every draft's item prompt in the space of the real items."""

    step: ClassVar[Step] = Step.FILTER
    section: ClassVar[str] = "3.2.2"
    output: ClassVar[type[DraftEmbeddings]] = DraftEmbeddings

    drafts: Stage[Drafts]
    catalogue: Stage[Catalogue]
    choice: EmbeddingChoice
    template: Templates = ITEM_TEMPLATE

    def compute(self, ctx: Context) -> DraftEmbeddings:
        """Embed by an embedder that is opened with the catalogue's prompts."""
        drafts, catalogue = ctx.load(self.drafts), ctx.load(self.catalogue)
        embedder = ctx.embedder(self.choice, catalogue_prompts(catalogue, self.template))
        names = catalogue.domain_names
        targets = drafts.targets.tolist()
        texts = [
            item_prompt(names[target], drafts.text(row), self.template)
            for row, target in enumerate(targets)
        ]

        def advanced(done: int, total: int) -> None:
            ctx.emit(StageAdvanced(self.fingerprint, self.step, done, total, "texts"))
            ctx.check()

        return DraftEmbeddings(embed_texts(embedder, texts, advanced))


@dataclass(frozen=True)
class FilterNoise(Stage[Judged]):
    """Judge every draft by the user's representatives in both domains.

    Paper: Eq. 5 and 6.
    Choice: cosine on raw embeddings (DESIGN 4.13); ``threshold_kind = "percentile"`` replaces tau
    by what that share of random real items stays below. For a user without a target representative
    ``empty_target`` decides: never kept, or scored against the whole target catalogue by the same
    threshold (DESIGN 4.10). Without the filter everything is kept and anchors stay Eq. 5's.
    """

    step: ClassVar[Step] = Step.FILTER
    section: ClassVar[str] = "3.2.2"
    output: ClassVar[type[Judged]] = Judged

    drafts: Stage[Drafts]
    draft_embeddings: Stage[DraftEmbeddings]
    embeddings: Stage[ItemEmbeddings]
    representatives: Stage[Representatives]
    histories: Stage[Histories]
    catalogue: Stage[Catalogue]
    settings: NoiseFilterSettings

    def compute(self, ctx: Context) -> Judged:
        """Score against both sides, rank, decide."""
        drafts = ctx.load(self.drafts)
        vectors = ctx.load(self.draft_embeddings).vectors
        table = unit_rows(ctx.load(self.embeddings).vectors)
        domain = ctx.load(self.catalogue).domain
        representatives = ctx.load(self.representatives)
        keys = representatives.keys(ctx.load(self.histories).sequences)
        offsets = representatives.offsets
        target_rows = 2 * drafts.users + drafts.targets
        source_rows = 2 * drafts.users + (1 - drafts.targets)
        source, anchor = best_matches(vectors, source_rows, table, keys, offsets)
        ctx.check()
        target, _ = best_matches(vectors, target_rows, table, keys, offsets)
        ctx.check()
        if self.settings.empty_target == "catalogue":
            for side in Domain:
                empty = np.flatnonzero((target == UNDEFINED) & (drafts.targets == side))
                target[empty] = best_in_catalogue(vectors[empty], table[domain == side], ctx.check)
        ranks = ranks_within(target_rows, source)
        thresholds = self._thresholds(table, domain, keys, offsets)
        kept = verdicts(ranks, target, thresholds[drafts.targets], self.settings.top_k)
        kept &= target > UNDEFINED
        if not self.settings.enabled:
            kept[:] = True
        positions = np.full(len(drafts), -1, dtype=np.int64)
        positions[anchor >= 0] = representatives.positions[anchor[anchor >= 0]]
        return Judged(source, target, ranks, positions, kept, thresholds)

    def _thresholds(self, table: Floats, domain: Ints, keys: Ints, offsets: Ints) -> Floats:
        threshold = self.settings.threshold
        if self.settings.threshold_kind == "absolute":
            return np.full(2, threshold, dtype=np.float32)
        if not 0.0 <= threshold <= 1.0:
            raise UsageError(
                f"A percentile of {threshold} does not exist.",
                hint="Set noise_filter.threshold between 0 and 1.",
            )
        return percentile_thresholds(threshold, table, domain, keys, offsets)
