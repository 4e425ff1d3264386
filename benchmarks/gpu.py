"""Phase 1 and the evaluation on a GPU: step, epoch, ranking and memory, on Food-Kitchen's shape.

    python benchmarks/gpu.py                    # every backbone on the GPU
    python benchmarks/gpu.py --device cpu --encoder sasrec --embedding 64   # a try without one

One line a backbone. A step is what ``pretrain`` does, batch building included; the clock waits for
the device. An evaluation makes both splits' user vectors and ranks them in the whole catalogue.
Memory is the most that torch held at once, in the epoch and in the evaluation.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from real_data import corpus, without_validation

from edt_core.config import PretrainingSettings
from edt_core.evaluation.ranks import full_ranks
from edt_core.models.scoring import continued, score_vectors
from edt_core.training.device import training_on
from edt_core.training.shared import Corpus, SharedTrainee

ENCODERS = ("sasrec", "gru4rec", "bert4rec")
WARM_UP = 5
"""Steps before the clock counts: kernels are chosen and memory is taken."""


class Clock:
    """Seconds of work on a device, and the most memory that it took."""

    def __init__(self, device: str) -> None:
        self.cuda = device == "cuda"

    def __call__(self, work: Callable[[], object]) -> float:
        """How long ``work`` takes until the device has done it."""
        self._wait()
        started = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - started

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()

    def forget(self) -> None:
        """Count memory from here on."""
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()

    def peak(self) -> str:
        """MiB; a processor's are not told apart from the rest of the process."""
        return f"{torch.cuda.max_memory_allocated() / 2**20:,.0f}" if self.cuda else "-"


def measure(given: Corpus, encoder: str, device: str, steps: int, batch_size: int) -> str:
    """One line of the table."""
    settings = PretrainingSettings(encoder=encoder, batch_size=batch_size)
    trainee = SharedTrainee(without_validation(given), settings, None, 0, device)
    optimizer = torch.optim.Adam(trainee.module.parameters(), lr=1e-3, fused=True)
    clock = Clock(device)

    def train(batch: object) -> None:
        losses, _ = trainee.losses(batch)
        optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        optimizer.step()

    def endless() -> Iterator[object]:
        epoch = 0
        while True:
            epoch += 1
            yield from trainee.steps(epoch)

    def epoch() -> None:
        for batch in trainee.steps(9999):
            train(batch)

    def evaluation() -> None:
        valid = given.valid
        users = np.tile(valid.users, 2)
        targets = np.tile(valid.items, 2)
        extra = np.concatenate([np.full(len(valid.users), -1), valid.items])
        found = score_vectors(
            trainee.module, None, continued(given.sequences, users, extra),
            given.item_domain[targets], given.item_domain, given.n_real, settings.max_length,
        )  # fmt: skip
        domain = torch.from_numpy(given.item_domain[: given.n_real])
        full_ranks(found.users, torch.from_numpy(targets), found.items, domain)

    trainee.module.train()
    batches = endless()
    for _ in range(WARM_UP):
        train(next(batches))
    one = [clock(lambda: train(next(batches))) for _ in range(steps)]
    clock.forget()
    whole = clock(epoch)
    training_peak = clock.peak()
    clock(evaluation)
    clock.forget()
    ranked = clock(evaluation)
    rate = len(trainee.rows.users) / whole
    return (
        f"{encoder:10}{statistics.median(one) * 1e3:10.1f}{min(one) * 1e3:10.1f}{whole:10.2f}"
        f"{rate:12,.0f}{training_peak:>10}{ranked:10.2f}{clock.peak():>10}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="food-kitchen")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--encoder", choices=ENCODERS, action="append")
    parser.add_argument("--embedding", type=int, default=1536)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=PretrainingSettings().batch_size)
    asked = parser.parse_args()
    if asked.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here; --device cpu tries the benchmark itself.")
    card = torch.cuda.get_device_name() if asked.device == "cuda" else "CPU"
    given = corpus(asked.data, asked.embedding)
    print(f"{card}, torch {torch.__version__}, batch {asked.batch}")
    print(
        f"{'':10}{'step ms':>10}{'least ms':>10}{'epoch s':>10}{'users/s':>12}{'MiB':>10}"
        f"{'ranks s':>10}{'MiB':>10}"
    )
    for encoder in asked.encoder or ENCODERS:
        with training_on(asked.device, 0):
            print(measure(given, encoder, asked.device, asked.steps, asked.batch), flush=True)


if __name__ == "__main__":
    main()
