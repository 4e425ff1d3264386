"""Per-user K-means side by side with scikit-learn (python benchmarks/kmeans_per_user.py).

The shape is Food-Kitchen's: 6,899 users, both domains, 10.8 distinct items each, vectors of 1,536.
Contenders take turns in every round and the ratio is taken inside a round; scikit-learn (ten
restarts, one thread) solves a sample of the jobs that need iterations and is multiplied up.
"""

import argparse
import statistics
import time

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from edt_core.data.sequences import offsets_of
from edt_core.stages.kmeans import kmeans_jobs

USERS, ITEMS, EMBEDDING, CLUSTERS = 6899, 14443, 1536, 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sample", type=int, default=60, help="jobs that scikit-learn solves")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    table = rng.standard_normal((ITEMS, EMBEDDING), dtype=np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    sizes = np.minimum(2 + rng.geometric(1 / 8.8, 2 * USERS), 50)
    offsets = offsets_of(sizes)
    rows = np.concatenate([rng.choice(ITEMS, size, replace=False) for size in sizes])
    long = np.flatnonzero(sizes > CLUSTERS)
    print(
        f"{len(sizes)} jobs, {len(long)} with more than {CLUSTERS} points, mean {sizes.mean():.1f}"
    )
    kmeans_jobs(table, rows[: offsets[200]], offsets[:201], CLUSTERS)
    ratios, inertias = [], []
    for number in range(options.rounds):
        start = time.perf_counter()
        found = kmeans_jobs(table, rows, offsets, CLUSTERS)
        ours = time.perf_counter() - start
        sample = rng.choice(long, options.sample, replace=False)
        theirs = inertia = 0.0
        with threadpool_limits(1):
            for job in sample:
                points = table[rows[offsets[job] : offsets[job + 1]]]
                start = time.perf_counter()
                inertia += KMeans(CLUSTERS, n_init=10, random_state=number).fit(points).inertia_
                theirs += time.perf_counter() - start
        theirs *= len(long) / len(sample)
        mine = sum(found.distances[offsets[j] : offsets[j + 1]].sum() for j in sample)
        ratios.append(theirs / ours)
        inertias.append(mine / inertia)
        print(f"round {number}: ours {ours:.2f} s, scikit-learn {theirs:.1f} s, "
              f"{ratios[-1]:.0f}x, inertia {inertias[-1]:.4f}")  # fmt: skip
    print(f"median {statistics.median(ratios):.0f}x ({min(ratios):.0f} to {max(ratios):.0f}), "
          f"inertia {statistics.mean(inertias):.4f} of scikit-learn's")  # fmt: skip


if __name__ == "__main__":
    main()
