"""What a training says of itself while it runs: losses, rates, memory, utilisation."""

import resource
import sys
import time

import torch
from torch import Tensor

from edt_core.events import Point
from edt_core.stage import Context

INTERVAL = 0.5
"""Seconds between two points of the same name inside an epoch."""


class Meter:
    """Adds up one epoch's losses and reports them at a human rate."""

    def __init__(
        self, ctx: Context, step: str, seed: int, epoch: int, learning_rate: float
    ) -> None:
        self.ctx = ctx
        self.phase = step
        self.seed = seed
        self.epoch = epoch
        self.learning_rate = learning_rate
        self.steps = 0
        self.sums: dict[str, Tensor] = {}
        self.examples = 0
        self.started = self.told = time.perf_counter()
        self.worked = time.process_time()

    def add(self, losses: dict[str, Tensor], examples: int) -> None:
        """Count one step; its losses are only fetched from the device when they are told."""
        self.steps += 1
        self.examples += examples
        for name, loss in losses.items():
            self.sums[name] = self.sums[name] + loss if name in self.sums else loss
        now = time.perf_counter()
        if now - self.told >= INTERVAL:
            self.told = now
            self.tell({name: float(loss) for name, loss in losses.items()})
            self.tell(self._rates(now))

    def finish(self) -> dict[str, float]:
        """The epoch's mean losses, told with the rates."""
        means = {name: float(total) / self.steps for name, total in self.sums.items()}
        self.tell({**means, "learning_rate": self.learning_rate})
        self.tell(self._rates(time.perf_counter()))
        return means

    def tell(self, values: dict[str, float]) -> None:
        """Emit one point per value at the current step."""
        for name, value in values.items():
            self.ctx.emit(Point(self.phase, self.seed, self.epoch, self.steps, name, value))

    def _rates(self, now: float) -> dict[str, float]:
        seconds = max(now - self.started, 1e-9)
        return {
            "examples_per_second": self.examples / seconds,
            "memory_mib": _memory(self.ctx.device),
            "utilisation": self._utilisation(seconds),
        }

    def _utilisation(self, seconds: float) -> float:
        """Share of the device that worked: of the GPU as its driver says, else of our threads."""
        if self.ctx.device == "cuda":
            try:
                return torch.cuda.utilization() / 100.0
            except (ImportError, RuntimeError):  # no NVML at hand: a rate less, no failure
                return 0.0
        worked = time.process_time() - self.worked
        return min(1.0, worked / seconds / torch.get_num_threads())


def _memory(device: str) -> float:
    """Peak memory in MiB: of the device's tensors, or of the process."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
