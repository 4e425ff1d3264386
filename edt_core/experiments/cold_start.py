"""Figure 4: users by the length of their sequence, with and without augmentation (4.5)."""

from edt_core.config import Config
from edt_core.evaluation.groups import by_length
from edt_core.evaluation.table import Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.experiments.figures import by_group
from edt_core.experiments.grouped import grouped_table
from edt_core.variants import Variant

MODELS = (Variant.LLM_EDT, Variant.WITHOUT_AUGMENTATION)


def specs(_: Config) -> list[RunSpec]:
    """The full method, and what is left of it without augmentation."""
    return [RunSpec(variant.value, variant) for variant in MODELS]


def tell(evidence: Evidence) -> list[Table]:
    """Figure 4's bars as rows."""
    histories = evidence.load(evidence.first(Variant.LLM_EDT.value).data.histories)
    return [
        grouped_table(
            evidence.ranks(),
            by_length(histories.sequences),
            evidence.domain_names,
            title="Figure 4: test targets by length of the raw test input",
            notes=evidence.twins(),
        )
    ]


COLD_START = Experiment(specs, tell, draw=by_group)
