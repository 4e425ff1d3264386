"""Figure 5, Tables 11 and 12: one setting at several values (4.6, B.4)."""

from dataclasses import dataclass

from edt_core.config import Config
from edt_core.evaluation.table import Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.experiments.overall import overall_table
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
        return [overall_table(evidence.ranks(), evidence.domain_names, title=self.title)]


_ALIGNMENT = Sweep(
    "Figure 5: weight of the alignment loss",
    "alpha",
    "pretraining.alignment_weight",
    (0.1, 0.3, 0.5, 0.7, 1.0, 5.0),
)
_THRESHOLD = Sweep(
    "Table 11: least target score of the noise filter (noise_filter.threshold)",
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
