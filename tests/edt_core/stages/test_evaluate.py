from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from edt_core import artifact
from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Sequences
from edt_core.data.split import RawSequences, TestTargets, ValidTargets, leave_one_out
from edt_core.errors import LeakFound
from edt_core.evaluation.ranks import Ranks
from edt_core.events import Noted
from edt_core.models.scoring import domain_adapters, model_of
from edt_core.stage import Context, Stage, Step
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.stages.dual_phase.pretraining import Checkpoint
from edt_core.stages.embed import ItemEmbeddings
from edt_core.stages.evaluate import DrawCandidates, EvaluateCounts, EvaluateModel

N_A, N_B, NEW = 40, 30, 3
N = N_A + N_B
PRE = PretrainingSettings(width=8, layers=1, max_length=20)
TUNE = FineTuningSettings(adapter_width=4)


@dataclass(frozen=True)
class Given(Stage):
    """Stands for a stage that has run."""

    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = ""
    output: ClassVar[type] = object
    name: str

    def compute(self, ctx):
        raise AssertionError("its artifact is given")


def world(**changed):
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, 12, 30)
    raw = Sequences(rng.integers(0, N, lengths.sum()), np.concatenate([[0], np.cumsum(lengths)]))
    histories, valid, test = leave_one_out(raw)
    kept = histories.sequences
    at = np.arange(0, len(kept.items), 7)  # one generated item after each seventh event
    owner = np.insert(kept.users(), at + 1, kept.users()[at])
    augmented = Augmented(
        Sequences(
            np.insert(kept.items, at + 1, N + at % NEW),
            np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=30))]),
        ),
        np.insert(np.zeros(len(kept.items), dtype=bool), at + 1, True),
        np.insert(np.full(len(kept.items), -1), at + 1, at % NEW),
        np.array([0, 1, 0]),
        np.arange(NEW),
        rng.normal(size=(NEW, 16)).astype(np.float32),
    )
    texts = [""] * N
    catalogue = Catalogue(
        ["a", "b"], np.repeat([0, 1], [N_A, N_B]), [str(key) for key in range(N)],
        texts, texts, texts, texts, [[]] * N, texts,
    )  # fmt: skip
    embeddings = ItemEmbeddings(rng.normal(size=(N, 16)).astype(np.float32))
    torch.manual_seed(4)
    model = model_of(PRE, N, embeddings.vectors, augmented.new_vectors, NEW)
    adapters = domain_adapters(PRE, TUNE)
    for parameter in adapters.parameters():
        torch.nn.init.normal_(parameter)
    return {
        "raw": RawSequences(raw),
        "histories": histories,
        "valid": valid,
        "test": test,
        "augmented": augmented,
        "catalogue": catalogue,
        "embeddings": embeddings,
        "pretrained": Checkpoint(weights(model), {}),
        "tuned": Checkpoint(weights(adapters), {}),
    } | changed


def weights(module):
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def compute(stage, values, events=None):
    def load(source):
        return values[source.name] if isinstance(source, Given) else compute(source, values)

    return stage.compute(
        Context(
            load=load,
            scratch=Path(),
            emit=(events if events is not None else []).append,
            device="cpu",
            language_model=None,
            embedder=None,
            check=lambda: None,
        )
    )


CANDIDATES = DrawCandidates(
    Given("catalogue"), Given("histories"), Given("valid"), Given("test"), n_negatives=15, seed=42
)


def model_stage(tuned=True):
    return EvaluateModel(
        Given("pretrained"),
        (Given("tuned"),) if tuned else (),
        Given("augmented"),
        Given("catalogue"),
        Given("histories"),
        Given("valid"),
        Given("test"),
        CANDIDATES,
        (Given("embeddings"),),
        PRE,
        TUNE,
        Given("raw"),
    )


def counts_stage(model):
    return EvaluateCounts(
        model,
        Given("histories"),
        Given("catalogue"),
        Given("valid"),
        Given("test"),
        CANDIDATES,
        Given("raw"),
    )


@pytest.mark.parametrize("tuned", [False, True])
def test_ranks_equal_scoring_one_user_after_another(tuned):
    values = world()
    ranks = compute(model_stage(tuned), values)
    negatives = compute(CANDIDATES, values)
    catalogue, augmented, valid = values["catalogue"], values["augmented"], values["valid"]

    model = model_of(PRE, N, values["embeddings"].vectors, augmented.new_vectors, NEW)
    restored = {k: torch.from_numpy(v) for k, v in values["pretrained"].tensors.items()}
    model.load_state_dict(restored)
    model.eval()
    adapters = domain_adapters(PRE, TUNE)
    adapters.load_state_dict({k: torch.from_numpy(v) for k, v in values["tuned"].tensors.items()})
    domain = np.concatenate([catalogue.domain, augmented.new_domain])

    with torch.no_grad():
        table = model.items.everything()
        for row, user in enumerate(ranks.users):
            events = augmented.sequences.of(user)
            if ranks.split[row] == 1:
                place = np.flatnonzero(valid.users == user)[0]
                events = np.append(events, valid.items[place])
            own = events[domain[events] == ranks.domains[row]]
            vector = state(model, table, events)
            if tuned and len(own):
                vector = vector + adapters[ranks.domains[row]](state(model, table, own))
            scores = (table[:N] @ vector[0]).numpy()
            target = ranks.targets[row]
            keys = catalogue.keys_of(ranks.domains[row])
            assert ranks.candidates_full[row] == len(keys)
            assert ranks.rank_full[row] == 1 + (scores[keys] > scores[target]).sum()
            which = negatives.negatives if ranks.split[row] == 1 else negatives.valid_negatives
            chosen = which[np.flatnonzero(negatives.users == user)[0]]
            assert ranks.rank_sampled[row] == 1 + (scores[chosen] > scores[target]).sum()


