"""Source stages that hand out a tiny world."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.data.split import Histories, ValidTargets
from edt_core.stage import Context, Stage, Step


@dataclass(frozen=True)
class Given(Stage):
    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = "2"
    output: ClassVar[type[Any]] = object

    name: str

    def compute(self, ctx):
        raise AssertionError("only ever loaded")


N_REAL = 10


def world():
    rng = np.random.default_rng(0)
    texts = [""] * N_REAL
    domain = np.repeat([0, 1], N_REAL // 2)
    catalogue = Catalogue(
        ["a", "b"], domain, texts, texts, texts, texts, texts, [[]] * N_REAL, texts
    )
    sequences = pack([list(rng.integers(0, N_REAL + 2, 6)) for _ in range(12)])
    return {
        "augmented": SimpleNamespace(
            sequences=sequences,
            new_domain=np.array([0, 1]),
            new_vectors=rng.normal(size=(2, 6)).astype(np.float32),
        ),
        "catalogue": catalogue,
        "histories": Histories(sequences.where(sequences.items < N_REAL)),
        "valid": ValidTargets(np.arange(12), rng.integers(0, N_REAL, 12)),
        "embeddings": SimpleNamespace(vectors=rng.normal(size=(N_REAL, 6)).astype(np.float32)),
        "profiles": SimpleNamespace(vectors=rng.normal(size=(12, 8)).astype(np.float32)),
    }


@dataclass
class World:
    ctx: Context
    values: dict = field(default_factory=dict)

    def stage(self, name: str) -> Given:
        return Given(name)


@pytest.fixture
def given_world(tmp_path) -> World:
    values = world()
    ctx = Context(
        load=lambda stage: values[stage.name],
        scratch=tmp_path,
        emit=lambda _: None,
        device="cpu",
        language_model=None,
        embedder=None,
        check=lambda: None,
    )
    return World(ctx, values)
