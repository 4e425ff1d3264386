"""What ``kill -9`` costs: runs against a paid service, killed at random moments.

A process asks a loopback service for vectors, items and profiles, out of one purse; it is killed
again and again, started again each time, and at last left to finish. Compared with a run that
nobody disturbed: the same answered rows and vectors in the store, no stored answer bought again, at
most ``concurrency`` calls repeated per kill, and every one of those on record as ``unknown``.

    python benchmarks/llm_kills.py --kills 200
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from kills import CONCURRENCY, killed  # type: ignore[import-not-found]


def main() -> None:
    """Kill, and say what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--questions", type=int, default=45, help="for each kill")
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edt-kills-") as folder:
        questions = chosen.questions * chosen.kills
        cost = killed(Path(folder), chosen.kills, questions, seed=chosen.seed)
    print(f"{cost.kills} times kill -9 in {cost.seconds:.0f} s, {cost.questions:,} questions")
    print(f"same answered rows and vectors in the store as without a kill: {cost.same}")
    print(f"stored answers bought again: {cost.bought_again}")
    print(
        f"requests repeated: {cost.repeated} (ceiling, kills x concurrency:"
        f" {cost.kills * CONCURRENCY}); calls on record as unknown: {cost.unknown} {cost.steps}"
    )
    print(f"files that hold the key: {cost.leaks}")


if __name__ == "__main__":
    main()
