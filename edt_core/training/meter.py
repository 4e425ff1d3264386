"""What a training says of itself while it runs: losses, rates, memory, utilisation.

| series | measured | unit |
|---|---|---|
| ``loss``, ``alignment`` (phase 1), ``loss_a``, ``loss_b`` (phase 2) | at a step | each term |
| ``total`` | at a step | their sum, which is minimised |
| ``epoch_`` before any of these | at an epoch's end | mean over its steps |
| ``examples_per_second`` | at a step | since the point before |
| ``gradient_norm`` | at a step, once a second | L2 norm over all parameters |
| ``memory_mib`` | at a step, once a second | on the GPU, else in RAM, of this process |
| ``utilisation`` | at a step, once a second | share of the GPU, else of the run's threads, 0 to 1 |
| ``learning_rate`` | at an epoch's end | as it is |
| ``ndcg@10``, ``hit@10``, with ``.a`` or ``.b`` for one domain | at an epoch's end | validation |
"""

import contextlib
import os
import resource
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from edt_core.events import Point
from edt_core.stage import Context

INTERVAL = 0.2
"""Seconds between two points of a loss inside an epoch."""
SLOW_INTERVAL = 1.0
"""The same for what takes longer to measure."""
_SHARE = 0.0025
"""Of the time, at most, that measuring the slow ones may take."""


class Meter:
    """Adds up one epoch's losses and reports them at a human rate."""

    def __init__(
        self,
        ctx: Context,
        step: str,
        seed: int,
        epoch: int,
        learning_rate: float,
        module: nn.Module,
    ) -> None:
        self.ctx = ctx
        self.phase = step
        self.seed = seed
        self.epoch = epoch
        self.learning_rate = learning_rate
        self.module = module
        self.steps = 0
        self.sums: dict[str, Tensor] = {}
        self.last: dict[str, Tensor] = {}
        self.examples = 0
        self.told = self.read = time.perf_counter()
        self.told_examples = 0
        self.worked = time.process_time()
        self.rest = SLOW_INTERVAL

    def add(self, losses: dict[str, Tensor], examples: int) -> None:
        """Count one step; its losses are only fetched from the device when they are told."""
        self.steps += 1
        self.examples += examples
        self.last = losses
        for name, loss in losses.items():
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss
        now = time.perf_counter()
        if now - self.told >= INTERVAL:
            self._tell_step(now)
            if now - self.read >= self.rest:
                self._tell_device()

    def finish(self) -> dict[str, float]:
        """The epoch's mean losses, told with everything else."""
        means = {name: float(total) / self.steps for name, total in self.sums.items()}
        self._tell_step(time.perf_counter())
        self._tell_device()
        told = {**means, "total": sum(means.values())}
        self.tell({f"epoch_{name}": mean for name, mean in told.items()})
        self.tell({"learning_rate": self.learning_rate})
        return means

    def tell(self, values: dict[str, float]) -> None:
        """Emit one point per value at the current step."""
        for name, value in values.items():
            self.ctx.emit(Point(self.phase, self.seed, self.epoch, self.steps, name, value))

    def _tell_step(self, now: float) -> None:
        losses = {name: float(loss) for name, loss in self.last.items()}
        rate = (self.examples - self.told_examples) / max(now - self.told, 1e-9)
        self.told, self.told_examples = now, self.examples
        self.tell({**losses, "total": sum(losses.values()), "examples_per_second": rate})

    def _tell_device(self) -> None:
        began = time.perf_counter()
        self.tell(
            {
                "gradient_norm": self._gradient_norm(),
                "memory_mib": memory(self.ctx.device),
                "utilisation": self._utilisation(began - self.read),
            }
        )
        self.read, self.worked = time.perf_counter(), time.process_time()
        self.rest = max(SLOW_INTERVAL, (self.read - began) / _SHARE)

    def _gradient_norm(self) -> float:
        """Of the step just taken, whose gradients still stand."""
        gradients = [p.grad for p in self.module.parameters() if p.grad is not None]
        return float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0

    def _utilisation(self, seconds: float) -> float:
        """Share of the device that worked: of the GPU as its driver says, else of our threads."""
        if self.ctx.device == "cuda":
            # the driver's library may be absent, refuse or not know this card: a rate less then
            with contextlib.suppress(Exception):
                return torch.cuda.utilization() / 100.0
            return 0.0
        worked = time.process_time() - self.worked
        return min(1.0, worked / max(seconds, 1e-9) / torch.get_num_threads())


def memory(device: str) -> float:
    """MiB that this process holds now: of the device, or of the machine."""
    if device == "cuda":
        return torch.cuda.memory_reserved() / 2**20
    with contextlib.suppress(OSError, IndexError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    # where there is no /proc, the most that it ever held
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
