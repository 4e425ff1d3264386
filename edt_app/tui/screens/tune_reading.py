"""What the threshold tuner reads in its workers: the scores, and the items at the edge."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edt_app.tui.screens import tune_view as view

if TYPE_CHECKING:
    from edt_core.actions.tuning import Tuning
    from edt_core.data.sequences import Ints
    from edt_core.stages.augmenter.tuning import Cut, Side
    from edt_core.store.project import Project

Edge = tuple[str, list[str]]
"""A heading and its lines."""
_EXAMPLES = 12


def load(project: "Callable[[], Project]") -> "tuple[Tuning, Cut]":
    """Every score, counted and sorted for the first ranks, so that no key waits for it."""
    from edt_core.actions.tuning import Tuning

    tuning = Tuning(project())
    cut = tuning.cut(tuning.applied)
    for rank in range(1, min(tuning.tuner.max_rank, 6) + 1):
        tuning.tuner.answer(replace(cut, top_k=rank))
        for side in (0, 1, None):
            tuning.tuner.rank_cut(side, rank)
    tuning.tuner.sources(None, cut.top_k)
    return tuning, cut


def edges(
    tuning: "Tuning",
    project: "Callable[[], Project]",
    cut: "Cut",
    applied: "Cut",
    side: "Side",
    width: int,
) -> tuple[Edge, Edge]:
    """The items that the draft would drop and add; without a draft those around the cut.

    With both directions they alternate, and each line names its own.
    """
    from edt_core.store.scores import titles_of

    tuner = tuning.tuner
    draft = cut != applied
    found = [
        tuner.flips(one, applied, cut, _EXAMPLES) if draft else tuner.around(one, cut, _EXAMPLES)
        for one in ((1, 0) if side is None else (side,))
    ]
    names = ("would drop", "would add") if draft else ("just below the cut", "just above the cut")
    below, above = (_alternating([pair[at] for pair in found]) for at in (0, 1))
    ids = np.concatenate([below, above])
    titles = titles_of(project(), ids)
    places = np.searchsorted(tuner.scored.ids, ids)
    scores = dict(zip(ids.tolist(), tuner.scored.target_scores[places].tolist(), strict=True))
    sides = dict(zip(ids.tolist(), tuner.scored.targets[places].tolist(), strict=True))
    told = {} if side is not None else sides
    lines = [view.edge_lines(some.tolist(), scores, titles, width, told) for some in (below, above)]
    return (names[0], lines[0] or ["none"]), (names[1], lines[1] or ["none"])


def _alternating(lists: "list[Ints]") -> "Ints":
    """One of each in turn, then what is left of the longer one."""
    places = np.concatenate([np.arange(len(one)) for one in lists])
    return np.concatenate(lists)[np.argsort(places, kind="stable")]
