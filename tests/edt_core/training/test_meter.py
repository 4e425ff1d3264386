import torch

from edt_core.training.meter import Meter


def test_the_mean_is_over_all_steps(run_in, told, tmp_path):
    meter = Meter(run_in(tmp_path).ctx, "pretrain", 42, 3, 0.1)
    meter.add({"loss": torch.tensor(1.0)}, 8)
    meter.add({"loss": torch.tensor(2.0)}, 4)
    assert meter.finish() == {"loss": 1.5}
    values = {event.name: event.value for event in told.events}
    assert values["loss"] == 1.5
    assert values["learning_rate"] == 0.1
    assert values["memory_mib"] > 10
    assert 0 <= values["utilisation"] <= 1
    assert {(event.seed, event.epoch, event.step) for event in told.events} == {(42, 3, 2)}


def test_quick_steps_are_not_told_one_by_one(run_in, told, tmp_path):
    meter = Meter(run_in(tmp_path).ctx, "pretrain", 42, 1, 0.1)
    for _ in range(50):
        meter.add({"loss": torch.tensor(1.0)}, 8)
    assert len(told.events) < 10
