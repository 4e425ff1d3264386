"""Figure 5, Tables 11 and 12: one setting at several values (4.6, B.4)."""

from dataclasses import dataclass

from edt_core.config import Config
from edt_core.evaluation.table import Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
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
        """One row a value."""
        ranks, names = evidence.ranks(), evidence.domain_names
        notes = [*evidence.twins(), *_filter_notes(evidence, self.key)]
        return [overall_table(ranks, names, title=self.title, notes=notes)]


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

ALIGNMENT = Experiment(_ALIGNMENT.specs, _ALIGNMENT.tell)
THRESHOLD = Experiment(_THRESHOLD.specs, _THRESHOLD.tell)
CLUSTERS = Experiment(_CLUSTERS.specs, _CLUSTERS.tell)
