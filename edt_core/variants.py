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

BY_IDS = frozenset({Variant.SASREC, Variant.GRU4REC, Variant.BERT4REC})
"""One backbone, one phase, trained item vectors."""

BY_TEXTS = frozenset({Variant.SASREC_TEXT, Variant.GRU4REC_TEXT, Variant.BERT4REC_TEXT})
"""One backbone, one phase, the text embeddings."""


_SETTINGS: dict[Variant, dict[str, Any]] = {
    Variant.WITHOUT_AUGMENTATION: {"generator.enabled": False},
    Variant.WITHOUT_FILTERING: {"noise_filter.enabled": False},
    Variant.WITHOUT_INSERTING: {"insertion.position": "end"},
    Variant.RANDOM_INSERTING: {"insertion.position": "random"},
    Variant.WITHOUT_FINE_TUNING: {"fine_tuning.enabled": False},
    Variant.WITHOUT_PROFILING: {"profiles.enabled": False},
    Variant.WITHOUT_SRA: {"profiles.pipeline": "plain"},
    Variant.SASREC: {"pretraining.encoder": "sasrec"},
    Variant.SASREC_TEXT: {"pretraining.encoder": "sasrec"},
    Variant.GRU4REC: {"pretraining.encoder": "gru4rec"},
    Variant.GRU4REC_TEXT: {"pretraining.encoder": "gru4rec"},
    Variant.BERT4REC: {"pretraining.encoder": "bert4rec"},
    Variant.BERT4REC_TEXT: {"pretraining.encoder": "bert4rec"},
}


def settings_of(variant: Variant) -> dict[str, Any]:
    """What a model sets differently from the full method (Tables 2 and 8, and the backbones)."""
    return _SETTINGS.get(variant, {})
