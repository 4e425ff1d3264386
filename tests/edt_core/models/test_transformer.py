import math

import numpy as np
import pytest
import torch

from edt_core.models.layout import layout_of
from edt_core.models.transformer import Attention, Dropout

LENGTHS = np.array([1, 3, 9, 20])


def attention_in_numpy(module, rows, causal):
    """One head at a time, one row at a time, one position at a time."""
    weight, bias = (p.detach().numpy() for p in (module.inward.weight, module.inward.bias))
    width = rows[0].shape[1]
    size = width // module.heads
    mixed = []
    for row in rows:
        queries, keys, values = np.split(row @ weight.T + bias, 3, axis=1)
        out = np.zeros_like(row)
        for head in range(module.heads):
            part = slice(head * size, (head + 1) * size)
            for here in range(len(row)):
                seen = here + 1 if causal else len(row)
                scores = keys[:seen, part] @ queries[here, part] / math.sqrt(size)
                weights = np.exp(scores - scores.max())
                out[here, part] = weights / weights.sum() @ values[:seen, part]
        mixed.append(out)
    outward = module.outward
    return np.concatenate(mixed) @ outward.weight.detach().numpy().T + outward.bias.detach().numpy()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("heads", [1, 2])
def test_attention_in_buckets_is_attention_row_by_row(heads, causal, training):
    torch.manual_seed(0)
    module = Attention(8, heads, 0.0, causal=causal).train(training)
    tokens = torch.randn(LENGTHS.sum(), 8)
    rows = np.split(tokens.numpy(), np.cumsum(LENGTHS)[:-1])
    found = module(tokens, layout_of(LENGTHS)).detach().numpy()
    np.testing.assert_allclose(found, attention_in_numpy(module, rows, causal), atol=1e-5)


def test_dropout_of_nearly_everything_leaves_something():
    values = Dropout(0.999)(torch.ones(1000, 1000))
    assert 0 < (values > 0).float().mean().item() < 0.01
    assert abs(values.mean().item() - 1) < 0.05


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_the_share(rate):
    torch.manual_seed(0)
    values = Dropout(rate)(torch.ones(1000, 1001))
    assert abs((values == 0).float().mean().item() - rate) < 0.005
    assert abs(values.mean().item() - 1) < 0.02


def test_dropout_does_nothing_outside_of_training():
    values = torch.randn(5, 3)
    assert torch.equal(Dropout(0.5).eval()(values), values)


def test_dropout_drops_the_same_with_the_same_seed():
    torch.manual_seed(3)
    first = Dropout(0.5)(torch.ones(99))
    torch.manual_seed(3)
    assert torch.equal(first, Dropout(0.5)(torch.ones(99)))


def test_gradients_are_dropped_where_values_are():
    values = torch.ones(500, requires_grad=True)
    kept = Dropout(0.5)(values)
    kept.sum().backward()
    assert torch.equal(values.grad, kept.detach())
