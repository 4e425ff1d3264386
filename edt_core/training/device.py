"""What training on a GPU asks for beside tensors: a fixed order, plain words."""

import contextlib
import os
from collections.abc import Iterator

import torch

from edt_core.errors import EdtError

CUBLAS = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""What cuBLAS asks for before it adds in a fixed order; read once, at its first product."""


@contextlib.contextmanager
def training_on(device: str, seed: int) -> Iterator[None]:
    """Randomness of this training's own, and on a GPU kernels that add in a fixed order.

    Without them a resumed training would end at other last bits. The random state of before is
    there again afterwards.

    Raises:
        EdtError: the GPU's memory is full.
    """
    before = torch.are_deterministic_algorithms_enabled()
    if device == "cuda":
        os.environ.setdefault(*CUBLAS)
        torch.use_deterministic_algorithms(mode=True)
        # nothing here reads what it has not written; filling all of it is a seventh of a step
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        # of the one GPU that is trained on: asking every GPU for its state would wake them all
        with torch.random.fork_rng([torch.cuda.current_device()] if device == "cuda" else []):
            torch.manual_seed(seed)
            yield
    except torch.OutOfMemoryError:
        raise EdtError(
            "The GPU's memory is full.",
            hint="Use --device cpu, or a smaller pretraining.batch_size.",
        ) from None
    finally:
        torch.use_deterministic_algorithms(mode=before)


def name_of(device: str) -> str:
    """What a checkpoint calls the device that it was trained on."""
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"
