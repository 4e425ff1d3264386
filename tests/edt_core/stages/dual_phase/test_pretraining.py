from dataclasses import replace

import numpy as np
import pytest

from edt_core import artifact
from edt_core.config import PretrainingSettings
from edt_core.stages.dual_phase.pretraining import Checkpoint, Pretrain

SMALL = PretrainingSettings(width=8, max_length=7, batch_size=5, epochs=2)


def stage_in(world, **changes):
    made = Pretrain(
        world.stage("augmented"),
        world.stage("catalogue"),
        world.stage("histories"),
        world.stage("valid"),
        SMALL,
        42,
        (world.stage("embeddings"),),
        (world.stage("profiles"),),
    )
    return replace(made, **changes)


def test_it_trains_adapters_and_backbone(given_world, tmp_path):
    checkpoint = stage_in(given_world).compute(given_world.ctx)
    kinds = {name.split(".")[0] for name in checkpoint.tensors}
    assert kinds == {"items", "encoder", "profile_adapter"}
    assert checkpoint.facts["epochs"] == 2
    assert {"best_epoch", "best_ndcg", "threads", "torch"} <= set(checkpoint.facts)


def test_without_profiles_and_embeddings_it_is_a_plain_baseline(given_world):
    checkpoint = stage_in(given_world, embeddings=(), profiles=()).compute(given_world.ctx)
    assert checkpoint.tensors["items.vectors.weight"].shape == (12, 8)
    assert not any(name.startswith("profile_adapter") for name in checkpoint.tensors)


def test_a_checkpoint_survives_the_disk(given_world, tmp_path):
    checkpoint = stage_in(given_world).compute(given_world.ctx)
    artifact.save(checkpoint, tmp_path / "made")
    again = artifact.load(Checkpoint, tmp_path / "made")
    assert again.facts == checkpoint.facts
    assert again.tensors.keys() == checkpoint.tensors.keys()
    assert all(np.array_equal(again.tensors[k], v) for k, v in checkpoint.tensors.items())


@pytest.mark.parametrize("change", [{"seed": 44}, {"profiles": ()}, {"embeddings": ()}])
def test_its_fingerprint_follows_what_it_is_made_of(given_world, change):
    assert stage_in(given_world, **change).fingerprint != stage_in(given_world).fingerprint
