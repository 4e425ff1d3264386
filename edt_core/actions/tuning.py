"""``edt tune``: what another rank or threshold of Eq. 6 would keep; asks and trains nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from edt_core.actions.configuring import change, configuration
from edt_core.actions.jobs import Job, imported, pipelines_of
from edt_core.config import Config
from edt_core.data.catalogue import normalised_title
from edt_core.data.sequences import Domain, Floats, Ints
from edt_core.data.vectors import unit_rows
from edt_core.errors import MissingInput, UsageError
from edt_core.recipes import DEFAULT_SEEDS
from edt_core.stages.augmenter.noise_filter import random_scores, thresholds_at
from edt_core.stages.augmenter.tuning import Answer, Cut, Precision, Scored, Tuner
from edt_core.store.project import Project
from edt_core.store.questions import counts
from edt_core.store.scores import DomainSize, domain_sizes, score_columns, title_groups
from edt_core.variants import Variant

Kind = Literal["absolute", "percentile"]


@dataclass(frozen=True)
class Setting:
    """The three settings of Eq. 6 as a user sets them."""

    top_k: int
    threshold: float
    kind: Kind


class Tuning:
    """A project's scores, ready to answer for any setting.

    Raises:
        MissingInput: nothing was filtered yet.
    """

    def __init__(self, project: Project) -> None:
        dataset = imported(project)
        self._project, self._digest = project, dataset.digest
        self.domain_names: Sequence[str] = dataset.domain_names
        self.sizes: tuple[DomainSize, DomainSize] = domain_sizes(project)
        columns = score_columns(project)
        if not len(columns.ids):
            raise MissingInput(
                "No generated item has scores yet.",
                hint=f"Run: edt run --project {project.name} --until filter",
            )
        self.tuner = Tuner(
            Scored(
                columns.ids,
                columns.targets,
                columns.users,
                columns.source_ranks,
                columns.source_scores,
                columns.target_scores,
                columns.decisions,
                counts(project).users,
            )
        )
        self.applied = _setting(configuration(project))

    @cached_property
    def random_scores(self) -> tuple[Floats, Floats]:
        """What random real items score, by domain: percentiles are measured on these.

        Raises:
            MissingInput: the stages before the filter are not stored for the present settings.
        """
        config = configuration(self._project)
        job = Job(Variant.LLM_EDT, config, DEFAULT_SEEDS[:1])
        made = pipelines_of(self._project, job, self._digest)[0]
        store = self._project.artifacts
        needed = [*made.embeddings, *(part.representatives for part in made.augmenter)]
        if not made.augmenter or not all(store.has(stage) for stage in needed):
            raise MissingInput(
                "Percentiles need the items' embeddings and representatives of these settings.",
                hint=f"Run: edt run --project {self._project.name} --until filter",
            )
        representatives = store.read(made.augmenter[0].representatives)
        return random_scores(
            unit_rows(store.read(made.embeddings[0]).vectors),
            store.read(made.data.catalogue).domain,
            representatives.keys(store.read(made.data.histories).sequences),
            representatives.offsets,
        )

    @cached_property
    def title_groups(self) -> Ints:
        """Which generated items share a title: reads every title once."""
        return title_groups(self._project, normalised_title)

    def cut(self, setting: Setting) -> Cut:
        """The scores that a setting asks for.

        Raises:
            UsageError: a percentile outside 0 to 1.
        """
        if setting.kind == "absolute":
            return Cut(setting.top_k, (setting.threshold, setting.threshold))
        if not 0.0 <= setting.threshold <= 1.0:
            raise UsageError(
                f"A percentile of {setting.threshold} does not exist.",
                hint="Give a threshold between 0 and 1.",
            )
        low, high = thresholds_at(setting.threshold, self.random_scores).tolist()
        return Cut(setting.top_k, (low, high))


@dataclass(frozen=True)
class Outcome:
    """What one setting would give, beside the data set before it (Table 7)."""

    setting: Setting
    thresholds: tuple[float, float]
    both: Answer
    sides: tuple[Answer, Answer]
    """Of items of A and of B."""
    precision: Precision
    new_items: tuple[int, int]
    before: tuple[DomainSize, DomainSize]
    mean_length_before: float
    mean_length_after: float


def outcome(tuning: Tuning, setting: Setting) -> Outcome:
    """Everything about one setting; reads every title the first time."""
    cut, tuner = tuning.cut(setting), tuning.tuner
    both = tuner.answer(cut)
    events = sum(size.interactions for size in tuning.sizes)
    users = max(1, tuner.scored.n_users)
    return Outcome(
        setting,
        cut.thresholds,
        both,
        (tuner.answer(cut, Domain.A.value), tuner.answer(cut, Domain.B.value)),
        tuner.precision(cut),
        tuner.new_items(cut, tuning.title_groups),
        tuning.sizes,
        events / users,
        (events + both.kept) / users,
    )


def changed(
    applied: Setting, top_k: int | None, threshold: float | None, kind: str | None
) -> Setting:
    """The applied setting with what is given put in place.

    Raises:
        UsageError: an unknown kind, or a rank below 1.
    """
    if kind not in {None, "absolute", "percentile"}:
        raise UsageError(f"There is no kind {kind!r}.", hint="Use absolute or percentile.")
    if top_k is not None and top_k < 1:
        raise UsageError(f"A rank of {top_k} does not exist.", hint="Give 1 or more.")
    chosen: Kind = (
        applied.kind if kind is None else "absolute" if kind == "absolute" else "percentile"
    )
    return Setting(
        applied.top_k if top_k is None else top_k,
        applied.threshold if threshold is None else threshold,
        chosen,
    )


def settings_of(setting: Setting) -> dict[str, Any]:
    """A setting as the project's settings."""
    return {
        "noise_filter.top_k": setting.top_k,
        "noise_filter.threshold": setting.threshold,
        "noise_filter.threshold_kind": setting.kind,
    }


def apply_setting(project: Project, setting: Setting) -> None:
    """Keep a setting in the project; the next run filters by it and pays for no generation.

    Raises:
        UsageError: a value out of its range.
    """
    change(project, settings_of(setting))


def _setting(config: Config) -> Setting:
    noise = config.noise_filter
    return Setting(noise.top_k, noise.threshold, noise.threshold_kind)
