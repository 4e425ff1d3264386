from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Sequences, pack
from edt_core.data.split import Histories, leave_one_out
from edt_core.errors import LeakFound
from edt_core.evaluation import leaks
from edt_core.evaluation.candidates import Candidates, draw, extended

N_A, N_B = 30, 20
N = N_A + N_B


def catalogue():
    texts = [""] * N
    domain = np.repeat([0, 1], [N_A, N_B])
    ids = [str(key) for key in range(N)]
    return Catalogue(["a", "b"], domain, ids, texts, texts, texts, texts, [[]] * N, texts)


def candidates_for(histories, valid, test, n=25):
    known = extended(histories.sequences, test.users, valid.items, test.items)
    return Candidates(
        test.users,
        draw(catalogue(), known, test.items, n, (1, 1)),
        draw(catalogue(), known, valid.items, n, (1, 0)),
    )


def inserted(sequences, seed):
    """The sequences with generated items anywhere: old events in order, new keys from N on."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(sequences.items) + 1, 5)
    marked = np.insert(np.zeros(len(sequences.items), dtype=bool), at, True)
    users = sequences.users()
    owner = np.insert(users, at, users[np.minimum(at, len(users) - 1)])
    order = np.argsort(owner, kind="stable")
    items = np.insert(sequences.items, at, N + np.arange(5))[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=sequences.n_users))))
    return Sequences(items, offsets), marked[order]


raw_data = st.lists(
    st.lists(st.integers(0, N - 1), min_size=1, max_size=9), min_size=2, max_size=8
).filter(lambda rows: sum(len(row) >= 3 for row in rows) >= 2)


@settings(max_examples=60, deadline=None)
@given(raw_data, st.integers(0, 1000))
def test_an_honest_run_passes(rows, seed):
    raw = pack(rows)
    histories, valid, test = leave_one_out(raw)
    leaks.check_split(histories, valid, test, N)
    leaks.check_against_raw(raw, histories, valid, test)
    leaks.check_inputs(*inserted(histories.sequences, seed), histories)
    found = candidates_for(histories, valid, test)
    leaks.check_candidates(found, histories, valid, test, catalogue())


@settings(max_examples=60, deadline=None)
@given(raw_data, st.data())
def test_a_held_out_event_in_one_training_input_is_found(rows, data):
    histories, valid, test = leave_one_out(pack(rows))
    victim = data.draw(st.integers(0, len(test.users) - 1))
    held_out = data.draw(st.sampled_from([valid, test])).items[victim]
    sequences, generated = inserted(histories.sequences, 3)
    at = int(sequences.offsets[test.users[victim] + 1])
    later = np.arange(len(sequences.offsets)) > test.users[victim]
    leaky = Sequences(np.insert(sequences.items, at, held_out), sequences.offsets + later)
    with pytest.raises(LeakFound, match="not the training histories"):
        leaks.check_inputs(leaky, np.insert(generated, at, False), histories)


@settings(max_examples=40, deadline=None)
@given(raw_data, st.data())
def test_one_changed_event_is_found(rows, data):
    histories, _, _ = leave_one_out(pack(rows))
    sequences, generated = inserted(histories.sequences, 3)
    at = data.draw(st.sampled_from(np.flatnonzero(~generated).tolist()))
    items = sequences.items.copy()
    items[at] = (items[at] + 1) % N
    with pytest.raises(LeakFound):
        leaks.check_inputs(Sequences(items, sequences.offsets), generated, histories)


def test_a_real_item_among_the_inserted_is_found():
    """Such as the one that its user is tested on, whose title a language model wrote."""
    sequences, generated = pack([[1, N, 2], [3, N + 1, 4]]), np.array([False, True, False] * 2)
    leaks.check_generated(sequences, generated, N, 2)
    for wrong in (5, N + 2, -1):
        items = np.where(sequences.items == N, wrong, sequences.items)
        with pytest.raises(LeakFound, match="none that was generated"):
            leaks.check_generated(Sequences(items, sequences.offsets), generated, N, 2)
    grounded = Sequences(np.where(generated, 5, sequences.items), sequences.offsets)
    leaks.check_generated(grounded, generated, N, 0)


def test_an_event_that_moved_to_the_next_user_is_found():
    histories = Histories(pack([[1, 2], [3]]))
    with pytest.raises(LeakFound):
        leaks.check_inputs(pack([[1], [2, 3]]), np.zeros(3, dtype=bool), histories)


def test_a_user_whose_held_out_events_stayed_in_the_history_is_found():
    _, valid, test = leave_one_out(pack([[1, 2, 3], [4, 5, 6]]))
    whole = Histories(pack([[1], [4, 5, 6]]))
    valid, test = (
        replace(each, users=each.users[:1], items=each.items[:1]) for each in (valid, test)
    )
    with pytest.raises(LeakFound, match=r"User 1 .* still in the history"):
        leaks.check_split(whole, valid, test, N)


@pytest.mark.parametrize("wrong", [N, N + 7, -1])
def test_a_generated_target_is_found(wrong):
    histories, valid, test = leave_one_out(pack([[1, 2, 3]]))
    with pytest.raises(LeakFound, match="test target of user 0"):
        leaks.check_split(histories, valid, replace(test, items=np.array([wrong])), N)
    with pytest.raises(LeakFound, match="validation target of user 0"):
        leaks.check_split(histories, replace(valid, items=np.array([wrong])), test, N)


def test_a_generated_item_in_a_raw_history_is_found():
    histories, valid, test = leave_one_out(pack([[N, 2, 3]]))
    with pytest.raises(LeakFound, match="not real"):
        leaks.check_split(histories, valid, test, N)


def test_targets_of_different_users_are_found():
    histories, valid, test = leave_one_out(pack([[1, 2, 3], [1, 2, 3]]))
    with pytest.raises(LeakFound, match="different users"):
        leaks.check_split(histories, replace(valid, users=np.array([0, 2])), test, N)


def test_an_event_kept_in_two_parts_is_found_against_the_raw_data():
    raw = pack([[1, 2, 3, 4]])
    _, valid, test = leave_one_out(raw)
    with pytest.raises(LeakFound, match="leave-one-out"):
        leaks.check_against_raw(raw, Histories(pack([[1, 2, 3]])), valid, test)


SPLIT = leave_one_out(pack([[1, 2, 3, 4], [35, 36, 37, 38], [1, 2, 40]]))


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        (N + 1, "generated"),
        (45, "domain"),  # an item of B for a target in A
        (4, "known"),  # the target
        (3, "known"),  # the validation item
        (1, "known"),  # the history
        (-1, "unequal"),  # one fewer than the others
    ],
)
def test_a_planted_negative_is_found(planted, message):
    histories, valid, test = SPLIT
    found = candidates_for(histories, valid, test, n=10)
    negatives = found.negatives.copy()
    negatives[0, 4] = planted
    with pytest.raises(LeakFound, match=message):
        leaks.check_candidates(
            replace(found, negatives=negatives), histories, valid, test, catalogue()
        )


def test_a_negative_that_counts_twice_is_found():
    histories, valid, test = SPLIT
    found = candidates_for(histories, valid, test, n=10)
    negatives = found.valid_negatives.copy()
    negatives[1, 4] = negatives[1, 5]
    with pytest.raises(LeakFound, match="twice"):
        leaks.check_candidates(
            replace(found, valid_negatives=negatives), histories, valid, test, catalogue()
        )


def test_negatives_of_other_users_are_found():
    histories, valid, test = SPLIT
    found = candidates_for(histories, valid, test)
    with pytest.raises(LeakFound, match="other users"):
        leaks.check_candidates(
            replace(found, users=found.users[::-1]), histories, valid, test, catalogue()
        )


def test_foresight_is_counted_beside_chance():
    _, valid, test = SPLIT  # held out: user 0 has 3, 4; user 1 has 37, 38; user 2 has 2 and 40
    domain = catalogue().domain
    users = np.array([0, 0, 1, 2, 1])
    nearest = np.array([3, 9, 38, 41, 5])  # a hit, a miss, a hit, a miss, no held-out item in A
    found = leaks.closeness(users, nearest, domain, valid, test)
    assert (found.items, found.closest) == (4, 2)
    # 3: held out from one of the two users with a held-out item in A; 38: from one of two in B
    assert found.chance == pytest.approx((0.5 + 0 + 0.5 + 0) / 4)


def test_nothing_generated_foresees_nothing():
    _, valid, test = SPLIT
    none = np.array([], dtype=np.int64)
    assert leaks.closeness(none, none, catalogue().domain, valid, test).items == 0
