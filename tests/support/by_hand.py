"""The models once more in numpy alone, one row after another, from nothing but stored weights.

Nothing of the code under test runs here, so that an equation's test does not take its own answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy.special import erf, expit

Weights = Mapping[str, Any]
Encoder = Literal["sasrec", "gru4rec", "bert4rec"]


def weights_of(module: Any) -> dict[str, np.ndarray]:
    """A module's weights in double precision."""
    state = module.state_dict().items()
    return {name: value.detach().cpu().double().numpy() for name, value in state}


def linear(weights: Weights, name: str, rows: np.ndarray) -> np.ndarray:
    return rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def item_vectors(weights: Weights, embeddings: np.ndarray | None = None) -> np.ndarray:
    """Eq. 7, e~ = W1 (W2 e + b2) + b1; or the trained vectors themselves."""
    if embeddings is None:
        return weights["items.vectors.weight"]
    return linear(weights, "items.adapter.up", linear(weights, "items.adapter.down", embeddings))


def state(encoder: Encoder, weights: Weights, vectors: np.ndarray) -> np.ndarray:
    """Eq. 8, u~ = f(S): the state that predicts what follows these item vectors ``[L, d]``."""
    inputs = vectors * np.sqrt(vectors.shape[1])
    if encoder == "gru4rec":
        return gru(weights, inputs)[-1]
    if encoder == "bert4rec":  # a mask stands where the next item would
        inputs = np.concatenate([inputs, weights["mask"][None]])
    tokens = inputs + weights["encoder.positions.weight"][: len(inputs)]
    number = 0
    while f"encoder.blocks.{number}.before_attention.weight" in weights:
        tokens = block(weights, f"encoder.blocks.{number}", tokens, causal=encoder == "sasrec")
        number += 1
    return normalised(weights, "encoder.after", tokens)[-1]


def block(weights: Weights, name: str, tokens: np.ndarray, *, causal: bool) -> np.ndarray:
    """One pre-LN block with a single head; ReLU where attention is causal, else GELU."""
    width = tokens.shape[1]
    inward = linear(
        weights, f"{name}.attention.inward", normalised(weights, f"{name}.before_attention", tokens)
    )
    queries, keys, values = inward[:, :width], inward[:, width : 2 * width], inward[:, 2 * width :]
    scores = queries @ keys.T / np.sqrt(width)
    if causal:
        scores = np.where(np.tri(len(tokens), dtype=bool), scores, -np.inf)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    mixed = shares / shares.sum(axis=1, keepdims=True) @ values
    tokens = tokens + linear(weights, f"{name}.attention.outward", mixed)
    hidden = linear(
        weights, f"{name}.network.0", normalised(weights, f"{name}.before_network", tokens)
    )
    active = np.maximum(hidden, 0) if causal else hidden * (1 + erf(hidden / np.sqrt(2))) / 2
    return tokens + linear(weights, f"{name}.network.3", active)


def normalised(weights: Weights, name: str, rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return centred / size * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gru(weights: Weights, inputs: np.ndarray) -> np.ndarray:
    """All states of stacked gated recurrent layers."""
    layer = 0
    while f"encoder.gru.weight_ih_l{layer}" in weights:
        of_input, of_state, input_bias, state_bias = (
            weights[f"encoder.gru.{part}_l{layer}"]
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        hidden, states = np.zeros(inputs.shape[1]), []
        for row in inputs:
            from_input = np.split(of_input @ row + input_bias, 3)
            from_state = np.split(of_state @ hidden + state_bias, 3)
            reset = expit(from_input[0] + from_state[0])
            update = expit(from_input[1] + from_state[1])
            new = np.tanh(from_input[2] + reset * from_state[2])
            hidden = (1 - update) * new + update * hidden
            states.append(hidden)
        inputs = np.array(states)
        layer += 1
    return inputs


def adapted(weights: Weights, domain: int, own: np.ndarray) -> np.ndarray:
    """Eq. 10 with the residual: u^X = h + W3 relu(W4 h + b4) + b3."""
    hidden = np.maximum(linear(weights, f"{domain}.down", own[None]), 0)
    return own + linear(weights, f"{domain}.up", hidden)[0]


def user_vector(
    encoder: Encoder,
    weights: Weights,
    adapters: Weights,
    table: np.ndarray,
    mixed: Sequence[int],
    own: Sequence[int],
    domain: int,
) -> np.ndarray:
    """What Eq. 11 multiplies an item with: u^X + u~."""
    shared = state(encoder, weights, table[list(mixed)])
    return shared + adapted(adapters, domain, state(encoder, weights, table[list(own)]))
