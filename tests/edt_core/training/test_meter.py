import math

import pytest
import torch

from edt_core.training import meter as measuring
from edt_core.training.meter import Meter


@pytest.fixture
def meter(run_in, tmp_path):
    module = torch.nn.Linear(2, 1, bias=False)
    module.weight.grad = torch.tensor([[3.0, 4.0]])
    return Meter(run_in(tmp_path).ctx, "pretrain", 42, 3, 0.1, module)


def test_an_epochs_mean_is_over_all_steps_and_apart_from_the_last_one(meter, told):
    meter.add({"loss": torch.tensor(1.0), "alignment": torch.tensor(0.5)}, 8)
    meter.add({"loss": torch.tensor(2.0), "alignment": torch.tensor(0.5)}, 4)
    assert meter.finish() == {"loss": 1.5, "alignment": 0.5}
    values = {event.name: event.value for event in told.events}
    assert (values["loss"], values["alignment"], values["total"]) == (2.0, 0.5, 2.5)
    assert (values["epoch_loss"], values["epoch_total"]) == (1.5, 2.0)
    assert values["learning_rate"] == 0.1
    assert values["gradient_norm"] == 5.0
    assert values["memory_mib"] > 10
    assert 0 <= values["utilisation"] <= 1
    assert {(event.seed, event.epoch, event.step) for event in told.events} == {(42, 3, 2)}


def test_quick_steps_are_not_told_one_by_one(meter, told):
    for _ in range(50):
        meter.add({"loss": torch.tensor(1.0)}, 8)
    assert len(told.events) < 10


def test_a_rate_is_of_late_and_slow_readings_are_rarer(meter, told, monkeypatch):
    clock = iter([float(meter.told) + 0.3 * step for step in range(1, 1000)])
    now = [0.0]
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: now[0])
    for examples in (30, 30, 30, 300, 30, 30, 30, 30):
        now[0] = next(clock)
        meter.add({"loss": torch.tensor(1.0)}, examples)
    rates = [event.value for event in told.events if event.name == "examples_per_second"]
    assert rates[:5] == pytest.approx([100, 100, 100, 1000, 100])
    norms = [event.step for event in told.events if event.name == "gradient_norm"]
    assert norms == [4, 8]
    assert all(math.isfinite(event.value) for event in told.events)
