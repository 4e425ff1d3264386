"""Tables 6 and 9: what language models cost per user, how large and how quick models are (4.9)."""

from collections.abc import Sequence
from time import perf_counter

from edt_core.config import Config
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec, Spending
from edt_core.recipes import Pipeline
from edt_core.stage import Loader, Step
from edt_core.stages.evaluate import EvaluateModel
from edt_core.variants import Variant

MODELS = (Variant.SASREC, Variant.SASREC_TEXT, Variant.LLM_EDT)
PAPER = {"embed": 0.000009, "generate": 0.000194, "profile": 0.000477}
"""US dollars per user in Table 6: embedding, generation, summarization."""
_MILLION = 1e6


def cost_specs(_: Config) -> list[RunSpec]:
    """The full method up to its profiles: all that asks a language model."""
    return [RunSpec(Variant.LLM_EDT.value, Variant.LLM_EDT, until=Step.PROFILE)]


def tell_cost(evidence: Evidence) -> list[Table]:
    """Table 6 for this project."""
    return [cost_table(evidence.spending(), evidence.n_users)]


def cost_table(spending: Sequence[Spending], n_users: int) -> Table:
    """One row a step and their sum: calls, tokens and US dollars, in all, per user, the paper's."""
    rows = [_cost_row(line.step, [line], n_users) for line in spending]
    if len(rows) > 1:
        rows.append(_cost_row("all", spending, n_users))
    columns = (
        "step", "answered", "of these reused", "not answered", "prompt tokens",
        "of these cached", "answer tokens", "US$", "US$ per user", "paper, US$ per user",
    )  # fmt: skip
    notes = [
        f"Every call that this project ever made, over {n_users:,} users; an answer that is "
        "remembered is not asked for again. Embeddings of every step stand under 'embed'.",
        "Paper: Table 6, DeepSeek, on other data; its 'Summarization' stands beside 'profile'.",
    ]
    unpriced = sum(line.unpriced for line in spending)
    if unpriced:
        notes.append(f"The price of {unpriced:,} answered calls is not known.")
    uncertain = sum(line.uncertain for line in spending)
    if uncertain:
        notes.append(
            f"{uncertain:,} attempts that brought no usable answer may have been billed; their "
            "cost is not known and not in the sum."
        )
    title = "Table 6: cost of the language model"
    return Table(title, columns, tuple(rows), tuple(notes))


def _cost_row(name: str, lines: Sequence[Spending], n_users: int) -> tuple[Cell, ...]:
    known = sum(line.cost for line in lines)
    more = any(line.unpriced or line.uncertain for line in lines)
    cost = None if not known and any(line.unpriced for line in lines) else known
    paper = sum(PAPER.values()) if name == "all" else PAPER.get(name)
    return (
        Cell(name),
        Cell(sum(line.answered for line in lines)),
        Cell(sum(line.reused for line in lines)),
        Cell(sum(line.other for line in lines)),
        Cell(sum(line.prompt_tokens for line in lines)),
        Cell(sum(line.cached_tokens for line in lines)),
        Cell(sum(line.completion_tokens for line in lines)),
        Cell(cost, decimals=6, at_least=more),
        Cell(None if cost is None or not n_users else cost / n_users, decimals=6, at_least=more),
        Cell(paper, decimals=6),
    )


def efficiency_specs(_: Config) -> list[RunSpec]:
    """The full method beside its backbone, with and without text."""
    return [RunSpec(variant.value, variant) for variant in MODELS]


def tell_efficiency(evidence: Evidence) -> list[Table]:
    """Table 9 for this project; scores the test targets again to measure the time."""
    rows = []
    device = evidence.device()
    users = 0
    for label in evidence.runs:
        made = evidence.first(label)
        trained, for_training, frozen = parameters(made, evidence.load)
        users, seconds = inference(made, evidence.load, device)
        rows.append(
            (
                Cell(label),
                Cell(trained / _MILLION, decimals=3),
                Cell(for_training / _MILLION, decimals=3),
                Cell(frozen / _MILLION, decimals=3),
                Cell((trained + frozen) / _MILLION, decimals=3),
                Cell(seconds, decimals=3),
            )
        )
    columns = ("model", "trained (M)", "of these for training alone (M)", "frozen text vectors (M)")
    notes = (
        "For training alone: the profile adapter, which inference does not load.",
        f"Inference: from the sequences of {users:,} users to the ranks of their test targets "
        f"among the stored negatives, on {device}; models, text vectors and augmented "
        "sequences are at hand; the quicker of two passes, measured when this table was made.",
    )
    title = "Table 9: parameters and inference time"
    return [Table(title, (*columns, "all (M)", "inference (s)"), tuple(rows), notes)]


def parameters(made: Pipeline, load: Loader) -> tuple[int, int, int]:
    """Numbers in the checkpoints, those of them that only training needs, and frozen numbers."""
    tensors = [
        (name, tensor.size)
        for stage in (*made.pretrained, *made.tuned)
        for name, tensor in load(stage).tensors.items()
    ]
    frozen = 0
    for stage in made.embeddings:
        frozen = load(stage).vectors.size + load(made.augmented[0]).new_vectors.size
    return (
        sum(size for _, size in tensors),
        sum(size for name, size in tensors if name.startswith("profile_adapter.")),
        frozen,
    )


def inference(made: Pipeline, load: Loader, device: str) -> tuple[int, float]:
    """Test users, and the seconds that it takes to rank their targets among the negatives."""
    import numpy as np
    import torch

    from edt_core.evaluation.ranks import sampled_ranks
    from edt_core.models.scoring import (
        continued,
        domain_adapters,
        model_of,
        restore,
        score_vectors,
    )

    stage = made.ranks
    assert isinstance(stage, EvaluateModel)
    catalogue, augmented = load(stage.catalogue), load(stage.augmented)
    valid, test = load(stage.valid), load(stage.test)
    embeddings = load(stage.embeddings[0]).vectors if stage.embeddings else None
    model = model_of(
        stage.pretraining,
        len(catalogue),
        embeddings,
        augmented.new_vectors,
        len(augmented.new_domain),
    )
    restore(model, load(stage.pretrained).tensors)
    adapters = None
    if stage.tuned:
        adapters = domain_adapters(stage.pretraining, stage.fine_tuning)
        restore(adapters, load(stage.tuned[0]).tensors)
        adapters = adapters.to(device).eval()
    model = model.to(device).eval()
    item_domain = np.concatenate([catalogue.domain, augmented.new_domain])
    negatives = torch.from_numpy(load(stage.candidates).negatives)
    seconds = []
    for _ in range(2):
        started = perf_counter()
        vectors = score_vectors(
            model,
            adapters,
            continued(augmented.sequences, test.users, valid.items),
            catalogue.domain[test.items],
            item_domain,
            len(catalogue),
            stage.pretraining.max_length,
        )
        sampled_ranks(vectors.users, torch.from_numpy(test.items), vectors.items, negatives)
        seconds.append(perf_counter() - started)
    return len(test.users), min(seconds)


COST = Experiment(cost_specs, tell_cost)
EFFICIENCY = Experiment(efficiency_specs, tell_efficiency)
