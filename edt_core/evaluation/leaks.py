"""The leak check: what made a score may not have seen what the score is tested on (DESIGN 4.1).

What the types of the stages already forbid is checked again on the arrays, because a number that
one defends should not rest on types alone. Every check raises on the first finding.
"""

from dataclasses import dataclass

import numpy as np

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Flags, Ints, Sequences
from edt_core.data.split import Histories, TestTargets, ValidTargets, leave_one_out
from edt_core.errors import LeakFound
from edt_core.evaluation.candidates import Candidates, contains, distinct, extended

_HINT = "Don't use this run's numbers; import the data again and run again."


def check_split(histories: Histories, valid: ValidTargets, test: TestTargets, n_real: int) -> None:
    """Targets are real items of users who gave them up; histories hold real items alone.

    Raises:
        LeakFound: a target is generated, the targets' users differ, or a history still holds what
            leave-one-out takes out (somebody with three or more events has no target).
    """
    if not np.array_equal(valid.users, test.users) or (np.diff(test.users) <= 0).any():
        raise LeakFound("Validation and test targets belong to different users.", hint=_HINT)
    for name, items in (("validation", valid.items), ("test", test.items)):
        wrong = np.flatnonzero((items < 0) | (items >= n_real))
        if len(wrong):
            user = int(test.users[wrong[0]])
            raise LeakFound(f"The {name} target of user {user} is no real item.", hint=_HINT)
    events = histories.sequences
    if ((events.items < 0) | (events.items >= n_real)).any():
        raise LeakFound("A training history holds an item that is not real.", hint=_HINT)
    tested = np.zeros(events.n_users, dtype=bool)
    tested[test.users] = True
    whole = np.flatnonzero(~tested & (events.lengths >= 3))
    if len(whole):
        raise LeakFound(
            f"User {int(whole[0])} has three or more training events and no target: the held-out "
            "events are still in the history.",
            hint=_HINT,
        )


def check_against_raw(
    raw: Sequences, histories: Histories, valid: ValidTargets, test: TestTargets
) -> None:
    """The three parts are exactly the leave-one-out split of the raw sequences.

    Raises:
        LeakFound: an event is missing, moved, or in more than one part.
    """
    kept, second_last, last = leave_one_out(raw)
    pairs = (
        (histories.sequences.offsets, kept.sequences.offsets),
        (histories.sequences.items, kept.sequences.items),
        (valid.users, second_last.users),
        (valid.items, second_last.items),
        (test.users, last.users),
        (test.items, last.items),
    )
    if not all(np.array_equal(found, expected) for found, expected in pairs):
        raise LeakFound("The split is not the leave-one-out split of the raw data.", hint=_HINT)


def check_inputs(augmented: Sequences, generated: Flags, histories: Histories) -> None:
    """What training saw is the training history and generated items, in the same order.

    Args:
        augmented: the sequences that were trained on.
        generated: which of their events were inserted, ``[T']``.
        histories: the raw training histories.

    Raises:
        LeakFound: without the inserted events something else than the histories remains.
    """
    expected = histories.sequences
    if len(generated) == len(augmented.items) and augmented.n_users == expected.n_users:
        raw = augmented.where(~generated)
        if np.array_equal(raw.items, expected.items) and np.array_equal(
            raw.offsets, expected.offsets
        ):
            return
    raise LeakFound(
        "Without the inserted items, the sequences that were trained on are not the training "
        "histories.",
        hint=_HINT,
    )


def check_generated(augmented: Sequences, generated: Flags, n_real: int, n_new: int) -> None:
    """What was inserted is what was generated: new items, or, where there are none, real ones.

    Real ones stand there by the grounding ``nearest`` alone. Beside new items a real one can be the
    very item that its user is tested on, under another name.

    Args:
        augmented: the sequences that were trained on.
        generated: which of their events were inserted, ``[T']``.
        n_real: N.
        n_new: M.

    Raises:
        LeakFound: an inserted item is no item, or a real one beside new ones.
    """
    low, high = (n_real, n_real + n_new) if n_new else (0, n_real)
    inserted = augmented.items[generated]
    if ((inserted < low) | (inserted >= high)).any():
        raise LeakFound("An item that was inserted is none that was generated.", hint=_HINT)


