"""What another rank or threshold of Eq. 6 would keep, answered at once (3.2.2)."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Domain, Flags, Floats, Ints

UNDECIDED, ACCEPTED, REJECTED, EDITED = 0, 1, 2, 3
Whole = NDArray[np.signedinteger[Any]]
_BARS = 400
Side = Literal[0, 1] | None
"""The target domain that is looked at: 0 for A, 1 for B, None for both."""


@dataclass(frozen=True)
class Scored:
    """Every generated item as the filter scored it, and what a reviewer said of it."""

    ids: Ints
    """Of the generated items, ``[G]``."""
    targets: Whole
    """Their domains, ``[G]``."""
    users: Whole
    """``[G]``."""
    source_ranks: Whole
    """1 for the best source score of a user and direction, ``[G]``."""
    source_scores: Floats
    """``[G]``; NaN where Eq. 4 doesn't define it."""
    target_scores: Floats
    """``[G]``; NaN where Eq. 5 doesn't define it."""
    decisions: Whole
    """0 undecided, 1 accepted, 2 rejected, 3 edited, which is inserted as accepted is, ``[G]``."""
    n_users: int


@dataclass(frozen=True)
class Cut:
    """One setting of Eq. 6: how many ranks, and the least score by target domain."""

    top_k: int
    thresholds: tuple[float, float]


@dataclass(frozen=True)
class Answer:
    """What a cut lets into the sequences, the reviewer's word included."""

    generated: int
    kept: int
    """Inserted under this cut: kept or accepted, and not rejected."""
    users: int
    """Users with at least one."""
    per_user: float
    accepted: int
    rejected: int
    """Decisions that the cut can't change."""


@dataclass(frozen=True)
class Split:
    """Undecided items by score, in what a cut keeps and what it drops."""

    kept: Ints
    """By bar, ``[B]``."""
    dropped: Ints
    """``[B]``."""
    unscored: int
    """Items without such a score."""

    def __add__(self, other: "Split") -> "Split":
        """Both together."""
        kept, dropped = self.kept + other.kept, self.dropped + other.dropped
        return Split(kept, dropped, self.unscored + other.unscored)


@dataclass(frozen=True)
class Precision:
    """How many of the reviewed items that a cut keeps were found good."""

    good: int
    reviewed: int
    low: float
    high: float
    """Wilson's 95 % interval; 0 and 1 where nothing was reviewed."""

    @property
    def value(self) -> float | None:
        """The share, or None."""
        return self.good / self.reviewed if self.reviewed else None


