"""Evaluation side by side: 100 stored negatives, and the full ranking.

The shape is Food-Kitchen's (6,899 users, 14,443 items, mean length 21.6, d_L 1,536, d 128) with
random weights. Contenders take turns in every round, and the ratio is taken inside a round. The
slow ones see a part of the users and are multiplied up. "Released layout" is that of the paper's
code: one user after another, three threads of 200 positions, every position and the candidates of
each thread through the item adapter, negatives drawn in Python.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Sequences, offsets_of
from edt_core.data.split import leave_one_out
from edt_core.evaluation.candidates import draw, extended
from edt_core.evaluation.ranks import full_ranks, sampled_ranks
from edt_core.models.layout import layout_of
from edt_core.models.scoring import domain_adapters, model_of, score_vectors

USERS, ITEMS_A, ITEMS_B, EMBEDDING = 6899, 5977, 8466, 1536
ITEMS = ITEMS_A + ITEMS_B
PADDED = 200


@dataclass(frozen=True)
class Shop:
    """Everything that both contenders are given."""

    catalogue: Catalogue
    inputs: Sequences
    known: Sequences
    targets: np.ndarray
    embeddings: np.ndarray
    model: torch.nn.Module
    adapters: torch.nn.ModuleList


def shop() -> Shop:
    """Random sequences, embeddings and weights, from a fixed seed."""
    rng = np.random.default_rng(1)
    lengths = 7 + rng.geometric(1 / 14.6, USERS)
    popular = rng.permutation(ITEMS)
    draws = popular[(ITEMS * rng.random(lengths.sum()) ** 2).astype(np.int64)]
    histories, valid, test = leave_one_out(Sequences(draws, offsets_of(lengths)))
    texts = [""] * ITEMS
    catalogue = Catalogue(
        ["a", "b"], np.repeat([0, 1], [ITEMS_A, ITEMS_B]), texts, texts, texts, texts, texts,
        [[]] * ITEMS, texts,
    )  # fmt: skip
    torch.manual_seed(1)
    settings = PretrainingSettings()
    embeddings = rng.normal(size=(ITEMS, EMBEDDING)).astype(np.float32)
    model = model_of(settings, ITEMS, embeddings, np.empty((0, 0), np.float32), 0)
    adapters = domain_adapters(settings, FineTuningSettings())
    for parameter in adapters.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    events = histories.sequences
    return Shop(
        catalogue,
        extended(events, test.users, valid.items),
        extended(events, test.users, valid.items, test.items),
        test.items,
        embeddings,
        model.eval(),
        adapters.eval(),
    )


def vectors(given: Shop) -> tuple[torch.Tensor, torch.Tensor]:
    """User and item vectors of the whole model, both phases."""
    domains = given.catalogue.domain[given.targets]
    found = score_vectors(
        given.model, given.adapters, given.inputs, domains, given.catalogue.domain, ITEMS, PADDED
    )
    return found.users, found.items


def batched(given: Shop) -> np.ndarray:
    """Ours, from weights to ranks, the drawing of the negatives included."""
    negatives = draw(given.catalogue, given.known, given.targets, 100, (42, 1))
    users, items = vectors(given)
    return sampled_ranks(users, torch.from_numpy(given.targets), items, torch.from_numpy(negatives))


@torch.no_grad()
def one_by_one(given: Shop, rows: range, negatives: np.ndarray, *, padded: bool) -> np.ndarray:
    """One user after another; its own negatives are drawn for the time alone."""
    model, domain = given.model, given.catalogue.domain
    embeddings, adapter = torch.from_numpy(model.items.table.numpy()), model.items.adapter

    def adapt(keys: np.ndarray) -> torch.Tensor:
        return adapter.up(adapter.down(embeddings[torch.from_numpy(keys)]))

    def last_state(events: np.ndarray) -> torch.Tensor:
        filled = np.zeros(PADDED if padded else len(events), dtype=np.int64)
        filled[: len(events)] = events  # attention is causal: what lies behind is not seen
        layout = layout_of(np.array([len(filled)]), embeddings.device)
        return model.encode(adapt(filled), layout, layout.last[:0])[len(events) - 1]

    ranks = np.empty(len(rows))
    for place, row in enumerate(rows):
        target, events = given.targets[row], given.inputs.of(row)
        own = Domain(int(domain[target]))
        python_draw(set(given.known.of(row).tolist()), own)
        state = last_state(events)
        for thread in Domain if padded else (own,):
            inside = events[domain[events] == thread]
            if len(inside):
                adapted = given.adapters[thread](last_state(inside)[None])[0]
                state = state + adapted if thread == own else state
        keys = np.append(target, negatives[row])
        for _ in range(3 if padded else 1):
            scores = adapt(keys) @ state
        ranks[place] = 1 + float((scores[1:] > scores[0]).sum())
    return ranks


def python_draw(known: set[int], domain: Domain) -> list[int]:
    """Distinct negatives, drawn one at a time."""
    first, size = (0, ITEMS_A) if domain == Domain.A else (ITEMS_A, ITEMS_B)
    drawn: list[int] = []
    while len(drawn) < 100:
        key = first + random.randrange(size)
        if key not in known:
            known.add(key)
            drawn.append(key)
    return drawn


def argsort_ranks(users: torch.Tensor, targets: torch.Tensor, items: torch.Tensor) -> np.ndarray:
    """Full ranks by sorting twice, as the released code does."""
    ranks = []
    for start in range(0, len(users), 256):
        rows = slice(start, start + 256)
        scores = users[rows] @ items.T
        places = (-scores).argsort(dim=1).argsort(dim=1)
        ranks.append(1 + places.gather(1, targets[rows, None])[:, 0])
    return torch.cat(ranks).double().numpy()


def timed(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and result."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def report(name: str, ours: list[float], theirs: list[float], equal: float) -> None:
    """One line: medians, ratio within the rounds, its range."""
    ratios = sorted(slow / fast for slow, fast in zip(theirs, ours, strict=True))
    print(
        f"{name}: {statistics.median(theirs):.2f} s against {statistics.median(ours):.3f} s, "
        f"ratio {statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f}), "
        f"{equal:.2%} of ranks equal"
    )


def sampled(given: Shop, rounds: int, part: int) -> None:
    """Ours against one user after another, in both layouts."""
    negatives = draw(given.catalogue, given.known, given.targets, 100, (42, 1))
    rows = range(part)
    batched(given)
    times: dict[str, list[float]] = {"ours": [], "plain": [], "released": []}
    same: dict[str, float] = {}
    for _ in range(rounds):
        seconds, ranks = timed(lambda: batched(given))
        times["ours"].append(seconds)
        for name in ("plain", "released"):
            padded = name == "released"
            seconds, found = timed(lambda: one_by_one(given, rows, negatives, padded=padded))  # noqa: B023
            times[name].append(seconds * USERS / part)
            same[name] = float(np.mean(found == ranks[:part]))
    report("100 negatives, released layout", times["ours"], times["released"], same["released"])
    report("100 negatives, unpadded rows", times["ours"], times["plain"], same["plain"])


def full(given: Shop, rounds: int) -> None:
    """One sum of signs against two sorts."""
    with torch.no_grad():
        users, items = vectors(given)
    targets, one = torch.from_numpy(given.targets), torch.zeros(ITEMS, dtype=torch.int64)
    full_ranks(users, targets, items, one)
    ours, theirs, same = [], [], 0.0
    for _ in range(rounds):
        seconds, ranks = timed(lambda: full_ranks(users, targets, items, one)[0])
        ours.append(seconds)
        seconds, found = timed(lambda: argsort_ranks(users, targets, items))
        theirs.append(seconds)
        same = float(np.mean(found == ranks))
    report("full ranking, double argsort", ours, theirs, same)


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", type=int, default=40, help="users that the slow ones see")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    given = shop()
    lengths = given.inputs.lengths
    print(
        f"{USERS} users, {ITEMS} items, mean input {lengths.mean():.1f}, {options.threads} threads"
    )
    sampled(given, options.rounds, options.part)
    full(given, options.rounds)


if __name__ == "__main__":
    main()
