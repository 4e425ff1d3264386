"""The experiments by the names that users type."""

from enum import StrEnum

from edt_core.experiments.ablation import ABLATION
from edt_core.experiments.augmentation import DOMAIN_RATIO, RATIO, STATISTICS
from edt_core.experiments.case_study import CASE_STUDY
from edt_core.experiments.cold_start import COLD_START
from edt_core.experiments.efficiency import COST, EFFICIENCY
from edt_core.experiments.experiment import Experiment
from edt_core.experiments.generality import BACKBONES
from edt_core.experiments.hyperparameters import ALIGNMENT, CLUSTERS, THRESHOLD
from edt_core.experiments.overall import OVERALL
from edt_core.experiments.similarity import SIMILARITY
from edt_core.experiments.transferability import TRANSFERABILITY


class Name(StrEnum):
    """What ``edt experiment`` can make, in the order of the paper's sections."""

    OVERALL = "overall"
    ABLATION = "ablation"
    TRANSFERABILITY = "transferability"
    COLD_START = "cold-start"
    ALIGNMENT = "alignment"
    THRESHOLD = "threshold"
    CLUSTERS = "clusters"
    SIMILARITY = "similarity"
    DOMAIN_RATIO = "domain-ratio"
    STATISTICS = "statistics"
    RATIO = "ratio"
    BACKBONES = "backbones"
    COST = "cost"
    EFFICIENCY = "efficiency"
    CASE_STUDY = "case-study"


def experiment(name: Name) -> Experiment:  # noqa: C901, PLR0911, PLR0912 (one case per name)
    """The experiment called ``name``."""
    match name:
        case Name.OVERALL:
            return OVERALL
        case Name.ABLATION:
            return ABLATION
        case Name.TRANSFERABILITY:
            return TRANSFERABILITY
        case Name.COLD_START:
            return COLD_START
        case Name.ALIGNMENT:
            return ALIGNMENT
        case Name.THRESHOLD:
            return THRESHOLD
        case Name.CLUSTERS:
            return CLUSTERS
        case Name.SIMILARITY:
            return SIMILARITY
        case Name.DOMAIN_RATIO:
            return DOMAIN_RATIO
        case Name.STATISTICS:
            return STATISTICS
        case Name.RATIO:
            return RATIO
        case Name.BACKBONES:
            return BACKBONES
        case Name.COST:
            return COST
        case Name.EFFICIENCY:
            return EFFICIENCY
        case Name.CASE_STUDY:
            return CASE_STUDY