def check_candidates(
    candidates: Candidates,
    histories: Histories,
    valid: ValidTargets,
    test: TestTargets,
    catalogue: Catalogue,
) -> None:
    """Negatives are distinct real items of the target's domain that the user never met.

    Raises:
        LeakFound: one is generated, from the other domain, repeated, known to the user or the
            target itself, or a user has fewer than others though the domain has more.
    """
    if not np.array_equal(candidates.users, test.users):
        raise LeakFound("The stored negatives belong to other users.", hint=_HINT)
    known = extended(histories.sequences, test.users, valid.items, test.items)
    for negatives, targets in (
        (candidates.valid_negatives, valid.items),
        (candidates.negatives, test.items),
    ):
        _check_negatives(negatives, targets, known, catalogue)


def _check_negatives(
    negatives: Ints, targets: Ints, known: Sequences, catalogue: Catalogue
) -> None:
    present = negatives >= 0
    if (negatives >= len(catalogue)).any():
        raise LeakFound("A stored negative is a generated item.", hint=_HINT)
    own = catalogue.domain[targets]
    if (present & (catalogue.domain[negatives] != own[:, None])).any():
        raise LeakFound("A stored negative is not of its target's domain.", hint=_HINT)
    rows = np.arange(len(targets))[:, None]
    ordered = np.sort(negatives, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise LeakFound("A stored negative occurs twice for one target.", hint=_HINT)
    taken = distinct(known.users() * len(catalogue) + known.items)
    if (contains(taken, rows * len(catalogue) + ordered) & (ordered >= 0)).any():
        raise LeakFound("A stored negative is known to its user or the target.", hint=_HINT)
    in_domain = catalogue.domain[taken % len(catalogue)] == own[taken // len(catalogue)]
    met = np.bincount(taken[in_domain] // len(catalogue), minlength=len(targets))
    sizes = np.bincount(catalogue.domain, minlength=2)[own] - met
    if (present.sum(axis=1) != np.minimum(negatives.shape[1], sizes)).any():
        raise LeakFound("Targets of one domain have unequal numbers of negatives.", hint=_HINT)


@dataclass(frozen=True)
class Closeness:
    """How often a generated item is, of all real ones, closest to what its user took later.

    No leak by itself: a good generator foresees. Far above chance it asks for a look at what the
    prompts contain.
    """

    items: int
    """Generated items for users and domains with a held-out item."""
    closest: int
    """How many of them are closest to a held-out item of their own user."""
    chance: float
    """The share to expect if the same items were handed to users at random."""


def closeness(
    users: Ints, nearest: Ints, item_domain: Ints, valid: ValidTargets, test: TestTargets
) -> Closeness:
    """Count the generated items whose nearest real item was held out from their own user.

    Args:
        users: the user of each generated item, ``[G]``.
        nearest: the real item that it is closest to, ``[G]``.
        item_domain: domain of the real items, ``[N]``.
        valid: the validation targets.
        test: the test targets.
    """
    n = len(item_domain)
    held_users = np.concatenate([valid.users, test.users])
    held_items = np.concatenate([valid.items, test.items])
    asked = np.isin(users * 2 + item_domain[nearest], held_users * 2 + item_domain[held_items])
    users, nearest = users[asked], nearest[asked]
    pairs = np.unique(held_users * n + held_items)
    closest = int(np.isin(users * n + nearest, pairs).sum())
    holders = np.bincount(pairs % n, minlength=n)
    in_domain = np.unique(held_users * 2 + item_domain[held_items]) % 2
    asking = np.bincount(in_domain, minlength=2)[item_domain[nearest]]
    chance = float(np.mean(holders[nearest] / asking)) if len(nearest) else 0.0
    return Closeness(len(users), closest, chance)
