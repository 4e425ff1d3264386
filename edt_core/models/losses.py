"""What training minimises (3.3, 3.4.3)."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def pairwise(positive: Tensor, negative: Tensor, kind: Literal["bpr", "bce"]) -> Tensor:
    """How badly true items are told from drawn ones.

    Paper: Eq. 9 and 12, -log sigma(P(v+) - P(v-)), over every position.
    Choice: the mean over positions instead of the sum, so that the weight of Eq. 14 and the
    learning rate do not depend on how long the batch's sequences are. ``bce`` is the published
    code's loss, -log sigma(P(v+)) - log(1 - sigma(P(v-))), averaged over positions in the same way.

    Args:
        positive: Scores of the true next items, ``[P]``. P may be 0; the loss is 0 then.
        negative: Scores of the drawn items, ``[P]``.
        kind: ``bpr`` or ``bce``.

    Returns:
        A scalar.
    """
    if kind == "bpr":
        terms = functional.softplus(negative - positive)
    else:
        terms = functional.softplus(-positive) + functional.softplus(negative)
    return terms.sum() / max(len(terms), 1)


def alignment(users: Tensor, profiles: Tensor, *, temperature: float) -> Tensor:
    """Pull each user's state towards that user's written profile and away from the others'.

    Paper: Eq. 13, both sides summed. The positive is not in the denominator (the indicator
    i != j), so the loss may be negative.

    Args:
        users: u~ of Eq. 8, ``[B, d]``.
        profiles: p~, ``[B, d]``, row i for the same user. With B < 2 nobody is there to be told
            from, and the loss is 0.
        temperature: tau of Eq. 13 (not the threshold of Eq. 6).

    Returns:
        A scalar.
    """
    if len(users) < 2:
        return users.new_zeros(())
    cosine = (
        functional.normalize(users, dim=-1) @ functional.normalize(profiles, dim=-1).T
    )  # [B, B]
    logits = cosine / temperature
    positive = logits.diagonal()
    itself = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    others = logits.masked_fill(itself, -torch.inf)
    user_side = others.logsumexp(dim=1) - positive
    profile_side = others.logsumexp(dim=0) - positive
    return (user_side + profile_side).mean()
