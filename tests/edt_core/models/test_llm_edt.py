"""The facts that hold for every backbone, and the model around them."""

import numpy as np
import pytest
import torch

from edt_core.config import PretrainingSettings
from edt_core.models.item_vectors import IdItems
from edt_core.models.layout import layout_of
from edt_core.models.llm_edt import SharedModel, encoder_of

LENGTHS = np.array([2, 4, 11, 19])
CAUSAL = ["sasrec", "gru4rec"]


class Through(torch.nn.Module):
    def forward(self, inputs, _):
        return inputs


def settings(encoder, **changes):
    return PretrainingSettings(encoder=encoder, width=8, max_length=20, dropout=0.3, **changes)


def states_and_perturbed(encoder, token):
    """States before and after noise at one token of the longest row."""
    torch.manual_seed(0)
    inputs = torch.randn(LENGTHS.sum(), 8)
    changed = inputs.clone()
    changed[token] += torch.randn(8)
    module, layout = encoder_of(encoder).eval(), layout_of(LENGTHS)
    return module(inputs, layout), module(changed, layout)


@pytest.mark.parametrize("encoder", CAUSAL)
def test_a_causal_encoder_ignores_the_future(encoder):
    token = 17 + 10  # the 11th token of the last row, which starts at token 17
    before, after = states_and_perturbed(settings(encoder), token)
    assert torch.equal(before[:token], after[:token])
    assert (before[token:] - after[token:]).abs().amax(dim=1).min() > 1e-6


@pytest.mark.parametrize(
    "chosen", [settings("bert4rec"), settings("sasrec", bidirectional=True)], ids=["bert", "switch"]
)
def test_a_bidirectional_encoder_sees_its_whole_row_and_no_other(chosen):
    before, after = states_and_perturbed(chosen, 27)
    assert torch.equal(before[:17], after[:17])
    assert (before[17:] - after[17:]).abs().amax(dim=1).min() > 1e-6


@pytest.mark.parametrize("encoder", [*CAUSAL, "bert4rec"])
def test_a_row_has_the_same_states_alone_and_among_others(encoder):
    torch.manual_seed(0)
    inputs = torch.randn(LENGTHS.sum(), 8)
    module = encoder_of(settings(encoder)).eval()
    together = module(inputs, layout_of(LENGTHS))[6:17]
    alone = module(inputs[6:17], layout_of(np.array([11])))
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("encoder", [*CAUSAL, "bert4rec"])
def test_every_weight_of_an_encoder_learns(encoder):
    module = encoder_of(settings(encoder)).train()
    states = module(torch.randn(LENGTHS.sum(), 8), layout_of(LENGTHS))
    (states * torch.randn_like(states)).sum().backward()
    still = [name for name, p in module.named_parameters() if p.grad is None]
    assert still == []


def test_sasrec_has_the_size_of_the_standard_blocks():
    module = encoder_of(PretrainingSettings())
    backbone = sum(p.numel() for n, p in module.named_parameters() if not n.startswith("positions"))
    assert backbone == 199_424  # two blocks of 99,584 and a last normalisation of 256


def test_inputs_are_scaled_by_the_root_of_the_width():
    # Eq. 8 by hand: the encoder of this model hands its inputs through
    model = SharedModel(IdItems(3, 8), settings("gru4rec"))
    model.encoder = Through()
    vectors = torch.randn(2, 8)
    layout = layout_of(np.array([2]))
    found = model.encode(vectors, layout, layout.last[:0])
    torch.testing.assert_close(found, vectors * 8**0.5)


def test_a_masked_token_hides_its_item():
    torch.manual_seed(0)
    model = SharedModel(IdItems(9, 8), settings("bert4rec")).eval()
    layout, masked = layout_of(np.array([4])), torch.tensor([2])
    vectors = torch.randn(4, 8)
    other = vectors.clone()
    other[2] = torch.randn(8)
    assert torch.equal(model.encode(vectors, layout, masked), model.encode(other, layout, masked))
    other[1] = torch.randn(8)
    assert not torch.equal(
        model.encode(vectors, layout, masked), model.encode(other, layout, masked)
    )
