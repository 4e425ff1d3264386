import numpy as np
import torch

from edt_core.models.gru4rec import GRU4Rec
from edt_core.models.layout import layout_of


def test_packed_states_are_those_of_each_row_alone():
    torch.manual_seed(0)
    module = GRU4Rec(6, 2, 0.4).eval()
    lengths = np.array([1, 3, 3, 7])
    inputs = torch.randn(14, 6)
    found = module(inputs, layout_of(lengths))
    wanted = [module.gru(row)[0] for row in inputs.split(lengths.tolist())]
    torch.testing.assert_close(found, torch.cat(wanted), atol=1e-6, rtol=1e-5)


def test_one_layer_has_no_dropout_between_layers():
    assert GRU4Rec(4, 1, 0.5).gru.dropout == 0.0
