import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from edt_core.errors import StopAfterEpoch
from edt_core.events import Point, StageAdvanced
from edt_core.training.loop import Limits, Training
from edt_core.training.shared import pretrain


class Scripted:
    """A module of one number that goes down by one an epoch; its ranks follow a script."""

    def __init__(self, ranks):
        self.module = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(self.module.weight)
        self.ranks = [np.array([rank]) if rank else np.zeros(0) for rank in ranks]
        self.asked = np.zeros(len(self.ranks[0]), dtype=np.int64)
        self.validated = 0

    def steps(self, epoch):
        yield epoch

    def losses(self, _):
        return {"loss": self.module.weight.sum()}, 1

    def validate(self):
        self.validated += 1
        return self.ranks[self.validated - 1]


def trained(ranks, run, epochs=9, patience=2, from_start=True):
    trainee = Scripted(ranks)
    training = Training(trainee, torch.optim.SGD(trainee.module.parameters(), lr=1.0), run)
    return training.fit(Limits(epochs, patience, from_start)), trainee.module.weight.item()


def test_the_weights_of_the_best_epoch_stand_at_the_end(run_in, tmp_path):
    progress, weight = trained([5, 3, 1, 2, 2], run_in(tmp_path))
    assert (progress.best_epoch, progress.epoch, weight) == (2, 4, -2.0)


def test_training_stops_when_patience_is_at_its_end(run_in, tmp_path):
    progress, _ = trained([9, 1, 2, 2, 2, 2], run_in(tmp_path), patience=3)
    assert progress.epoch == 4


def test_an_equal_metric_is_no_improvement(run_in, tmp_path):
    progress, weight = trained([4, 4, 4], run_in(tmp_path))
    assert (progress.best_epoch, weight) == (0, 0.0)


def test_starting_weights_compete_only_where_they_should(run_in, tmp_path):
    progress, weight = trained([1, 9, 8, 9, 9], run_in(tmp_path / "with"))
    assert (progress.best_epoch, weight) == (0, 0.0)
    progress, weight = trained([9, 8, 9, 9], run_in(tmp_path / "without"), from_start=False)
    assert (progress.best_epoch, progress.epoch, weight) == (2, 4, -2.0)


def test_without_targets_every_epoch_runs_and_the_last_weights_stand(run_in, tmp_path):
    progress, weight = trained([0] * 7, run_in(tmp_path), epochs=6)
    assert (progress.epoch, progress.best_epoch, weight) == (6, 6, -6.0)


def test_every_epoch_is_told_with_its_metric(run_in, told, tmp_path):
    trained([5, 3, 1, 2, 2], run_in(tmp_path))
    advanced = [event for event in told.events if isinstance(event, StageAdvanced)]
    assert [(event.done, event.total, event.unit) for event in advanced] == [
        (epoch, 9, "epochs") for epoch in range(1, 5)
    ]
    assert advanced[0].note == "N@10 0.5000, best 0.5000"
    points = [event for event in told.events if isinstance(event, Point) and event.epoch == 2]
    assert {point.name: point.value for point in points}["ndcg@10"] == 1.0
    losses = {"loss", "total", "epoch_loss", "epoch_total"}
    rates = {"learning_rate", "examples_per_second", "gradient_norm", "memory_mib", "utilisation"}
    metrics = {"ndcg@10", "hit@10", "ndcg@10.a", "hit@10.a"}
    assert {point.name for point in points} == losses | rates | metrics


def test_validation_is_told_by_domain_and_over_both(id_corpus, settings, run_in, told, tmp_path):
    pretrain(id_corpus, settings(), None, run_in(tmp_path))
    last = {event.name: event.value for event in told.events if isinstance(event, Point)}
    targets = id_corpus.item_domain[id_corpus.valid.items]
    share = (targets == 0).mean()
    assert 0 < share < 1
    for metric in ("ndcg@10", "hit@10"):
        parts = share * last[f"{metric}.a"] + (1 - share) * last[f"{metric}.b"]
        assert last[metric] == pytest.approx(parts)


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec", "bert4rec"])
@pytest.mark.parametrize("checks", [0, 5, 9])
def test_a_killed_run_goes_on_to_the_very_same_weights(
    text_corpus, settings, profiles, run_in, told, tmp_path, encoder, checks
):
    chosen = settings(encoder=encoder, patience=9)
    whole, facts = pretrain(text_corpus, chosen, profiles, run_in(tmp_path / "whole"))
    told.checks_left = checks
    with pytest.raises(KeyboardInterrupt):
        pretrain(text_corpus, chosen, profiles, run_in(tmp_path / "killed"))
    told.checks_left = -1
    resumed, facts_after = pretrain(text_corpus, chosen, profiles, run_in(tmp_path / "killed"))
    assert facts == facts_after
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


def test_a_resumed_run_does_not_repeat_finished_epochs(id_corpus, settings, run_in, told, tmp_path):
    told.checks_left = 11  # one before each epoch and four steps in it: stopped in the third
    with pytest.raises(KeyboardInterrupt):
        pretrain(id_corpus, settings(), None, run_in(tmp_path))
    told.events.clear()
    told.checks_left = -1
    pretrain(id_corpus, settings(), None, run_in(tmp_path))
    done = [event.done for event in told.events if isinstance(event, StageAdvanced)]
    assert done == [3, 4]


def test_a_training_asked_to_stop_after_its_epoch_finishes_and_stores_it(
    id_corpus, settings, run_in, told, tmp_path
):
    run = run_in(tmp_path)
    asked = 7  # the second step of the second epoch

    def check():
        nonlocal asked
        asked -= 1
        if asked < 0:
            raise StopAfterEpoch("Stopped as asked.")

    with pytest.raises(StopAfterEpoch):
        pretrain(id_corpus, settings(), None, replace(run, ctx=replace(run.ctx, check=check)))
    assert asked == 7 - 11
    told.events.clear()
    pretrain(id_corpus, settings(), None, run)
    done = [event.done for event in told.events if isinstance(event, StageAdvanced)]
    assert done == [3, 4]


def test_no_half_written_state_is_left_behind(id_corpus, settings, run_in, tmp_path):
    _, facts = pretrain(id_corpus, settings(), None, run_in(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["training.safetensors"]
    assert json.loads(json.dumps(facts)) == facts
