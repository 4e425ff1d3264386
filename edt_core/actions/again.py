"""A run asked for once more: the words of ``edt run`` that go on where it stopped."""

from dataclasses import dataclass
from typing import Any

from edt_core.actions.configuring import configuration
from edt_core.actions.estimating import Estimate, estimate_of
from edt_core.actions.jobs import flat, named_variant
from edt_core.errors import UsageError
from edt_core.stage import Step
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.variants import Variant, settings_of


@dataclass(frozen=True)
class Again:
    """What ``edt run`` has to be given; each empty where its default says the same."""

    project: str
    variant: str
    seed: list[int]
    until: str
    device: str
    set: dict[str, Any]
    """Settings in which the run differs from the project as it is now."""


def again(project: Project, number: int) -> Again:
    """How run ``number`` is started once more: with its own settings, whatever was changed since.

    What it finished is stored, so it goes on from there. A run of an experiment whose model has a
    name of the experiment's own is no run of ``edt run``.

    Raises:
        UsageError: there is no such run, or it is an experiment's.
    """
    line = runs.run_line(project, number)
    try:
        variant = named_variant(line.label)
    except UsageError as error:
        raise UsageError(
            f"Run {number} is part of an experiment.",
            hint=f"Go on with it: edt experiment NAME --project {project.name}",
        ) from error
    given = configuration(project).changed(settings_of(variant)).flat()
    return Again(
        project.name,
        "" if variant.value == "LLM-EDT" else variant.value,
        line.seeds,
        "" if line.target == Step.EVALUATE else line.target,
        "" if line.device == "auto" else line.device,
        {key: value for key, value in flat(line.config).items() if given.get(key, value) != value},
    )


def estimate_again(project: Project, words: Again) -> Estimate:
    """What the run would still ask, at most.

    Raises:
        MissingInput: nothing was imported yet.
        InputError: a prompt template of the project's own can't be used.
    """
    variant = named_variant(words.variant or Variant.LLM_EDT.value)
    return estimate_of(project, configuration(project).changed(words.set), variant=variant)
