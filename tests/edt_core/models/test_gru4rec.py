import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from edt_core.models.gru4rec import GRU4Rec
from edt_core.models.layout import layout_of

LENGTHS = np.array([1, 3, 3, 7])


def twins(layers, dropout=0.4):
    """Ours, and torch's own stack started from the same seed."""
    torch.manual_seed(0)
    ours = GRU4Rec(6, layers, dropout)
    torch.manual_seed(0)
    torchs = nn.GRU(6, 6, layers, dropout=dropout if layers > 1 else 0.0)
    return ours, torchs


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_packed_states_are_those_of_each_row_alone_in_torchs_own_layers(layers):
    ours, torchs = twins(layers)
    inputs = torch.randn(14, 6)
    found = ours.eval()(inputs, layout_of(LENGTHS))
    wanted = [torchs.eval()(row)[0] for row in inputs.split(LENGTHS.tolist())]
    torch.testing.assert_close(found, torch.cat(wanted), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_weights_have_torchs_names_and_values_and_come_back(layers):
    ours, torchs = twins(layers)
    stored = {name.removeprefix("gru."): value for name, value in ours.state_dict().items()}
    assert stored.keys() == torchs.state_dict().keys()
    assert all(torch.equal(stored[name], value) for name, value in torchs.state_dict().items())
    other = GRU4Rec(6, layers, 0.4)
    other.load_state_dict(ours.state_dict())
    assert all(map(torch.equal, other.parameters(), ours.parameters()))


@pytest.mark.parametrize("layers", [2, 3])
def test_training_draws_the_very_masks_that_torchs_own_layers_draw_on_a_cpu(layers):
    """So that what was trained before the layers stood one by one is trained again bit by bit."""
    ours, torchs = twins(layers)
    rows = [torch.randn(length, 6) for length in LENGTHS[::-1]]
    ours.dropout.threshold = 0  # the masks of the inputs are ours, and the same before and after
    torch.manual_seed(1)
    wanted = torchs.train()(pack_sequence(rows))[0]
    torch.manual_seed(1)
    found = ours.train()(torch.cat(rows[::-1]), layout_of(LENGTHS))
    torch.testing.assert_close(
        found.split(LENGTHS.tolist())[-1], nn.utils.rnn.unpack_sequence(wanted)[0], atol=0, rtol=0
    )
