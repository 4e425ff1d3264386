import numpy as np
import pytest
import torch

from edt_core.models.adapters import DomainAdapter, EmbeddingAdapter


def arrays(module):
    return {name: value.detach().double().numpy() for name, value in module.named_parameters()}


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_eq_7_is_two_linear_maps_one_after_the_other():
    module = EmbeddingAdapter(10, 4)
    torch.nn.init.normal_(module.down.bias)
    torch.nn.init.normal_(module.up.bias)
    weights = arrays(module)
    embeddings = np.random.default_rng(0).normal(size=(6, 10)).astype(np.float32)
    wanted = []
    for embedding in embeddings:
        inner = weights["down.weight"] @ embedding + weights["down.bias"]
        wanted.append(weights["up.weight"] @ inner + weights["up.bias"])
    found = module(torch.from_numpy(embeddings)).detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_collapsed_product_has_the_gradients_of_the_two_maps():
    torch.manual_seed(0)
    module = EmbeddingAdapter(12, 5).double()
    embeddings = torch.randn(7, 12, dtype=torch.float64)
    into = torch.randn(7, 5, dtype=torch.float64)
    names = [name for name, _ in module.named_parameters()]
    collapsed = torch.autograd.grad((module(embeddings) * into).sum(), list(module.parameters()))
    plain = torch.autograd.grad(
        (module.up(module.down(embeddings)) * into).sum(), list(module.parameters())
    )
    for name, ours, theirs in zip(names, collapsed, plain, strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)


@pytest.mark.parametrize(("embedding", "parameters"), [(1536, 1_278_848), (768, 344_576)])
def test_the_item_adapter_has_the_paper_s_size(embedding, parameters):
    assert size(EmbeddingAdapter(embedding, 128)) == parameters


@pytest.mark.parametrize("kind", ["residual", "linear"])
def test_a_domain_adapter_has_the_paper_s_size(kind):
    assert size(DomainAdapter(128, 64, kind)) == 16_576


def test_a_residual_adapter_starts_as_the_identity():
    states = torch.randn(3, 8)
    assert torch.equal(DomainAdapter(8, 4, "residual")(states), states)


def test_a_residual_adapter_can_leave_the_identity():
    module = DomainAdapter(8, 4, "residual")
    module(torch.randn(5, 8)).square().sum().backward()
    assert module.up.weight.grad.abs().sum() > 0


def test_eq_10_by_its_letter():
    module = DomainAdapter(6, 3, "linear")
    weights = arrays(module)
    state = np.arange(6.0)
    inner = weights["down.weight"] @ state + weights["down.bias"]
    wanted = weights["up.weight"] @ inner + weights["up.bias"]
    found = module(torch.arange(6.0)[None])[0].detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_eq_10_with_residual_and_relu():
    module = DomainAdapter(6, 3, "residual")
    torch.nn.init.normal_(module.up.weight)
    weights = arrays(module)
    state = np.arange(6.0)
    inner = np.maximum(weights["down.weight"] @ state + weights["down.bias"], 0)
    wanted = state + weights["up.weight"] @ inner + weights["up.bias"]
    found = module(torch.arange(6.0)[None])[0].detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
