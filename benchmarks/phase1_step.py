"""One training step of phase 1, batch 512, d_L 1,536, beside UniSRec and the released layout.

    python benchmarks/phase1_step.py --data food-kitchen-order --rectools-python PATH

``PATH`` is the interpreter of another environment, with ``pip install "rectools[torch]==0.19.0"``.
"""

import argparse
import itertools
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from padded_model import PaddedModel, padded_batch
from real_data import corpus, without_validation
from side_by_side import Bar, Contender, compare

from edt_core.config import PretrainingSettings
from edt_core.training.shared import Corpus, SharedTrainee

BARS = {"food-kitchen-order": 12.0, "food-kitchen": 7.0}
PADDED = 50


def ours(given: Corpus) -> Contender:
    """A step of the very trainee that ``pretrain`` trains, its batch building included."""
    trainee = SharedTrainee(without_validation(given), PretrainingSettings(), None, 0, "cpu")
    optimizer = torch.optim.Adam(trainee.module.parameters(), lr=1e-3, fused=True)
    trainee.module.train()
    batches = itertools.chain.from_iterable(trainee.steps(epoch) for epoch in itertools.count(1))

    def step() -> float:
        started = time.perf_counter()
        losses, _ = trainee.losses(next(batches))
        optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        optimizer.step()
        return time.perf_counter() - started

    return step


def padded(given: Corpus, length: int) -> Contender:
    """A step of the released layout; its batch building is not counted."""
    assert given.embeddings is not None
    model = PaddedModel(torch.from_numpy(given.embeddings), length).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)

    def step() -> float:
        users = rng.choice(given.sequences.n_users, 512, replace=False).tolist()
        batch = padded_batch(given.sequences, users, length, given.n_real)
        started = time.perf_counter()
        loss = model(*batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return time.perf_counter() - started

    return step


def unisrec(given: Corpus, python: str, folder: Path) -> Contender:
    """A step of RecTools' UniSRec (one linear map, length 50) in the other environment."""
    assert given.embeddings is not None
    data = folder / "data.npz"
    np.savez(
        data,
        items=given.sequences.items,
        offsets=given.sequences.offsets,
        embedding=given.embeddings.shape[1],
        threads=torch.get_num_threads(),
    )
    script = Path(__file__).with_name("unisrec_peer.py")
    peer = subprocess.Popen(
        [python, str(script), str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert peer.stdin is not None
    assert peer.stdout is not None
    answers = peer.stdout
    asks = peer.stdin
    if answers.readline().strip() != "ready":
        raise SystemExit("The peer did not start; is rectools installed in its environment?")

    def step() -> float:
        asks.write("\n")
        asks.flush()
        return float(answers.readline())

    return step


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=sorted(BARS), default="food-kitchen-order")
    parser.add_argument("--rectools-python", metavar="PATH")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    logs = corpus(given.data)
    contenders = {"ours, packed": ours(logs)}
    with tempfile.TemporaryDirectory() as folder:
        if given.rectools_python:
            name = "RecTools UniSRec, length 50"
            contenders[name] = unisrec(logs, given.rectools_python, Path(folder))
        contenders[f"released layout, length {PADDED}"] = padded(logs, PADDED)
        compare(
            f"phase-1 step, {given.data}, batch 512, {given.threads} threads",
            "ours, packed",
            contenders,
            given.rounds,
            (Bar("RecTools UniSRec, length 50", BARS[given.data]),),
        )


if __name__ == "__main__":
    main()
