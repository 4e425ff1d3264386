"""Two domains' logs as one corpus with random embeddings, or the same shape made up."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np

from edt_core.data.sequences import Sequences, offsets_of
from edt_core.data.split import ValidTargets, leave_one_out
from edt_core.training.shared import Corpus

SHAPES = {"food-kitchen": (6899, 14443, 21.65), "food-kitchen-order": (53061, 36298, 8.22)}
"""Users, items and mean length, for when the data is not at hand."""


def corpus(name: str, embedding: int = 1536) -> Corpus:
    """Training parts of ``name`` under ``EDT_DATA`` (else made up), with E random numbers each."""
    folder = Path(os.environ.get("EDT_DATA", Path(__file__).parents[2] / "shared" / "data")) / name
    raw, domain = _read(folder) if folder.is_dir() else _made_up(*SHAPES[name])
    print(
        f"{name}: {'real' if folder.is_dir() else 'made-up'} sequences, random {embedding}-d rows"
    )
    histories, valid, _ = leave_one_out(raw)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((len(domain), embedding), dtype=np.float32)
    none = np.zeros((0, embedding), np.float32)
    sequences = histories.sequences
    return Corpus(sequences, sequences, domain, len(domain), valid, vectors, none)


def without_validation(given: Corpus) -> Corpus:
    """The same corpus when nothing is ranked."""
    none = np.zeros(0, dtype=np.int64)
    return Corpus(
        given.sequences, given.histories, given.item_domain, given.n_real, ValidTargets(none, none),
        given.embeddings, given.new_vectors,
    )  # fmt: skip


def _read(folder: Path) -> tuple[Sequences, np.ndarray]:
    users: dict[str, int] = {}
    items: list[dict[str, int]] = [{}, {}]
    events = []
    for domain, path in enumerate(sorted(folder.glob("*.inter.csv.gz"))):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                user = users.setdefault(row["user_id"], len(users))
                item = items[domain].setdefault(row["item_id"], len(items[domain]))
                events.append((user, float(row["timestamp"]), domain, item))
    table = np.array(events)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    keys = (table[:, 3] + table[:, 2] * len(items[0])).astype(np.int64)
    sizes = [len(items[0]), len(items[1])]
    lengths = np.bincount(table[:, 0].astype(np.int64))
    return Sequences(keys, offsets_of(lengths)), np.repeat([0, 1], sizes)


def _made_up(n_users: int, n_items: int, mean: float) -> tuple[Sequences, np.ndarray]:
    rng = np.random.default_rng(1)
    lengths = np.minimum(4 + rng.geometric(1 / (mean - 4), n_users), 200)
    keys = (n_items * rng.random(lengths.sum()) ** 2).astype(np.int64)
    domain = np.repeat([0, 1], [n_items // 2, n_items - n_items // 2])
    return Sequences(rng.permutation(n_items)[keys], offsets_of(lengths)), domain
