"""Eq. 5 side by side with one cosine call per generated item (python benchmarks/noise_filter.py).

The shape is Food-Kitchen's: 6,899 users, 21.6 events each, ten generated items a user, vectors of
1,536. Contenders take turns in every round and the ratio is taken inside a round; the slow one sees
a sample of the users and is multiplied up. Scores are compared.
"""

import argparse
import statistics
import time

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity

from edt_core.data.sequences import offsets_of
from edt_core.data.vectors import unit_rows
from edt_core.stages.augmenter.noise_filter import best_matches

USERS, ITEMS, EMBEDDING, GENERATED = 6899, 14443, 1536, 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sample", type=int, default=60, help="users that the slow one sees")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    table = rng.standard_normal((ITEMS, EMBEDDING), dtype=np.float32)
    queries = rng.standard_normal((USERS * GENERATED, EMBEDDING), dtype=np.float32)
    rows = np.repeat(np.arange(USERS), GENERATED)
    offsets = offsets_of(np.minimum(7 + rng.geometric(1 / 14.6, USERS), 50))
    keys = rng.integers(0, ITEMS, offsets[-1])
    ratios = []
    for number in range(options.rounds):
        start = time.perf_counter()
        scores, _ = best_matches(queries, rows, unit_rows(table), keys, offsets)
        ours = time.perf_counter() - start
        sample = rng.choice(USERS, options.sample, replace=False)
        start = time.perf_counter()
        slow = [
            cosine_similarity(queries[[row]], table[keys[offsets[user] : offsets[user + 1]]]).max()
            for user in sample
            for row in range(user * GENERATED, (user + 1) * GENERATED)
        ]
        theirs = (time.perf_counter() - start) * USERS / len(sample)
        mine = scores.reshape(USERS, GENERATED)[sample].ravel()
        assert np.allclose(mine, slow, atol=1e-5), "the scores differ"
        ratios.append(theirs / ours)
        print(f"round {number}: ours {ours:.2f} s, per item {theirs:.1f} s, {ratios[-1]:.0f}x")
    print(f"median {statistics.median(ratios):.0f}x ({min(ratios):.0f} to {max(ratios):.0f})")


if __name__ == "__main__":
    main()
