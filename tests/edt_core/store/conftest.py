"""A tiny project: three users, four items in two domains."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Ints, Sequences, pack
from edt_core.params import Params
from edt_core.stage import Context, Stage, Step
from edt_core.store.datasets import save_dataset
from edt_core.store.generated import record_drafts, record_judged
from edt_core.store.home import Home
from edt_core.store.project import Project


@dataclass(frozen=True)
class ToyDataset:
    name: str = "toy"
    user_ids: tuple[str, ...] = ("u0", "0001", "ü")
    catalogue: Catalogue = field(
        default_factory=lambda: Catalogue(
            domain_names=["food", "kitchen"],
            domain=np.array([0, 0, 1, 1]),
            source_ids=["x", "y", "x", "z"],
            titles=["Tea", "Jam", "Pot", "Pan"],
            brands=["a", "", "b", ""],
            dates=[""] * 4,
            prices=["1", "2", "", ""],
            categories=[["Hot", "Drinks"], [], ["Cook"], []],
            descriptions=["black", "", "steel", ""],
        )
    )
    raw: Sequences = field(default_factory=lambda: pack([[0, 2, 1, 3], [1, 2, 0], [3, 0]]))
    timestamps: Ints = field(default_factory=lambda: np.arange(9))
    options: dict[str, Any] = field(default_factory=lambda: {"recipe": "none"})
    counts: dict[str, int] = field(default_factory=lambda: {"events": 9})
    notes: tuple[str, ...] = ("A note.",)
    digest: str = "d1"


@dataclass(frozen=True)
class ToyDrafts:
    users: Ints
    targets: Ints
    titles: list[str]
    brands: list[str]
    dates: list[str]
    prices: list[str]
    categories: list[list[str]]
    descriptions: list[str]
    calls: Ints


@dataclass(frozen=True)
class ToyJudged:
    source_score: Any
    target_score: Any
    source_rank: Ints
    anchor_position: Ints
    kept: Any


def drafts(n: int = 4) -> ToyDrafts:
    """Draft i belongs to user i % 3 and domain i % 2."""
    rows = np.arange(n)
    return ToyDrafts(
        users=rows % 3,
        targets=rows % 2,
        titles=[f"Draft {i}" for i in range(n)],
        brands=[""] * n,
        dates=[""] * n,
        prices=[""] * n,
        categories=[["New"]] * n,
        descriptions=[""] * n,
        calls=np.full(n, -1),
    )


def judged(n: int = 4) -> ToyJudged:
    """Target scores 0.0, 0.1, 0.2 ...; even rows are kept; the last one has no target score."""
    scores = np.arange(n, dtype=np.float32) / 10
    scores[-1] = -2
    return ToyJudged(
        source_score=np.full(n, 0.5, dtype=np.float32),
        target_score=scores,
        source_rank=np.ones(n, dtype=np.int64),
        anchor_position=np.where(np.arange(n) == 1, -1, 0),
        kept=np.arange(n) % 2 == 0,
    )


def toy_project(home: Home, name: str = "toy", *, generated: bool = True) -> Project:
    project = home.create(name)
    save_dataset(project, ToyDataset())
    if generated:
        record_drafts(project, "f" * 40, drafts())
        record_judged(project, "f" * 40, judged(), drafts(), ToyDataset().raw)
    return project


class ToyParams(Params):
    size: int


@dataclass(frozen=True)
class Numbers:
    values: Ints
    words: list[str]


@dataclass(frozen=True)
class CountNumbers(Stage[Numbers]):
    step: ClassVar[Step] = Step.EMBED
    section: ClassVar[str] = "0"
    output: ClassVar[type[Numbers]] = Numbers
    params: ToyParams

    def compute(self, ctx: Context) -> Numbers:
        return Numbers(np.arange(self.params.size), ["a"])


@pytest.fixture
def toy() -> ModuleType:
    """The toys of this file."""
    return sys.modules[__name__]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def project(home: Home) -> Iterator[Project]:
    with toy_project(home) as made:
        yield made
