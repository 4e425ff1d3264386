from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.models.baselines.markov import Markov

rows = st.lists(st.lists(st.integers(0, 5), max_size=8), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(rows, rows)
def test_scores_are_transition_counts_and_popularity_behind_them(histories, inputs):
    model = Markov.fit(pack(histories), 6)
    scores = model.scores(pack(inputs), np.arange(6))
    events = [item for row in histories for item in row]
    most = max((events.count(item) for item in range(6)), default=0)
    for row, given_ in zip(scores, inputs, strict=True):
        for item in range(6):
            after = sum(
                pair == (given_[-1], item)
                for history in histories
                for pair in pairwise(history)
                if given_
            )
            assert row[item] == after + events.count(item) / (most + 1)


def test_nothing_follows_across_users():
    model = Markov.fit(pack([[0, 1], [2, 3]]), 4)
    assert model.transitions[1, 2] == 0


def test_the_last_event_may_be_of_the_other_domain():
    # 0 and 1 in A, 2 and 3 in B; after 0 came 3, though 2 is more popular
    model = Markov.fit(pack([[0, 3], [2, 2, 1]]), 4)
    scores = model.scores(pack([[2, 0]]), np.array([2, 3]))
    assert scores[0].argmax() == 1
