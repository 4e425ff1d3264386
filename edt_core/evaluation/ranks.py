"""Where the true item stands among its competitors: one number per target (4.1.4).

Every rank here is the expected one. With equal scores in random order an item of score s stands at
``1 + better + equal / 2``, and because ``better + equal + worse = n - 1`` that is
``(n + 1 + sum of sign(score - s)) / 2`` over all n candidates, the target among them: one
subtraction, one sign and one sum, where a sort would cost ten times as much and break ties by
whatever order the items happen to stand in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edt_core.data.distinct import distinct_rows
from edt_core.data.sequences import Domain, Ints
from edt_core.errors import EdtError

if TYPE_CHECKING:  # recipes name Ranks and must not wait for torch
    from torch import Tensor

Ranks64 = NDArray[np.float64]


@dataclass(frozen=True)
class Ranks:
    """The rank of every target of one model and seed: all that tables and tests are made of.

    Rows are the validation targets by user, then the test targets by user.
    """

    split: Ints
    """0 for validation, 1 for test, ``[R]``."""
    users: Ints
    targets: Ints
    """The held-out item's key, ``[R]``."""
    domains: Ints
    """The target's domain, ``[R]``."""
    rank_full: Ranks64
    """Expected rank from 1 among every real item of the target's domain, ``[R]``."""
    candidates_full: Ints
    """How many items that are, the target among them, ``[R]``."""
    rank_sampled: Ranks64
    """Expected rank from 1 among the target and its stored negatives, ``[R]``."""


def full_ranks(
    user_vectors: "Tensor", targets: "Tensor", item_vectors: "Tensor", item_domain: "Tensor"
) -> tuple[Ranks64, Ints]:
    """Expected rank of each target among all real items of its domain, by dot product.

    Choice: items with the very same vector (the same text, say) are scored once and counted as
    often as they occur. A matrix product may round equal columns differently at its edges, and ties
    would no longer be ties.

    Args:
        user_vectors: ``[R, d]``, one row per target.
        targets: ``[R]`` item keys.
        item_vectors: ``[N, d]``, the real items by key, on the same device.
        item_domain: ``[N]``, 0 or 1.

    Returns:
        Ranks from 1 ``[R]``, and the number of candidates ``[R]``.

    Raises:
        EdtError: a vector holds a value that is no finite number.
    """
    import torch

    users, items = _finite(user_vectors), _finite(item_vectors)
    targets, item_domain = targets.to(items.device), item_domain.to(items.device)
    ranks = np.empty(len(targets))
    candidates = np.empty(len(targets), dtype=np.int64)
    for domain in Domain:
        keys = torch.nonzero(item_domain == domain)[:, 0]
        rows = torch.nonzero(item_domain[targets] == domain)[:, 0]
        places = torch.searchsorted(keys, targets[rows])
        found = rows.cpu().numpy()
        ranks[found] = _among(users[rows], places, items[keys])
        candidates[found] = len(keys)
    return ranks, candidates


def sampled_ranks(
    user_vectors: "Tensor", targets: "Tensor", item_vectors: "Tensor", negatives: "Tensor"
) -> Ranks64:
    """Expected rank of each target among itself and its own negatives, by dot product.

    Choice: a negative with the target's very vector ties with it, whatever a product's last bits
    say: those of equal rows depend on where they stand and on how many targets are scored at once.

    Args:
        user_vectors: ``[R, d]``.
        targets: ``[R]`` item keys.
        item_vectors: ``[N, d]``, on the same device.
        negatives: ``[R, n]`` item keys; -1 where there is none.

    Raises:
        EdtError: a vector holds a value that is no finite number.
    """
    import torch

    users, items = _finite(user_vectors), _finite(item_vectors)
    candidates = torch.cat([targets[:, None], negatives], dim=1).to(items.device)
    _, kind, _ = _distinct(items)
    ranks = np.empty(len(targets))
    for rows in _chunks(len(targets), candidates.shape[1] * items.shape[1], items):
        keys = candidates[rows]
        scores = torch.einsum("rcd,rd->rc", items[keys.clamp(min=0)], users[rows])
        competes = (keys >= 0) & (kind[keys] != kind[keys[:, :1]])
        signs = (scores - scores[:, :1]).sign_() * competes
        present = (keys >= 0).sum(dim=1)
        ranks[rows] = ((present + 1 + signs.sum(dim=1)) / 2).double().cpu().numpy()
    return ranks


def ranks_of(scores: NDArray[np.float64], targets: Ints, present: NDArray[np.bool_]) -> Ranks64:
    """Expected rank of one column per row, for models that give scores and no vectors.

    Args:
        scores: ``[R, n]``.
        targets: ``[R]``, the column of the true item.
        present: which columns compete, ``[R, n]`` or ``[1, n]``; the target's must.
    """
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    better = np.count_nonzero((scores > own) & present, axis=1)
    worse = np.count_nonzero((scores < own) & present, axis=1)
    ranks: Ranks64 = (present.sum(axis=1) + 1 + better - worse) / 2
    return ranks


def _among(users: "Tensor", places: "Tensor", items: "Tensor") -> Ranks64:
    """Expected ranks ``[R]`` of the items at ``places`` among all of ``items`` ``[n, d]``."""
    items, first, copies = _distinct(items)
    places = first[places]
    n = float(copies.sum())
    ranks = np.empty(len(users))
    table = items.T.contiguous()
    for rows in _chunks(len(users), len(items), items):
        scores = users[rows] @ table
        own = scores.gather(1, places[rows, None])
        signs = scores.sub_(own).sign_()
        # signs and counts are whole numbers, exact in fp32 up to 16 million items
        ranks[rows] = (n + 1 + (signs @ copies).double().cpu().numpy()) / 2
    return ranks


def _distinct(items: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
    """The distinct rows of ``items``, each row's place among them, and their counts (fp32)."""
    import torch

    # + 0.0 turns -0.0 into 0.0
    first, kind, counts = distinct_rows((items + 0.0).cpu().numpy())
    device = items.device
    return (
        items if len(first) == len(items) else items[torch.from_numpy(first).to(device)],
        torch.from_numpy(kind).to(device),
        torch.from_numpy(counts).to(device, torch.float32),
    )


def _chunks(n_rows: int, width: int, like: "Tensor") -> Iterator[slice]:
    """Slices over rows whose scores fit the processor's cache (or a modest share of a GPU)."""
    budget = 1 << (27 if like.is_cuda else 21)
    size = max(16, budget // max(1, width))
    return (slice(start, start + size) for start in range(0, n_rows, size))


def _finite(vectors: "Tensor") -> "Tensor":
    import torch

    vectors = vectors.detach().float()
    if not bool(torch.isfinite(vectors).all()):
        raise EdtError(
            "The model's vectors hold values that are no numbers, so nothing can be ranked.",
            hint="Training diverged: lower the learning rate and run again.",
        )
    return vectors
