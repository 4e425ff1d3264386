"""Points as a training writes them, made up and always the same."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edt_core.events import Point
from edt_core.store.telemetry import Recorder

STARTED = 1_700_000_000.0
STEPS = 10
"""In an epoch; a point of each fast curve at every second one."""


def write_points(
    folder: Path,
    seeds: Sequence[int] = (42,),
    epochs: int = 12,
    phases: Sequence[str] = ("pretrain",),
) -> None:
    """Curves of every kind. Validation is best two epochs before the last."""
    recorder = Recorder(folder)
    for phase in phases:
        for seed in seeds:
            recorder.write([*_of(phase, seed, epochs)])
    recorder.close()


def _of(phase: str, seed: int, epochs: int) -> list[tuple[float, Point]]:
    rng = np.random.default_rng(seed)
    parts = ("loss", "alignment") if phase == "pretrain" else ("loss_a", "loss_b")
    found = []

    def add(epoch: int, step: int, **values: float) -> None:
        at = STARTED + 60.0 * (epoch - 1) + 6.0 * step
        found.extend((at, Point(phase, seed, epoch, step, n, v)) for n, v in values.items())

    for epoch in range(1, epochs + 1):
        for step in range(2, STEPS + 1, 2):
            moment = epoch - 1 + step / STEPS
            terms = {n: float(np.exp(-moment / 4)) / k for k, n in enumerate(parts, 1)}
            add(
                epoch, step, **terms, total=sum(terms.values()), examples_per_second=1000.0 + step,
                gradient_norm=float(rng.uniform(0.5, 1.0)), memory_mib=512.0, utilisation=0.75,
            )  # fmt: skip
        ndcg = 0.1 + 0.01 * min(epoch, 2 * epochs - 4 - epoch) + (seed - 42) / 1000
        add(epoch, STEPS, learning_rate=0.001)
        for suffix, factor in (("", 1.0), (".a", 1.1), (".b", 0.9)):
            add(
                epoch,
                STEPS,
                **{f"ndcg@10{suffix}": ndcg * factor, f"hit@10{suffix}": 2 * ndcg * factor},
            )
    return found
