from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.stages.dual_phase.fine_tuning import FineTune
from edt_core.stages.dual_phase.pretraining import Pretrain

SMALL = PretrainingSettings(width=8, max_length=7, batch_size=5, epochs=2)


def test_it_tunes_the_two_adapters_of_a_pretrained_model(given_world, tmp_path):
    inputs = [given_world.stage(name) for name in ("augmented", "catalogue", "histories", "valid")]
    embeddings = given_world.stage("embeddings")
    pretrained = Pretrain(*inputs, SMALL, 42, (embeddings,), (given_world.stage("profiles"),))
    given_world.values["pretrained"] = pretrained.compute(given_world.ctx)
    for path in tmp_path.iterdir():
        path.unlink()  # a scratch folder is a stage's own
    tuning = FineTuningSettings(adapter_width=3, epochs=2)
    stage = FineTune(given_world.stage("pretrained"), *inputs, embeddings, tuning, SMALL, seed=42)
    checkpoint = stage.compute(given_world.ctx)
    assert checkpoint.tensors["0.down.weight"].shape == (3, 8)
    assert len(checkpoint.tensors) == 8
    assert checkpoint.facts["epochs"] == 2
