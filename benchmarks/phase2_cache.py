"""An epoch of phase 2 on cached states beside the same packed code without the cache."""

import argparse

import numpy as np
import torch
from real_data import corpus, without_validation
from side_by_side import Bar, compare, timed

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.sequences import Domain, Sequences, offsets_of
from edt_core.models.layout import spans
from edt_core.training.domains import DomainStep, DomainTrainee, cached_states
from edt_core.training.shared import Corpus


def learn(
    trainee: DomainTrainee, optimizer: torch.optim.Optimizer, batch: list[DomainStep]
) -> None:
    """One step of the two adapters."""
    losses, _ = trainee.losses(batch)
    optimizer.zero_grad(set_to_none=True)
    torch.stack(list(losses.values())).sum().backward()
    optimizer.step()


def part(given: Corpus, users: np.ndarray) -> Corpus:
    """The corpus of some users."""
    lengths = given.sequences.lengths[users]
    events = spans(given.sequences.offsets[users], lengths)
    sequences = Sequences(given.sequences.items[events], offsets_of(lengths))
    return Corpus(
        sequences, sequences, given.item_domain, given.n_real, given.valid, None, given.new_vectors
    )


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="food-kitchen")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    logs = without_validation(corpus(given.data))
    settings = PretrainingSettings()
    model = logs.model(settings).eval().requires_grad_(False)
    trainee = DomainTrainee(logs, model, FineTuningSettings(), settings, 0)
    optimizer = torch.optim.AdamW(trainee.module.parameters(), lr=1e-4, fused=True)
    rng = np.random.default_rng(0)

    def cached() -> None:
        for batch in trainee.steps(1):
            learn(trainee, optimizer, batch)

    def uncached() -> None:
        """Each step reads its users' sequences with the frozen model; item vectors once."""
        table = model.items.everything()
        for users in np.array_split(
            rng.permutation(logs.sequences.n_users), logs.sequences.n_users // 512
        ):
            states = cached_states(model, table, part(logs, users), settings.max_length)
            learn(
                trainee,
                optimizer,
                [
                    DomainStep(
                        domain,
                        found.shared,
                        found.own,
                        table[found.positives],
                        table[torch.randint(0, logs.n_real, (len(found.positives),))],
                    )
                    for domain, found in zip(Domain, states, strict=True)
                ],
            )

    compare(
        f"phase-2 epoch, {given.data}, {given.threads} threads",
        "cached states",
        {"cached states": timed(cached), "frozen model run again": timed(uncached)},
        bars=(Bar("frozen model run again", 6.0),),
    )


if __name__ == "__main__":
    main()
