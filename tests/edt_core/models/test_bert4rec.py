"""BERT4Rec: what it sees, what it must not see, and what it is asked for."""

import by_hand
import numpy as np
import pytest
import torch

from edt_core.config import PretrainingSettings
from edt_core.data.sequences import pack
from edt_core.models.bert4rec import BERT4Rec
from edt_core.models.layout import layout_of
from edt_core.models.scoring import last_states, model_of
from edt_core.training.batches import MASKED_SHARE, TrainingRows, masked_item_rows
from edt_core.training.negatives import Negatives

NO_VECTORS = np.zeros((0, 0), np.float32)
SEQUENCES = pack([[0, 3, 1, 4, 2, 5, 1, 3], [1, 2], [5], []])
DOMAIN = np.array([0, 0, 0, 1, 1, 1])


def model(seed=0):
    torch.manual_seed(seed)
    chosen = PretrainingSettings(encoder="bert4rec", width=8, max_length=9, dropout=0.0)
    return model_of(chosen, 6, None, NO_VECTORS, 0)


def batches(epoch, sequences=SEQUENCES):
    negatives = Negatives(sequences, pack([[]] * sequences.n_users), DOMAIN, 6)
    rows = masked_item_rows(sequences, 9)
    return TrainingRows(sequences, negatives, *rows, True, 6, 99, 3, "cpu").batches(epoch)


def test_its_network_is_four_times_as_wide():
    assert BERT4Rec(8, 1, 1, 0.1, 5).blocks[0].network[0].out_features == 32


def test_a_state_depends_on_both_sides_and_on_no_other_row():
    module = model().eval()
    layout = layout_of(np.array([3, 5]))
    vectors = torch.randn(8, 8)
    before = module.encode(vectors, layout, layout.last[:0])
    for changed in (3, 7):  # the first and the last token of the second row
        other = vectors.clone()
        other[changed] += torch.randn(8)
        after = module.encode(other, layout, layout.last[:0])
        moved = (before - after).abs().amax(dim=1) > 1e-7
        assert moved.tolist() == [False] * 3 + [True] * 5


def test_no_score_of_a_training_step_depends_on_the_items_that_it_hides():
    """The gradient of the masked states with respect to a hidden item's own input is zero."""
    module = model().train()
    for epoch in range(5):
        (batch,) = batches(epoch)
        vectors = module.items(batch.keys)[batch.inputs].detach().requires_grad_()
        states = module.encode(vectors, batch.layout, batch.masked)
        (states[batch.asked] * torch.randn(len(batch.asked), 8)).sum().backward()
        hidden = torch.zeros(len(vectors), dtype=torch.bool)
        hidden[batch.masked] = True
        assert not vectors.grad[hidden].any()
        several = len(batch.masked) < len(vectors)
        assert not several or vectors.grad[~hidden].any()


def test_a_prediction_puts_the_mask_after_the_sequence():
    module = model().eval()
    with torch.no_grad():
        found = last_states(module, module.items.everything(), SEQUENCES, 9)
    weights = by_hand.weights_of(module)
    table = by_hand.item_vectors(weights)
    for user in (0, 1, 2):
        wanted = by_hand.state("bert4rec", weights, table[SEQUENCES.of(user)])
        np.testing.assert_allclose(found[user].numpy(), wanted, atol=1e-5)


def test_a_fifth_of_the_events_is_hidden_beside_the_newest():
    long = pack([[n % 6 for n in range(9)]] * 40)
    shares = []
    for epoch in range(20):
        (batch,) = batches(epoch, long)
        newest = set(batch.layout.last.tolist())
        assert newest <= set(batch.masked.tolist())
        shares.append((len(batch.masked) - 40) / (40 * 8))
    assert np.mean(shares) == pytest.approx(MASKED_SHARE, abs=0.02)
    assert len(set(shares)) > 1
