"""The models of the paper's tables, by the names that tables print (4.1.2, 4.3, B.1)."""

from enum import StrEnum
from typing import Any


class Variant(StrEnum):
    """A model of the paper's tables, by the name that tables print."""

    LLM_EDT = "LLM-EDT"
    WITHOUT_AUGMENTATION = "w/o Aug."
    WITHOUT_FILTERING = "w/o Filtering"
    WITHOUT_INSERTING = "w/o Inserting"
    RANDOM_INSERTING = "Random Inserting"
    WITHOUT_FINE_TUNING = "w/o DFT"
    WITHOUT_PROFILING = "w/o Profiling"
    WITHOUT_SRA = "w/o S-R-A"
    SASREC = "SASRec"
    GRU4REC = "GRU4Rec"
    BERT4REC = "BERT4Rec"
    SASREC_TEXT = "SASRec (text)"
    GRU4REC_TEXT = "GRU4Rec (text)"
    BERT4REC_TEXT = "BERT4Rec (text)"
    POPULARITY = "Popularity"
    MARKOV = "Markov"
    ITEM_KNN = "ItemKNN"


COUNTING = frozenset({Variant.POPULARITY, Variant.MARKOV, Variant.ITEM_KNN})
"""Models that count: no seed enters them."""


def ablation(variant: Variant) -> dict[str, Any]:
    """The settings that make an ablation of Tables 2 and 8 out of the full method."""
    match variant:
        case Variant.WITHOUT_AUGMENTATION:
            return {"generator.enabled": False}
        case Variant.WITHOUT_FILTERING:
            return {"noise_filter.enabled": False}
        case Variant.WITHOUT_INSERTING:
            return {"insertion.position": "end"}
        case Variant.RANDOM_INSERTING:
            return {"insertion.position": "random"}
        case Variant.WITHOUT_FINE_TUNING:
            return {"fine_tuning.enabled": False}
        case Variant.WITHOUT_PROFILING:
            return {"profiles.enabled": False}
        case Variant.WITHOUT_SRA:
            return {"profiles.pipeline": "plain"}
        case _:
            return {}
