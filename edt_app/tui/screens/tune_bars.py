"""What the tuner's two histograms show: scores counted, cuts drawn on them."""

from typing import TYPE_CHECKING

from edt_app.tui.widgets.histogram import Bars
from edt_app.tui.widgets.scale import Floats

if TYPE_CHECKING:
    from edt_core.stages.augmenter.tuning import Cut, Side, Split, Tuner


def both_bars(
    tuner: "Tuner", side: "Side", cut: "Cut", applied: "Cut", edges: Floats
) -> tuple[Bars, Bars]:
    """Target scores with the threshold, and source scores with what the rank keeps of them.

    A rank is no score: the line on source scores stands where half of the items of the last kept
    rank lie.
    """
    one = 0 if side is None else side  # both directions have a threshold each
    found = tuner.targets(side, cut, edges)
    targets = Bars(
        found.kept + found.dropped,
        edges,
        cut=cut.thresholds[one],
        applied=applied.thresholds[one],
        second=(cut.thresholds[1], applied.thresholds[1]) if side is None else None,
        kept=found.kept,
        title=f"target score, ranks 1 to {cut.top_k}{_unscored(found)}",
    )
    found = tuner.sources(side, cut.top_k)
    sources = Bars(
        found.kept + found.dropped,
        tuner.source_edges,
        cut=tuner.rank_cut(side, cut.top_k),
        applied=tuner.rank_cut(side, applied.top_k),
        kept=found.kept,
        title=f"source score, kept are ranks 1 to {cut.top_k}{_unscored(found)}",
        cut_name=f"median of rank {cut.top_k}",
    )
    return targets, sources


def _unscored(found: "Split") -> str:
    return f", {found.unscored:,} without a score" if found.unscored else ""
