"""What surrounds a training: randomness of its own, and a full GPU in one sentence."""

import pytest
import torch

from edt_core.errors import EdtError
from edt_core.training.device import name_of, training_on


def test_a_training_draws_from_its_seed_and_leaves_the_randomness_of_before():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    drawn = []
    for _ in range(2):
        with training_on("cpu", 3):
            drawn.append(torch.rand(4).tolist())
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_full_gpu_is_named_with_what_to_do():
    fixed = torch.are_deterministic_algorithms_enabled()
    with pytest.raises(EdtError, match="memory is full") as raised, training_on("cpu", 0):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
    assert "batch_size" in raised.value.hint
    assert torch.are_deterministic_algorithms_enabled() == fixed


def test_a_checkpoint_names_the_device():
    assert name_of("cpu") == "CPU"
