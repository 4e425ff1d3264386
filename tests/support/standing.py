"""A project whose stages' results stand without having been computed: quick to make, for plans."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edt_core.actions.configuring import change, configuration
from edt_core.actions.jobs import Job, pipelines_of
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Ints, Sequences, pack
from edt_core.data.split import leave_one_out
from edt_core.recipes import DEFAULT_SEEDS, Data
from edt_core.stage import Step
from edt_core.store.datasets import save_dataset
from edt_core.store.home import Home
from edt_core.store.project import Project
from edt_core.variants import Variant

DIGEST = "d1"
ALL = tuple(Step)


def _catalogue() -> Catalogue:
    return Catalogue(
        domain_names=["food", "kitchen"],
        domain=np.array([0, 0, 1, 1]),
        source_ids=["x", "y", "x", "z"],
        titles=["Tea", "Jam", "Pot", "Pan"],
        brands=[""] * 4,
        dates=[""] * 4,
        prices=[""] * 4,
        categories=[["Hot"], [], ["Cook"], []],
        descriptions=["black", "", "steel", ""],
    )


@dataclass(frozen=True)
class Shop:
    """Three users, four items, two domains."""

    name: str = "food-kitchen"
    user_ids: tuple[str, ...] = ("ann", "bob", "cleo")
    catalogue: Catalogue = field(default_factory=_catalogue)
    raw: Sequences = field(default_factory=lambda: pack([[0, 2, 1, 3], [1, 2, 0], [3, 0, 2, 1]]))
    timestamps: Ints = field(default_factory=lambda: np.arange(11))
    options: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digest: str = DIGEST


@dataclass(frozen=True)
class NoTexts:
    """Stands for texts, none of which was refused."""

    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Blank:
    """Stands for a result that nobody reads."""

    refused_reasons: list[str] = field(default_factory=list)
    summaries: NoTexts = NoTexts()
    reforms: NoTexts = NoTexts()
    analyses: NoTexts = NoTexts()


def standing(
    home: Path, name: str = "shop", *, steps: Iterable[Step] = ALL, settings: Mapping[str, Any] = {}
) -> Project:
    """A project with the shop imported and, for ``steps``, a result in every stage's place."""
    project = Home(home).create(name)
    shop = Shop()
    histories, valid, test = leave_one_out(shop.raw)
    data = Data.of(DIGEST)
    for stage, artifact in (
        (data.catalogue, shop.catalogue),
        (data.histories, histories),
        (data.valid, valid),
        (data.test, test),
    ):
        project.artifacts.write(stage, artifact, 0.0)
    save_dataset(project, shop)
    if settings:
        change(project, settings)
    make_stand(project, steps)
    return project


def make_stand(project: Project, steps: Iterable[Step]) -> None:
    """Put a result in the place of every stage of ``steps`` that has none."""
    wanted = set(steps)
    job = Job(Variant.LLM_EDT, configuration(project), DEFAULT_SEEDS)
    for made in pipelines_of(project, job, DIGEST):
        for step in wanted:
            for stage in made.stages_of(step):
                if not project.artifacts.has(stage):
                    project.artifacts.write(stage, Blank(), 0.0)
