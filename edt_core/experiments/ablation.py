"""Tables 2 and 8: the full method without each of its parts (4.3, B.1)."""

from edt_core.config import Config
from edt_core.evaluation.table import Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.experiments.overall import table_of
from edt_core.variants import Variant

MODELS = (
    Variant.LLM_EDT,
    Variant.WITHOUT_AUGMENTATION,
    Variant.WITHOUT_FILTERING,
    Variant.WITHOUT_INSERTING,
    Variant.RANDOM_INSERTING,
    Variant.WITHOUT_FINE_TUNING,
    Variant.WITHOUT_PROFILING,
    Variant.WITHOUT_SRA,
)


def specs(_: Config) -> list[RunSpec]:
    """The full method and its seven variants."""
    return [RunSpec(variant.value, variant) for variant in MODELS]


def tell(evidence: Evidence) -> list[Table]:
    """Tables 2 and 8 in one."""
    title = "Tables 2 and 8: LLM-EDT and its ablations on the test targets"
    return [table_of(evidence, title, reference=Variant.LLM_EDT.value)]


ABLATION = Experiment(specs, tell)
