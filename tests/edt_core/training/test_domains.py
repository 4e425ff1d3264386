from dataclasses import replace

import by_hand
import numpy as np
import pytest
import torch

from edt_core.config import FineTuningSettings
from edt_core.data.sequences import Domain, pack
from edt_core.data.split import ValidTargets
from edt_core.models.scoring import restore, score_vectors
from edt_core.training.domains import DomainTrainee, fine_tune
from edt_core.training.shared import pretrain

TUNING = FineTuningSettings(adapter_width=3, epochs=3, learning_rate=0.01)


@pytest.fixture
def frozen(text_corpus, settings):
    torch.manual_seed(0)
    return text_corpus.model(settings()).eval().requires_grad_(False)


@pytest.fixture
def trainee(text_corpus, frozen, settings):
    made = DomainTrainee(text_corpus, frozen, TUNING, settings(batch_size=99), 42)
    for parameter in made.module.parameters():
        torch.nn.init.normal_(parameter)
    return made


def eq_12(corpus, frozen, adapters):
    """L_A and L_B in numpy alone, event after event; ``adapters`` are their weights."""
    weights = by_hand.weights_of(frozen)
    vectors = by_hand.item_vectors(weights, frozen.items.table.double().numpy())
    negatives = corpus.negatives.draw(np.random.default_rng([42, 1, 0]))
    losses = []
    for domain in Domain:
        terms = []
        for user in range(corpus.sequences.n_users):
            items = corpus.sequences.of(user).tolist()
            start = corpus.sequences.offsets[user]
            for place, positive in enumerate(items):
                before = items[:place]
                own = [item for item in before if corpus.item_domain[item] == domain]
                # nothing before it in the domain, or before the seven newest of the mixed sequence
                skipped = not own or place < len(items) - 6
                if corpus.item_domain[positive] != domain or skipped:
                    continue
                mixed = items[max(0, len(items) - 7) : place]
                user = by_hand.user_vector("sasrec", weights, adapters, vectors, mixed, own, domain)
                negative = negatives[start + place]
                difference = (vectors[positive] - vectors[negative]) @ user
                terms.append(np.log1p(np.exp(-difference)))
        losses.append(np.mean(terms))
    return losses


def test_eq_11_and_12_in_numpy_alone(text_corpus, frozen, trainee):
    (batch,) = trainee.steps(1)
    found, _ = trainee.losses(batch)
    wanted = eq_12(text_corpus, frozen, by_hand.weights_of(trainee.module))
    assert [found["loss_a"].item(), found["loss_b"].item()] == pytest.approx(wanted, rel=1e-4)


def test_eq_15_is_the_sum_of_both_and_its_slope_along_every_adapter_weight(
    text_corpus, frozen, trainee
):
    """What is minimised is L_A + L_B, and the gradient is that of the numpy version's slope."""
    (batch,) = trainee.steps(1)
    losses, _ = trainee.losses(batch)
    total = torch.stack(list(losses.values())).sum()
    start = by_hand.weights_of(trainee.module)
    assert total.item() == pytest.approx(sum(eq_12(text_corpus, frozen, start)), rel=1e-4)
    total.backward()
    rng = np.random.default_rng(0)
    for name, parameter in trainee.module.named_parameters():
        way = rng.normal(size=start[name].shape)
        ahead, behind = (
            sum(eq_12(text_corpus, frozen, start | {name: start[name] + step * way}))
            for step in (1e-5, -1e-5)
        )
        slope = float((parameter.grad.numpy() * way).sum())
        assert slope == pytest.approx((ahead - behind) / 2e-5, rel=2e-3, abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "learnt"),
    [([[0, 1]], [[1], []]), ([[0, 1], [15, 16]], [[1], [3]]), ([[0, 15]], [[], []])],
)
def test_a_domain_may_have_one_event_to_learn_from_or_none(
    text_corpus, frozen, settings, rows, learnt
):
    corpus = replace(text_corpus, sequences=pack(rows), histories=pack(rows))
    corpus = replace(corpus, valid=ValidTargets(*np.zeros((2, 0), dtype=np.int64)))
    trainee = DomainTrainee(corpus, frozen, TUNING, settings(), 42)
    assert [states.events.tolist() for states in trainee.states] == learnt


def test_validation_ranks_by_the_very_scores_that_evaluation_uses(text_corpus, frozen, trainee):
    from edt_core.evaluation.ranks import full_ranks

    corpus, valid = text_corpus, text_corpus.valid
    sequences = corpus.sequences
    rows = [sequences.of(user).tolist() for user in valid.users]
    vectors = score_vectors(
        frozen,
        trainee.module,
        pack(rows),
        corpus.item_domain[valid.items],
        corpus.item_domain,
        corpus.n_real,
        7,
    )
    domain = torch.from_numpy(corpus.item_domain[: corpus.n_real])
    wanted, _ = full_ranks(vectors.users, torch.from_numpy(valid.items), vectors.items, domain)
    assert trainee.validate().tolist() == wanted.tolist()


def test_only_the_two_adapters_change(text_corpus, settings, run_in, tmp_path):
    pretrained, _ = pretrain(text_corpus, settings(epochs=1), None, run_in(tmp_path / "one"))
    before = {name: value.copy() for name, value in pretrained.items()}
    tuned, _ = fine_tune(text_corpus, pretrained, TUNING, settings(), run_in(tmp_path / "two"))
    assert all(np.array_equal(before[name], pretrained[name]) for name in before)
    assert sorted(tuned) == sorted(
        f"{domain}.{layer}.{kind}"
        for domain in (0, 1)
        for layer in ("down", "up")
        for kind in ("weight", "bias")
    )


def test_frozen_parts_get_no_gradient(trainee, frozen):
    for batch in trainee.steps(1):
        sum(trainee.losses(batch)[0].values()).backward()
    assert all(parameter.grad is None for parameter in frozen.parameters())
    assert all(parameter.grad is not None for parameter in trainee.module.parameters())


def test_both_adapters_learn(text_corpus, settings, run_in, tmp_path):
    model = text_corpus.model(settings())
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    chosen = TUNING.model_copy(update={"epochs": 20, "patience": 99})
    _, facts = fine_tune(text_corpus, weights, chosen, settings(), run_in(tmp_path))
    first, last = facts["curve"][1], facts["curve"][-1]
    assert last["loss_a"] < first["loss_a"]
    assert last["loss_b"] < first["loss_b"]


def test_a_killed_fine_tuning_goes_on_to_the_very_same_weights(
    text_corpus, settings, run_in, told, tmp_path
):
    model = text_corpus.model(settings())
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    whole, facts = fine_tune(text_corpus, weights, TUNING, settings(), run_in(tmp_path / "a"))
    told.checks_left = 7
    with pytest.raises(KeyboardInterrupt):
        fine_tune(text_corpus, weights, TUNING, settings(), run_in(tmp_path / "b"))
    told.checks_left = -1
    resumed, again = fine_tune(text_corpus, weights, TUNING, settings(), run_in(tmp_path / "b"))
    assert facts == again
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("encoder", ["gru4rec", "bert4rec"])
def test_every_backbone_can_be_fine_tuned(text_corpus, settings, run_in, tmp_path, encoder):
    chosen = settings(encoder=encoder)
    model = text_corpus.model(chosen)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    restore(model, weights)
    _, facts = fine_tune(text_corpus, weights, TUNING, chosen, run_in(tmp_path))
    assert facts["epochs"] == 3
