"""What an experiment is: which runs to make, and how to read them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edt_core.config import Config
from edt_core.evaluation.figure import Panel
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.table import Table
from edt_core.recipes import Pipeline
from edt_core.stage import Loader, Stage, Step
from edt_core.variants import Variant


@dataclass(frozen=True)
class RunSpec:
    """One model that an experiment needs, with what it changes in the project's settings."""

    label: str
    """How the experiment's tables call it."""
    variant: Variant
    settings: Mapping[str, Any] = field(default_factory=dict)
    until: Step = Step.EVALUATE
    """The last step that is needed."""


@dataclass(frozen=True)
class Spending:
    """Calls to a language model in one step and what they cost."""

    step: str
    answered: int
    other: int
    """Calls that were refused, failed or never answered."""
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """US dollars, as far as prices are known."""
    unpriced: int
    """Answered calls without a known price."""
    cached_tokens: int = 0
    """Of the prompts', as many as services read from their caches."""
    reused: int = 0
    """Of the answered, as many as another project had paid for."""
    uncertain: int = 0
    """Attempts that brought nothing and may have been billed: nobody knows."""


@dataclass(frozen=True)
class Evidence:
    """Everything that an experiment may tell of: its runs, and how to look into them."""

    domain_names: Sequence[str]
    n_users: int
    runs: Mapping[str, Sequence[Pipeline]]
    """By label; one pipeline a seed."""
    load: Loader
    """Reads what a run has stored."""
    spending: Callable[[], Sequence[Spending]]
    user_id: Callable[[int], str]
    """A user's id in the source data."""
    device: Callable[[], str]
    """Where to measure."""

    def ranks(self) -> dict[str, list[Ranks]]:
        """Every run's ranks by label, one per seed."""
        return {
            label: [self.load(made.ranks) for made in pipelines]
            for label, pipelines in self.runs.items()
        }

    def first(self, label: str) -> Pipeline:
        """A run's first seed."""
        return self.runs[label][0]

    def twins(self) -> list[str]:
        """A sentence for labels that are one and the same model.

        Where a part of the method is switched off, to remove or to change it shows nothing, and the
        equal rows must not look like a finding.
        """
        labels: dict[tuple[str, ...], list[str]] = {}
        for label, pipelines in self.runs.items():
            same = tuple(made.ranks.fingerprint for made in pipelines)
            labels.setdefault(same, []).append(label)
        return [
            f"One and the same model under these settings: {', '.join(each)}."
            for each in labels.values()
            if len(each) > 1
        ]


def _nothing(_: Evidence) -> list[Stage[Any]]:
    return []


@dataclass(frozen=True)
class Experiment:
    """One of the paper's tables or figures."""

    specs: Callable[[Config], list[RunSpec]]
    """Which runs it needs under the project's settings."""
    tell: Callable[[Evidence], list[Table]]
    """How they read."""
    further: Callable[[Evidence], list[Stage[Any]]] = _nothing
    """Stages beyond those of the runs."""
    draw: Callable[[Sequence[Table]], list[Panel]] | None = None
    """Its tables as a figure; None where they are no figure."""
