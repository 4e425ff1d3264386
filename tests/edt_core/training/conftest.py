"""A tiny corpus and a context that remembers what it was told."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edt_core.config import PretrainingSettings
from edt_core.data.sequences import Sequences, pack
from edt_core.data.split import ValidTargets
from edt_core.stage import Context
from edt_core.training.loop import Run
from edt_core.training.shared import Corpus

N_A, N_B, N_NEW = 12, 9, 4


@dataclass
class Told:
    """Events in order, and a stop after so many checks."""

    events: list = field(default_factory=list)
    checks_left: int = -1

    def check(self):
        if self.checks_left == 0:
            raise KeyboardInterrupt
        self.checks_left -= 1


def make_corpus(*, text: bool, seed: int = 0) -> Corpus:
    rng = np.random.default_rng(seed)
    n_real = N_A + N_B
    rows = [list(rng.integers(0, n_real + N_NEW, rng.integers(0, 9))) for _ in range(30)]
    sequences = pack(rows)
    real = sequences.items < n_real
    histories = sequences.where(real)
    users = np.flatnonzero(histories.lengths)
    valid = ValidTargets(users, rng.integers(0, n_real, len(users)))
    domain = np.array([0] * N_A + [1] * N_B + [0, 1] * (N_NEW // 2))
    vectors = rng.normal(size=(n_real + N_NEW, 6)).astype(np.float32)
    embeddings = vectors[:n_real] if text else None
    return Corpus(sequences, histories, domain, n_real, valid, embeddings, vectors[n_real:])


@pytest.fixture
def text_corpus() -> Corpus:
    return make_corpus(text=True)


@pytest.fixture
def id_corpus() -> Corpus:
    return make_corpus(text=False)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def run_in(told):
    """A run whose scratch folder is the one given."""

    def made(folder: Path, seed: int = 42) -> Run:
        folder.mkdir(exist_ok=True)
        ctx = Context(
            load=None,
            scratch=folder,
            emit=told.events.append,
            device="cpu",
            language_model=None,
            embedder=None,
            check=told.check,
        )
        return Run(ctx, "f" * 40, "pretrain", seed)

    return made


@pytest.fixture
def settings():
    def made(**changes) -> PretrainingSettings:
        small = {"width": 8, "max_length": 7, "batch_size": 8, "epochs": 4, "dropout": 0.3}
        return PretrainingSettings(**(small | changes))

    return made


@pytest.fixture
def profiles() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(30, 10)).astype(np.float32)


@pytest.fixture
def sequences(text_corpus) -> Sequences:
    return text_corpus.sequences
