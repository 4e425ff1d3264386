"""The same training and the same ranks on a GPU as on a CPU; skipped where there is no GPU."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from edt_core.config import FineTuningSettings
from edt_core.data.sequences import pack
from edt_core.evaluation.ranks import full_ranks
from edt_core.models.scoring import domain_adapters, restore, score_vectors
from edt_core.training.device import CUBLAS
from edt_core.training.domains import fine_tune
from edt_core.training.shared import pretrain

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="this machine has no CUDA device"
)
ENCODERS = ["sasrec", "gru4rec", "bert4rec"]
os.environ.setdefault(*CUBLAS)  # as the command line does before it takes a GPU
TUNING = FineTuningSettings(adapter_width=3, epochs=6, patience=9, learning_rate=0.05)


@pytest.fixture
def on_cuda(run_in):
    def made(folder):
        run = run_in(folder)
        return replace(run, ctx=replace(run.ctx, device="cuda"))

    return made


def ranks(corpus, settings, weights, adapters, device):
    """Full ranks of the validation targets."""
    model = corpus.model(settings)
    restore(model, weights)
    tuned = domain_adapters(settings, TUNING)
    restore(tuned, adapters)
    valid = corpus.valid
    rows = [corpus.sequences.of(user).tolist() for user in valid.users]
    found = score_vectors(
        model.to(device), tuned.to(device).eval(), pack(rows), corpus.item_domain[valid.items],
        corpus.item_domain, corpus.n_real, settings.max_length,
    )  # fmt: skip
    domain = torch.from_numpy(corpus.item_domain[: corpus.n_real])
    return full_ranks(found.users, torch.from_numpy(valid.items), found.items, domain)[0]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_ranks_on_a_gpu_are_those_on_a_cpu(text_corpus, settings, run_in, tmp_path, encoder):
    chosen = settings(encoder=encoder)
    weights, _ = pretrain(text_corpus, chosen, None, run_in(tmp_path / "one"))
    adapters, _ = fine_tune(text_corpus, weights, TUNING, chosen, run_in(tmp_path / "two"))
    on_cpu, on_gpu = (
        ranks(text_corpus, chosen, weights, adapters, device) for device in ("cpu", "cuda")
    )
    # scores that differ in their last bits may change places with a neighbour, and no further
    assert np.abs(on_cpu - on_gpu).max() <= 1
    assert (on_cpu == on_gpu).mean() > 0.9


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_killed_training_on_a_gpu_goes_on_to_the_same_bits(
    text_corpus, settings, profiles, on_cuda, told, tmp_path, encoder
):
    chosen = settings(encoder=encoder, patience=9, learning_rate=0.05)
    whole, facts = pretrain(text_corpus, chosen, profiles, on_cuda(tmp_path / "whole"))
    told.checks_left = 9
    with pytest.raises(KeyboardInterrupt):
        pretrain(text_corpus, chosen, profiles, on_cuda(tmp_path / "killed"))
    told.checks_left = -1
    resumed, again = pretrain(text_corpus, chosen, profiles, on_cuda(tmp_path / "killed"))
    assert again["curve"] == facts["curve"]
    for name, weight in whole.items():
        np.testing.assert_array_equal(resumed[name], weight, err_msg=name)


def test_a_training_begun_on_a_cpu_goes_on_on_a_gpu(
    text_corpus, settings, run_in, on_cuda, told, tmp_path
):
    chosen = settings(patience=9)
    told.checks_left = 9
    with pytest.raises(KeyboardInterrupt):
        pretrain(text_corpus, chosen, None, run_in(tmp_path / "one"))
    told.checks_left = -1
    _, facts = pretrain(text_corpus, chosen, None, on_cuda(tmp_path / "one"))
    assert facts["device"] == torch.cuda.get_device_name()
    assert facts["epochs"] == chosen.epochs


def test_a_killed_fine_tuning_on_a_gpu_goes_on_to_the_same_weights(
    text_corpus, settings, on_cuda, told, tmp_path
):
    weights, _ = pretrain(text_corpus, settings(), None, on_cuda(tmp_path / "shared"))
    whole, _ = fine_tune(text_corpus, weights, TUNING, settings(), on_cuda(tmp_path / "a"))
    told.checks_left = 7
    with pytest.raises(KeyboardInterrupt):
        fine_tune(text_corpus, weights, TUNING, settings(), on_cuda(tmp_path / "b"))
    told.checks_left = -1
    resumed, _ = fine_tune(text_corpus, weights, TUNING, settings(), on_cuda(tmp_path / "b"))
    for name, weight in whole.items():
        np.testing.assert_array_equal(resumed[name], weight, err_msg=name)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_training_on_a_gpu_learns_what_training_on_a_cpu_learns(
    text_corpus, settings, run_in, on_cuda, tmp_path, encoder
):
    """Without dropout, the losses of the first epochs agree within what bf16 rounds."""
    chosen = settings(encoder=encoder, dropout=0.0, epochs=3)
    _, on_cpu = pretrain(text_corpus, chosen, None, run_in(tmp_path / "cpu"))
    _, on_gpu = pretrain(text_corpus, chosen, None, on_cuda(tmp_path / "gpu"))
    for cpu, gpu in zip(on_cpu["curve"], on_gpu["curve"], strict=True):
        assert gpu["loss"] == pytest.approx(cpu["loss"], rel=0.02)
