"""Figure 5, Tables 11 and 12: one setting at several values (4.6, B.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edt_core.config import Config
from edt_core.evaluation.metrics import CUTOFF
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import per_user
from edt_core.evaluation.table import Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.experiments.figures import by_value
from edt_core.experiments.overall import overall_table
from edt_core.stages.augmenter.noise_filter import FilterNoise
from edt_core.variants import Variant


@dataclass(frozen=True)
class Sweep:
    """One setting, the values that the paper tries, and where it shows them."""

    title: str
    sign: str
    """The paper's name of the setting."""
    key: str
    values: tuple[float, ...]

    def specs(self, _: Config) -> list[RunSpec]:
        """The full method at each value."""
        return [
            RunSpec(f"LLM-EDT {self.sign}={value}", Variant.LLM_EDT, {self.key: value})
            for value in self.values
        ]

    def tell(self, evidence: Evidence) -> list[Table]:
        """One row a value, and what the validation targets say of them.

        Choice: the paper reads the best value off the test targets, where it is chosen on what it
        is then tested on.
        """
        ranks, names = evidence.ranks(), evidence.domain_names
        notes = [
            *_validation_note(ranks),
            *evidence.twins(),
            *_filter_notes(evidence, self.key),
        ]
        return [overall_table(ranks, names, title=self.title, notes=notes)]


def _validation_note(results: Mapping[str, Sequence[Ranks]]) -> list[str]:
    """Every row's N@10 where a value may be chosen; nothing without validation targets."""
    values = {label: per_user(ranks, cutoff=CUTOFF, split=0) for label, ranks in results.items()}
    if not all(len(each) for each in values.values()):
        return []
    told = ", ".join(f"{label}: {each.mean():.4f}" for label, each in values.items())
    return [f"Full N@{CUTOFF} on the validation targets, the ones to choose a value by: {told}."]


def _filter_notes(evidence: Evidence, key: str) -> list[str]:
    """What the noise filter's setting says where it is not the paper's cosine."""
    if not key.startswith("noise_filter."):
        return []
    notes = []
    for part in evidence.first(next(iter(evidence.runs))).augmenter:
        assert isinstance(part.judged, FilterNoise)
        settings = part.judged.settings
        if not settings.enabled:
            notes.append("The noise filter is switched off, so that its threshold changes nothing.")
        elif settings.threshold_kind == "percentile":
            notes.append(
                "tau is no cosine here but a percentile: the share of random real items' target "
                "scores that a generated item's has to reach."
            )
    return notes


_ALIGNMENT = Sweep(
    "Figure 5: weight of the alignment loss",
    "alpha",
    "pretraining.alignment_weight",
    (0.1, 0.3, 0.5, 0.7, 1.0, 5.0),
)
_THRESHOLD = Sweep(
    "Table 11: threshold of the noise filter (noise_filter.threshold)",
    "tau",
    "noise_filter.threshold",
    (0.85, 0.90, 0.95),
)
_CLUSTERS = Sweep(
    "Table 12: clusters per domain of the sample generator (clusters.n_clusters)",
    "k",
    "clusters.n_clusters",
    (5, 10, 15),
)

ALIGNMENT = Experiment(_ALIGNMENT.specs, _ALIGNMENT.tell, draw=by_value)
THRESHOLD = Experiment(_THRESHOLD.specs, _THRESHOLD.tell, draw=by_value)
CLUSTERS = Experiment(_CLUSTERS.specs, _CLUSTERS.tell, draw=by_value)
