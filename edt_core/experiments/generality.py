"""Table 10: the full method over three backbones, beside each backbone alone (4.8, B.3).

Table 5 (two language models) needs a project's settings for each of them: ``edt run --set
llm.model=...`` makes both, ``edt runs compare`` reads them.
"""

from edt_core.config import Config
from edt_core.evaluation.table import Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.experiments.overall import table_of
from edt_core.variants import Variant

BACKBONE_OF = {
    Variant.GRU4REC: "gru4rec",
    Variant.BERT4REC: "bert4rec",
    Variant.SASREC: "sasrec",
}


def specs(_: Config) -> list[RunSpec]:
    """Each backbone alone, then inside the full method."""
    found = []
    for plain, encoder in BACKBONE_OF.items():
        found.append(RunSpec(plain.value, plain))
        changed = {"pretraining.encoder": encoder}
        found.append(RunSpec(f"LLM-EDT ({plain.value})", Variant.LLM_EDT, changed))
    return found


def tell(evidence: Evidence) -> list[Table]:
    """Table 10."""
    return [table_of(evidence, "Table 10: backbones alone and inside LLM-EDT, test targets")]


BACKBONES = Experiment(specs, tell)