def state(model, table, events):
    from edt_core.models.layout import layout_of

    layout = layout_of(np.array([len(events)]), table.device)
    packed = model.encode(table[torch.from_numpy(events)], layout, layout.last[:0])
    return packed[layout.last]


def test_every_model_ranks_the_same_targets():
    values = world()
    each = [compute(counts_stage(name), values) for name in ("popularity", "markov", "itemknn")]
    each.append(compute(model_stage(), values))
    for ranks in each[1:]:
        for name in ("split", "users", "targets", "domains", "candidates_full"):
            assert np.array_equal(getattr(ranks, name), getattr(each[0], name))
    assert all((ranks.rank_full >= 1).all() for ranks in each)
    assert all((ranks.rank_full <= ranks.candidates_full).all() for ranks in each)
    assert all((ranks.rank_sampled <= 16).all() for ranks in each)


def test_the_test_input_of_a_counting_model_ends_with_the_validation_item():
    values = world()
    ranks = compute(counts_stage("markov"), values)
    histories, valid = values["histories"].sequences, values["valid"]
    counts = np.bincount(histories.items, minlength=N)
    row = np.flatnonzero(ranks.split == 1)[3]
    last = valid.items[valid.users == ranks.users[row]][0]
    scores = counts / (counts.max() + 1)
    for user in range(histories.n_users):
        items = histories.of(user)
        for before, after in pairwise(items):
            scores[after] += before == last
    own = scores[values["catalogue"].keys_of(ranks.domains[row])]
    target = scores[ranks.targets[row]]
    assert ranks.rank_full[row] == 1 + (own > target).sum() + ((own == target).sum() - 1) / 2


def test_a_held_out_item_in_the_training_input_fails_the_run():
    values = world()
    augmented, test = values["augmented"], values["test"]
    at = augmented.sequences.offsets[test.users[0] + 1]
    later = np.arange(31) > test.users[0]
    leaky = Augmented(
        Sequences(
            np.insert(augmented.sequences.items, at, test.items[0]),
            augmented.sequences.offsets + later,
        ),
        np.insert(augmented.generated, at, False),
        augmented.drafts,
        augmented.new_domain,
        augmented.new_draft,
        augmented.new_vectors,
    )
    with pytest.raises(LeakFound):
        compute(model_stage(), world(augmented=leaky))


@pytest.mark.parametrize("stage", [counts_stage("popularity"), model_stage()])
def test_real_targets_that_are_not_the_last_two_events_fail_the_run(stage):
    """Test and validation exchanged: all of them real, in the domain, in no history."""
    values = world()
    valid, test = values["valid"], values["test"]
    exchanged = {
        "valid": ValidTargets(valid.users, test.items),
        "test": TestTargets(test.users, valid.items),
    }
    with pytest.raises(LeakFound, match="not the leave-one-out split"):
        compute(stage, values | exchanged)


def test_what_is_only_checked_against_enters_no_fingerprint_and_no_plan():
    assert counts_stage("markov").raw not in counts_stage("markov").inputs
    other = replace(counts_stage("markov"), raw=Given("other"))
    assert other.fingerprint == counts_stage("markov").fingerprint


def test_inserted_items_that_foresee_are_reported_and_fail_nothing():
    events = []
    compute(model_stage(), world(), events)
    notes = [event.text for event in events if isinstance(event, Noted)]
    assert len(notes) == 1
    assert "held out from their own user" in notes[0]


def test_ranks_survive_being_stored(tmp_path):
    ranks = compute(counts_stage("popularity"), world())
    artifact.save(ranks, tmp_path / "ranks")
    again = artifact.load(Ranks, tmp_path / "ranks")
    assert all(np.array_equal(value, getattr(again, name)) for name, value in vars(ranks).items())


def test_another_seed_draws_other_negatives_under_another_fingerprint():
    other = DrawCandidates(
        Given("catalogue"), Given("histories"), Given("valid"), Given("test"), 15, seed=43
    )
    assert other.fingerprint != CANDIDATES.fingerprint
    first, second = compute(CANDIDATES, world()), compute(other, world())
    assert np.array_equal(compute(CANDIDATES, world()).negatives, first.negatives)
    assert not np.array_equal(first.negatives, second.negatives)
