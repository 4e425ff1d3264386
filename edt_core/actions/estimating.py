"""``edt estimate``: the calls, tokens and cost that a run would still make."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import Job, imported, pipelines_of
from edt_core.config import Config
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import domain_counts
from edt_core.llm.prices import price_of
from edt_core.llm.prompts import item_prompt, sample_line
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.stage import Step
from edt_core.store.calls import answered_for, spend
from edt_core.store.project import Project
from edt_core.variants import Variant

LETTERS_PER_TOKEN = 4.0
"""Of English product titles, roughly; measured tokens replace it once calls were made."""
_SAMPLE = 2000


@dataclass(frozen=True)
class EstimateLine:
    """One stage's outstanding calls."""

    step: str
    calls: int
    """At most: identical questions are asked once, answered ones not again."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """US dollars; 0 for the embedded defaults, None where the price is not known."""


@dataclass(frozen=True)
class Estimate:
    """What a run would still ask."""

    lines: list[EstimateLine]
    cost: float | None
    note: str


def estimate(project: Project, settings: Sequence[str] = ()) -> Estimate:
    """An upper bound from the data set's shape; asks nothing and computes nothing.

    Raises:
        MissingInput: nothing was imported yet.
        UsageError: an unknown setting.
    """
    return estimate_of(project, configuration(project, settings))


def estimate_of(project: Project, config: Config) -> Estimate:
    """The same for any configuration.

    Raises:
        MissingInput: nothing was imported yet.
    """
    dataset = imported(project)
    made = pipelines_of(project, Job(Variant.LLM_EDT, config, DEFAULT_SEEDS[:1]), dataset.digest)[0]
    catalogue = project.artifacts.read(made.data.catalogue)
    counts = domain_counts(project.artifacts.read(made.data.histories).sequences, catalogue.domain)
    lines = [
        _embed(project, config, made, catalogue),
        _generate(project, config, made, catalogue, counts),
        _profile(project, config, made, counts),
    ]
    costs = [line.cost for line in lines]
    known = [value for value in costs if value is not None]
    note = "Upper bounds: identical questions are asked once, and answered ones never again."
    if None in costs:
        note += " The price of a model is not known, so its cost is not counted."
    return Estimate(lines, sum(known) if len(known) == len(costs) else None, note)


def _spread(catalogue: Catalogue) -> list[int]:
    """Keys of items from all over the catalogue, to measure texts on."""
    count = min(len(catalogue), _SAMPLE)
    return [round(key) for key in np.linspace(0, len(catalogue) - 1, count)]


def _embed(project: Project, config: Config, made: Pipeline, catalogue: Catalogue) -> EstimateLine:
    if config.embedding.choice.provider != "openai" or project.artifacts.has(made.embeddings[0]):
        return EstimateLine(Step.EMBED, 0, 0, 0, 0.0)
    names = catalogue.domain_names
    texts = [
        item_prompt(names[catalogue.domain[key]], catalogue.text(key)) for key in _spread(catalogue)
    ]
    tokens = round(_mean_tokens(texts) * len(catalogue))
    calls = -(-len(catalogue) // config.embedding.batch_size)
    price = price_of(config.embedding)
    return EstimateLine(Step.EMBED, calls, tokens, 0, price.of(tokens) if price else None)


def _generate(
    project: Project, config: Config, made: Pipeline, catalogue: Catalogue, counts: np.ndarray
) -> EstimateLine:
    stages = [part.generated for part in made.augmenter]
    if all(project.artifacts.has(stage) for stage in stages):
        return EstimateLine(Step.GENERATE, 0, 0, 0, 0.0)
    both = int((counts > 0).all(axis=1).sum())
    one = int((counts > 0).any(axis=1).sum()) - both
    calls = 2 * both + (one if config.noise_filter.empty_target == "catalogue" else 0)
    calls = max(0, calls - sum(answered_for(project, stage.fingerprint) for stage in stages))
    line = _mean_tokens([sample_line(catalogue.text(key)) for key in _spread(catalogue)])
    shown = np.minimum(counts, config.clusters.n_clusters).sum(axis=1)
    prompt = 350 + line * float(shown[shown > 0].mean() if (shown > 0).any() else 0)
    return _priced(
        project, config, Step.GENERATE, calls, prompt, line * config.generator.n_generate
    )


def _profile(project: Project, config: Config, made: Pipeline, counts: np.ndarray) -> EstimateLine:
    if all(project.artifacts.has(stage) for stage in made.profiles):
        return EstimateLine(Step.PROFILE, 0, 0, 0, 0.0)
    people = int((counts > 0).any(axis=1).sum())
    calls = people
    if config.profiles.pipeline == "sra":
        calls += int(np.minimum(counts, config.profiles.n_clusters).sum()) + 10
    calls = max(0, calls - sum(answered_for(project, stage.fingerprint) for stage in made.profiles))
    return _priced(project, config, Step.PROFILE, calls, 250.0, 70.0)


def _priced(
    project: Project, config: Config, step: Step, calls: int, prompt: float, answer: float
) -> EstimateLine:
    """Tokens as measured on answered calls of the step, else as guessed from letters."""
    for line in spend(project):
        if line.step == step and line.answered and line.prompt_tokens:
            prompt = line.prompt_tokens / line.answered
            answer = line.completion_tokens / line.answered
    tokens = (round(calls * prompt), round(calls * answer))
    if config.llm.provider == "stand-in":
        return EstimateLine(step, calls, *tokens, 0.0)
    price = price_of(config.llm)
    return EstimateLine(step, calls, *tokens, price.of(*tokens) if price else None)


def _mean_tokens(texts: Sequence[str]) -> float:
    return sum(len(text) for text in texts) / max(1, len(texts)) / LETTERS_PER_TOKEN