class Tuner:
    """Answers for any cut in microseconds, after one sort of all scores.

    Paper: Eq. 6. A reviewer's decision outweighs the cut, as in ``review.admitted``.
    """

    def __init__(self, scored: Scored) -> None:
        self.scored = scored
        self._sides = [_Side(scored, scored.targets == domain) for domain in Domain]
        self.max_rank = int(scored.source_ranks.max(initial=1))
        self.rank_cut = lru_cache(maxsize=64)(self._rank_cut)

    def answer(self, cut: Cut, side: Side = None) -> Answer:
        """Counts under ``cut``, for one target domain or both."""
        sides = [d for d in Domain if side is None or d == side]
        answers = [self._sides[d].counts(cut.top_k, cut.thresholds[d]) for d in sides]
        kept = sum(answer.kept for answer in answers)
        users = answers[0].users if side is not None else self._users_of_both(cut)
        return Answer(
            generated=sum(answer.generated for answer in answers),
            kept=kept,
            users=users,
            per_user=kept / self.scored.n_users if self.scored.n_users else 0.0,
            accepted=sum(answer.accepted for answer in answers),
            rejected=sum(answer.rejected for answer in answers),
        )

    def targets(self, side: Side, cut: Cut, edges: NDArray[np.float64]) -> Split:
        """Undecided items that ``cut.top_k`` lets through, by target score.

        Args:
            side: The target domain, or None for both.
            cut: Rank and thresholds.
            edges: Ascending, ``[B + 1]``; the last bar holds its upper edge.
        """
        found = [
            self._sides[d].ranked(cut.top_k).split(edges, cut.thresholds[d])
            for d in Domain
            if side is None or d == side
        ]
        return found[0] if len(found) == 1 else found[0] + found[1]

    def sources(self, side: Side, top_k: int) -> Split:
        """Undecided items by source score in ``source_edges``, kept by rank alone."""
        found = [counted for d, counted in enumerate(self._by_source) if side is None or d == side]
        counts = sum((one[0] for one in found), np.zeros_like(found[0][0]))
        kept = counts[:top_k].sum(axis=0)
        return Split(kept, counts.sum(axis=0) - kept, sum(one[1] for one in found))

    @cached_property
    def source_edges(self) -> NDArray[np.float64]:
        """The bars that source scores are counted in."""
        scores = self.scored.source_scores
        low = float(np.nanmin(scores)) if not np.isnan(scores).all() else 0.0
        return np.linspace(max(-1.0, np.floor(low * 10) / 10), 1.0, _BARS + 1)

    @cached_property
    def _by_source(self) -> list[tuple[Ints, int]]:
        """By target domain: undecided items by rank and bar ``[ranks, B]``, and those unscored."""
        scored, edges, counted = self.scored, self.source_edges, []
        for domain in Domain:
            near = self._near(domain.value)
            some = near & ~np.isnan(scored.source_scores)
            bar = np.searchsorted(edges, scored.source_scores[some], side="right") - 1
            at = (scored.source_ranks[some].astype(np.int64) - 1) * _BARS
            at += np.clip(bar, 0, _BARS - 1)
            counts = np.bincount(at, minlength=self.max_rank * _BARS)
            counted.append((counts.reshape(-1, _BARS), int(near.sum() - some.sum())))
        return counted

    def _rank_cut(self, side: Side, top_k: int) -> float | None:
        """The score that splits the items of the last kept rank in half; None without any."""
        some = self._near(side) & (self.scored.source_ranks == top_k)
        scores = self.scored.source_scores[some & ~np.isnan(self.scored.source_scores)]
        return float(np.median(scores)) if len(scores) else None

    def _near(self, side: Side) -> Flags:
        free = self.scored.decisions == UNDECIDED
        return np.asarray(free if side is None else free & (self.scored.targets == side))

    def around(self, side: Literal[0, 1], cut: Cut, limit: int) -> tuple[Ints, Ints]:
        """Ids just below the cut and just above it, the nearest first."""
        return self._sides[side].ranked(cut.top_k).around(cut.thresholds[side], limit)

    def flips(self, side: Literal[0, 1], before: Cut, after: Cut, limit: int) -> tuple[Ints, Ints]:
        """Ids that ``after`` would drop and would add, those nearest the new cut first."""
        one = self._sides[side]
        kept_before = one.kept(before.top_k, before.thresholds[side])
        kept_after = one.kept(after.top_k, after.thresholds[side])
        dropped = one.nearest(kept_before & ~kept_after, after.thresholds[side], limit)
        return dropped, one.nearest(kept_after & ~kept_before, after.thresholds[side], limit)

    def precision(self, cut: Cut, side: Side = None) -> Precision:
        """Accepted among the accepted and rejected items that the cut alone would keep."""
        found = [
            self._sides[d].ranked(cut.top_k).judged(cut.thresholds[d])
            for d in Domain
            if side is None or d == side
        ]
        good, reviewed = (sum(one[at] for one in found) for at in (0, 1))
        return Precision(good, reviewed, *wilson(good, reviewed))

    def new_items(self, cut: Cut, groups: Ints) -> tuple[int, int]:
        """Distinct generated items of A and of B that the cut inserts, real ones left out.

        Args:
            cut: Rank and thresholds.
            groups: Equal where titles are one item, -1 for a real item's title, ``[G]``.
        """
        scored = self.scored
        thresholds = np.array(cut.thresholds, dtype=np.float32)[scored.targets]
        with np.errstate(invalid="ignore"):
            passed = (scored.source_ranks <= cut.top_k) & (scored.target_scores >= thresholds)
        inserted = (passed & (scored.decisions != REJECTED)) | _admitted(scored.decisions)
        inserted &= groups != -1
        found = [len(np.unique(groups[inserted & (scored.targets == domain)])) for domain in Domain]
        return found[0], found[1]

    def _users_of_both(self, cut: Cut) -> int:
        present = np.zeros(self.scored.n_users, dtype=bool)
        for domain in Domain:
            present |= self._sides[domain].users_with(cut.top_k, cut.thresholds[domain])
        return int(present.sum())


def _admitted(decisions: Whole) -> Flags:
    """Which items a reviewer let in, whatever a cut says."""
    return np.asarray((decisions == ACCEPTED) | (decisions == EDITED))


