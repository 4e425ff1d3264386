"""The one loop that every model is trained by: epochs, early stopping, resumption (3.5.1)."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from edt_core.data.sequences import Domain, Ints
from edt_core.errors import StopAfterEpoch
from edt_core.evaluation.metrics import CUTOFF, hit_rate, ndcg
from edt_core.evaluation.ranks import Ranks64
from edt_core.events import StageAdvanced
from edt_core.stage import Context
from edt_core.training.device import name_of
from edt_core.training.meter import Meter

B = TypeVar("B")


STATE = "training.safetensors"


class Trainee(Protocol[B]):
    """A model as the loop sees it."""

    @property
    def module(self) -> nn.Module:
        """What is trained; its state is what a checkpoint holds."""

    def steps(self, epoch: int) -> Iterator[B]:
        """The batches of one epoch, a pure function of seed and epoch."""

    def losses(self, batch: B) -> tuple[dict[str, Tensor], int]:
        """The terms to minimise by name (their sum is), and the examples that they are over."""

    @property
    def asked(self) -> Ints:
        """The domain of every validation target, ``[V]``."""

    def validate(self) -> Ranks64:
        """The expected rank of every validation target, ``[V]``; empty without targets."""


@dataclass(frozen=True)
class Limits:
    """When training ends."""

    epochs: int
    patience: int
    from_start: bool = False
    """Whether the starting weights compete with those of the epochs."""


@dataclass(frozen=True)
class Run:
    """Whose training this is and whom it tells."""

    ctx: Context
    fingerprint: str
    step: str
    seed: int


@dataclass
class Progress:
    """Where training stands, apart from tensors."""

    epoch: int = 0
    """Finished epochs."""
    best_epoch: int = 0
    best_ndcg: float = -1.0
    best_hit: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)
    """Loss and validation metrics of every epoch."""


class Training(Generic[B]):
    """One training from its first step, or from where it was stopped, to its best weights."""

    def __init__(self, trainee: Trainee[B], optimizer: torch.optim.Optimizer, run: Run) -> None:
        self.trainee = trainee
        self.optimizer = optimizer
        self.run = run
        self.progress = Progress()
        self.best: dict[str, Tensor] = {}

    def fit(self, limits: Limits) -> Progress:
        """Train until the limits; the module then holds the weights of the best epoch.

        After every epoch weights, optimizer, random state and progress go to one file, so that a
        killed run goes on to the very same weights.
        Choice: without a single validation target every epoch runs and the last weights stand.

        Raises:
            EdtError: training diverged.
            RunCancelled: the user asked to stop.
        """
        path = self.run.ctx.scratch / STATE
        if path.exists():
            self._restore(path)
        elif limits.from_start:
            self.trainee.module.eval()
            self._judge(0, {}, self.trainee.validate())
        while not self._finished(limits):
            self.run.ctx.check()
            self._epoch(limits)
            self._store(path)
        self.trainee.module.load_state_dict(self.best)
        return self.progress

    def _finished(self, limits: Limits) -> bool:
        progress = self.progress
        waited = progress.epoch - progress.best_epoch
        return progress.epoch >= limits.epochs or waited >= limits.patience

    def _epoch(self, limits: Limits) -> None:
        run, epoch = self.run, self.progress.epoch + 1
        module = self.trainee.module
        rate = self.optimizer.param_groups[0]["lr"]
        meter = Meter(run.ctx, run.step, run.seed, epoch, rate, module)
        module.train()
        for batch in self.trainee.steps(epoch):
            with contextlib.suppress(StopAfterEpoch):  # heard again before the next epoch
                run.ctx.check()
            losses, examples = self.trainee.losses(batch)
            self.optimizer.zero_grad(set_to_none=True)
            total = torch.stack(list(losses.values())).sum()
            torch.autograd.backward(total)
            self.optimizer.step()
            meter.add({name: loss.detach() for name, loss in losses.items()}, examples)
        means = meter.finish()
        module.eval()
        ranks = self.trainee.validate()
        self._judge(epoch, means, ranks)
        meter.tell(_validation(ranks, self.trainee.asked))
        note = f"N@10 {self.progress.curve[-1]['ndcg']:.4f}, best {self.progress.best_ndcg:.4f}"
        run.ctx.emit(
            StageAdvanced(
                run.fingerprint,
                run.step,
                epoch,
                limits.epochs,
                "epochs",
                note if len(ranks) else "",
            )
        )

    def _judge(self, epoch: int, means: dict[str, float], ranks: Ranks64) -> None:
        progress = self.progress
        metric = ndcg(ranks, CUTOFF) if len(ranks) else 0.0
        hit = hit_rate(ranks, CUTOFF) if len(ranks) else 0.0
        progress.epoch = epoch
        progress.curve.append({**means, "ndcg": metric, "hit": hit})
        if metric > progress.best_ndcg or not len(ranks):
            progress.best_epoch, progress.best_ndcg, progress.best_hit = epoch, metric, hit
            state = self.trainee.module.state_dict()
            self.best = {name: value.detach().clone() for name, value in state.items()}

    def _store(self, path: Path) -> None:
        from safetensors.torch import save_file

        tensors = {f"now.{k}": v for k, v in self.trainee.module.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        for number, entry in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in entry.items()}
        tensors["random"] = torch.get_rng_state()
        if self.run.ctx.device == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        aside = path.with_suffix(".tmp")
        progress = {"progress": json.dumps(vars(self.progress))}
        save_file({k: v.contiguous() for k, v in tensors.items()}, aside, metadata=progress)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)

    def _restore(self, path: Path) -> None:
        from safetensors import safe_open
        from safetensors.torch import load_file

        with safe_open(path, framework="pt") as file:
            progress = json.loads(file.metadata()["progress"])
        tensors: dict[str, Tensor] = load_file(path)
        self.progress = Progress(**progress)
        device = next(self.trainee.module.parameters()).device
        self.trainee.module.load_state_dict(_under("now.", tensors))
        self.best = {k: v.to(device) for k, v in _under("best.", tensors).items()}
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _under("optimizer.", tensors).items():
            number, _, entry = name.partition(".")
            state.setdefault(int(number), {})[entry] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        torch.set_rng_state(tensors["random"])
        # begun on a processor and resumed on a GPU, there is none: it goes on from its seed's
        if self.run.ctx.device == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])


def _validation(ranks: Ranks64, asked: Ints) -> dict[str, float]:
    """The validation metrics by the names of their curves: over all, and where a domain has any."""
    parts = {"": ranks}
    parts |= {f".{domain.name.lower()}": ranks[asked == domain] for domain in Domain}
    found = {}
    for suffix, part in parts.items():
        if len(part):
            found[f"ndcg@{CUTOFF}{suffix}"] = ndcg(part, CUTOFF)
            found[f"hit@{CUTOFF}{suffix}"] = hit_rate(part, CUTOFF)
    return found


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}


def weights_of(module: nn.Module) -> dict[str, np.ndarray]:
    """A module's state as arrays on the CPU."""
    return {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}


def facts_of(progress: Progress, device: str) -> dict[str, Any]:
    """What a checkpoint says of its training, and of the machine that can change its last bits."""
    return {
        "best_epoch": progress.best_epoch,
        "best_ndcg": progress.best_ndcg,
        "best_hit": progress.best_hit,
        "epochs": progress.epoch,
        "curve": progress.curve,
        "device": name_of(device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
