import math

import numpy as np
import pytest
import torch

from edt_core.models.losses import alignment
from edt_core.training.shared import SharedTrainee, pretrain


def trainee(corpus, settings, profiles=None):
    torch.manual_seed(1)
    made = SharedTrainee(corpus, settings, profiles, 42, "cpu")
    made.module.eval()  # no dropout: the loops below know none
    return made


def test_eq_9_and_14_as_loops_over_users_and_positions(text_corpus, settings, profiles):
    chosen = settings(batch_size=99, alignment_weight=0.3, temperature=0.5)
    made = trainee(text_corpus, chosen, profiles)
    (batch,) = made.steps(1)
    losses, examples = made.losses(batch)
    negatives = made.rows.negatives.draw(np.random.default_rng([42, 1, 0]))
    vectors = made.module.items.everything().detach()
    terms, last = [], []
    for user in batch.users.tolist():
        start = text_corpus.sequences.offsets[user]
        start += max(0, len(text_corpus.sequences.of(user)) - 7)
        items = text_corpus.sequences.of(user)[-7:].tolist()
        states = _states(made.module, items)
        last.append(states[-1])
        for place, positive in enumerate(items[1:]):
            negative = negatives[start + place + 1]
            difference = states[place] @ (vectors[positive] - vectors[negative])
            terms.append(-math.log(1 / (1 + math.exp(-difference.item()))))
    assert losses["loss"].item() == pytest.approx(np.mean(terms), rel=1e-4)
    adapted = made.module.profile_adapter(made.profiles[batch.users])
    apart = alignment(torch.stack(last), adapted, temperature=0.5).item()
    averaged_over_users = sum(terms) / len(last) + 0.3 * apart
    found = (losses["loss"] + losses["alignment"]).item()
    assert found * len(terms) / len(last) == pytest.approx(averaged_over_users, rel=1e-4)
    assert examples == len(batch.users) == np.count_nonzero(text_corpus.sequences.lengths)


def _states(module, items):
    from edt_core.models.layout import layout_of

    layout = layout_of(np.array([len(items)]))
    vectors = module.items.everything()[torch.tensor(items)]
    return module.encode(vectors, layout, layout.last[:0]).detach()


def test_alignment_moves_the_backbone_and_both_adapters(text_corpus, settings, profiles):
    made = trainee(text_corpus, settings(), profiles)
    batch = next(made.steps(1))
    made.losses(batch)[0]["alignment"].backward()
    moved = {name for name, p in made.module.named_parameters() if p.grad is not None}
    assert "profile_adapter.down.weight" in moved
    assert "items.adapter.down.weight" in moved
    assert "encoder.blocks.0.attention.inward.weight" in moved


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec", "bert4rec"])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    id_corpus, settings, run_in, tmp_path, encoder
):
    chosen = settings(encoder=encoder, epochs=2)
    first, again, other = (
        pretrain(id_corpus, chosen, None, run_in(tmp_path / name, seed))[0]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_training_leaves_the_random_state_of_others_alone(id_corpus, settings, run_in, tmp_path):
    before = torch.get_rng_state()
    pretrain(id_corpus, settings(epochs=1), None, run_in(tmp_path))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("encoder", ["sasrec", "gru4rec", "bert4rec"])
def test_the_loss_falls(id_corpus, settings, run_in, tmp_path, encoder):
    chosen = settings(encoder=encoder, epochs=40, patience=99, dropout=0.0, learning_rate=0.02)
    _, facts = pretrain(id_corpus, chosen, None, run_in(tmp_path))
    losses = [entry["loss"] for entry in facts["curve"][1:]]
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_frozen_embeddings_are_no_part_of_the_weights(text_corpus, settings, run_in, tmp_path):
    weights, facts = pretrain(text_corpus, settings(epochs=1), None, run_in(tmp_path))
    assert sum(value.size for name, value in weights.items() if name.startswith("items")) == 53
    assert facts["epochs"] == 1  # 53: 6 x 3 + 3 and 3 x 8 + 8