def wilson(good: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share."""
    if not of:
        return 0.0, 1.0
    share, spread = good / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * float(np.sqrt(share * (1 - share) / of + spread / (4 * of)))
    return max(0.0, middle - half), min(1.0, middle + half)


class _Side:
    """One target domain's items in ascending order of their target scores."""

    def __init__(self, scored: Scored, mask: Flags) -> None:
        rows = np.flatnonzero(mask)
        scores = scored.target_scores[rows]
        order = rows[np.argsort(scores, kind="stable")]  # NaN stands last
        self.generated = len(order)
        self._n_users = scored.n_users
        self._ids, self._users = scored.ids[order], scored.users[order]
        self._scores = scored.target_scores[order]
        self._ranks, self._decisions = scored.source_ranks[order], scored.decisions[order]
        accepted = _admitted(self._decisions)
        self.accepted = int(accepted.sum())
        self.rejected = int((self._decisions == REJECTED).sum())
        self._accepted_users = np.zeros(scored.n_users, dtype=bool)
        self._accepted_users[self._users[accepted]] = True
        self.ranked = lru_cache(maxsize=8)(self._ranked)  # a rank is stepped through back and forth

    def _ranked(self, top_k: int) -> "_Ranked":
        near = (self._ranks <= top_k) & (self._decisions == UNDECIDED)
        best = np.full(self._n_users, -np.inf, dtype=np.float32)
        scored = near & ~np.isnan(self._scores)
        best[self._users[scored]] = self._scores[scored]  # ascending: the highest is written last
        best[self._accepted_users] = np.inf
        # an edited text is another than the one that was scored: it says nothing of the cut
        said = (self._decisions == ACCEPTED) | (self._decisions == REJECTED)
        said &= (self._ranks <= top_k) & ~np.isnan(self._scores)
        return _Ranked(
            self._ids[scored],
            self._scores[scored],
            best,
            np.sort(best),
            int(near.sum() - scored.sum()),
            self._scores[said],
            np.concatenate([[0], np.cumsum(self._decisions[said] == ACCEPTED)]),
        )

    def counts(self, top_k: int, threshold: float) -> Answer:
        found = self.ranked(top_k)
        kept = self.accepted + found.above(threshold)
        below = np.searchsorted(found.best_sorted, np.float32(threshold))
        users = int(len(found.best_sorted) - below)
        return Answer(self.generated, kept, users, 0.0, self.accepted, self.rejected)

    def users_with(self, top_k: int, threshold: float) -> Flags:
        return np.asarray(self.ranked(top_k).best >= np.float32(threshold))

    def kept(self, top_k: int, threshold: float) -> Flags:
        with np.errstate(invalid="ignore"):
            passed = (self._ranks <= top_k) & (self._scores >= np.float32(threshold))
        free, accepted = self._decisions == UNDECIDED, _admitted(self._decisions)
        return np.asarray((passed & free) | accepted)

    def nearest(self, mask: Flags, threshold: float, limit: int) -> Ints:
        rows = np.flatnonzero(mask)
        distance = np.abs(np.nan_to_num(self._scores[rows], nan=np.inf) - threshold)
        return self._ids[rows[np.argsort(distance, kind="stable")[:limit]]]


@dataclass(frozen=True)
class _Ranked:
    """One side's undecided items down to a rank."""

    ids: Ints
    scores: Floats
    """Ascending."""
    best: Floats
    """By user: the highest score; infinite for who has an accepted item."""
    best_sorted: Floats
    unscored: int
    reviewed: Floats
    """Scores of the accepted and the rejected, ascending, ``[J]``."""
    accepted: Ints
    """How many of the first 0, 1, ... of those are accepted, ``[J + 1]``."""

    def above(self, threshold: float) -> int:
        return int(len(self.scores) - np.searchsorted(self.scores, np.float32(threshold)))

    def judged(self, threshold: float) -> tuple[int, int]:
        """Accepted ones from the threshold on, and accepted and rejected ones."""
        at = int(np.searchsorted(self.reviewed, np.float32(threshold)))
        return int(self.accepted[-1] - self.accepted[at]), len(self.reviewed) - at

    def split(self, edges: NDArray[np.float64], threshold: float) -> Split:
        inside = np.searchsorted(self.scores, edges.astype(np.float32))
        inside[-1] = np.searchsorted(self.scores, np.float32(edges[-1]), side="right")
        cut = np.searchsorted(self.scores, np.float32(threshold))
        kept = np.diff(np.maximum(inside, cut))
        return Split(kept, np.diff(inside) - kept, self.unscored)

    def around(self, threshold: float, limit: int) -> tuple[Ints, Ints]:
        cut = int(np.searchsorted(self.scores, np.float32(threshold)))
        return self.ids[max(0, cut - limit) : cut][::-1], self.ids[cut : cut + limit]
