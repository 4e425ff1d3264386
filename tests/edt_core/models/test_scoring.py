import by_hand
import numpy as np
import pytest
import torch

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.sequences import pack
from edt_core.models.layout import layout_of
from edt_core.models.scoring import (
    continued,
    domain_adapters,
    last_states,
    model_of,
    restore,
    score_vectors,
    states_before,
)

DOMAIN = np.array([0, 0, 0, 1, 1, 1, 0, 1])  # six real items, then one generated of each domain
NO_VECTORS = np.zeros((0, 0), np.float32)
SEQUENCES = pack([[0, 3, 1, 6, 4, 2], [1, 2], [5], []])


def model(encoder="sasrec", **changes):
    torch.manual_seed(0)
    settings = PretrainingSettings(encoder=encoder, width=8, max_length=9, **changes)
    return model_of(settings, 6, None, NO_VECTORS, 2).eval()


def alone(model, items):
    """The state after these items, with a row of its own and no packing."""
    table = model.items.everything()
    hides = model.hides
    vectors = table[torch.tensor([*items, 0] if hides else items)]
    layout = layout_of(np.array([len(vectors)]))
    return model.encode(vectors, layout, layout.last if hides else layout.last[:0])[-1]


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec", "bert4rec"])
def test_a_last_state_is_the_state_after_the_whole_sequence(encoder):
    module = model(encoder)
    with torch.no_grad():
        found = last_states(module, module.items.everything(), SEQUENCES, 9)
        for row, items in enumerate([[0, 3, 1, 6, 4, 2], [1, 2], [5]]):
            torch.testing.assert_close(found[row], alone(module, items), atol=1e-5, rtol=1e-5)
    assert not found[3].any()


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec", "bert4rec"])
def test_the_state_before_an_event_knows_nothing_of_it(encoder):
    module = model(encoder)
    with torch.no_grad():
        events, found = states_before(module, module.items.everything(), SEQUENCES, 9)
        assert events.tolist() == [1, 2, 3, 4, 5, 7]
        for row, event in enumerate(events.tolist()):
            items = [1] if event == 7 else [0, 3, 1, 6, 4, 2][:event]
            torch.testing.assert_close(found[row], alone(module, items), atol=1e-5, rtol=1e-5)


def test_only_the_newest_events_are_read():
    module = model()
    table = module.items.everything()
    long = pack([[5, 4, 3, 0, 3, 1, 6, 4, 2]])
    torch.testing.assert_close(
        last_states(module, table, long, 6), last_states(module, table, SEQUENCES, 9)[:1]
    )


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec", "bert4rec"])
def test_eq_8_10_and_11_in_numpy_alone(encoder):
    module = model(encoder)
    adapters = domain_adapters(PretrainingSettings(width=8), FineTuningSettings(adapter_width=3))
    for parameter in adapters.parameters():
        torch.nn.init.normal_(parameter)
    adapters.eval()
    domains = np.array([1, 0, 1, 0])
    with torch.no_grad():
        found = score_vectors(module, adapters, SEQUENCES, domains, DOMAIN, 6, 9)
        scores = found.users @ found.items.T
    weights, tuned = by_hand.weights_of(module), by_hand.weights_of(adapters)
    table = by_hand.item_vectors(weights)
    for row, (mixed, own) in enumerate(
        [([0, 3, 1, 6, 4, 2], [3, 4]), ([1, 2], [1, 2]), ([5], [5])]
    ):
        user = by_hand.user_vector(encoder, weights, tuned, table, mixed, own, domains[row])
        np.testing.assert_allclose(scores[row].numpy(), table[:6] @ user, atol=1e-4)
    assert found.items.shape == (6, 8)


def test_a_user_without_an_event_in_the_domain_is_scored_by_the_shared_state_alone():
    module = model()
    adapters = domain_adapters(PretrainingSettings(width=8), FineTuningSettings())
    own = pack([[0, 1]])
    with_adapters = score_vectors(module, adapters, own, np.array([1]), DOMAIN, 6, 9)
    without = score_vectors(module, None, own, np.array([1]), DOMAIN, 6, 9)
    assert torch.equal(with_adapters.users, without.users)


def test_fine_tuning_starts_at_the_sum_of_both_states():
    module = model()
    adapters = domain_adapters(PretrainingSettings(width=8), FineTuningSettings())
    found = score_vectors(module, adapters, pack([[0, 1, 2]]), np.array([0]), DOMAIN, 6, 9)
    shared = score_vectors(module, None, pack([[0, 1, 2]]), np.array([0]), DOMAIN, 6, 9)
    torch.testing.assert_close(found.users, 2 * shared.users)


def test_an_extra_item_goes_to_the_end_of_the_users_sequence():
    found = continued(SEQUENCES, np.array([1, 3, 1, 3]), np.array([4, 5, -1, -1]))
    assert [found.of(row).tolist() for row in range(4)] == [[1, 2, 4], [5], [1, 2], []]


def test_restored_weights_score_alike_and_leave_the_profile_adapter_behind():
    settings = PretrainingSettings(width=8, max_length=9)
    trained = model_of(settings, 6, None, NO_VECTORS, 2, profile_embedding=10)
    weights = {name: value.numpy() for name, value in trained.state_dict().items()}
    fresh = model_of(settings, 6, None, NO_VECTORS, 2)
    restore(fresh, weights)
    domains = np.zeros(4, dtype=np.int64)
    first = score_vectors(trained, None, SEQUENCES, domains, DOMAIN, 6, 9)
    second = score_vectors(fresh, None, SEQUENCES, domains, DOMAIN, 6, 9)
    assert torch.equal(first.users, second.users)
