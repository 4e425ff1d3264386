"""What calls cost: a small dated table, and the cap on spending (Table 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edt_core.errors import BudgetReached, UsageError


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    prompt: float
    completion: float
    asked: str
    """When the price was read from the vendor's page, such as ``2026-05``."""


PRICES: dict[str, Price] = {
    "gpt-4o": Price(2.50, 10.00, "2026-05"),
    "gpt-4o-mini": Price(0.15, 0.60, "2026-05"),
    "gpt-4.1": Price(2.00, 8.00, "2026-05"),
    "gpt-4.1-mini": Price(0.40, 1.60, "2026-05"),
    "gpt-4.1-nano": Price(0.10, 0.40, "2026-05"),
    "gpt-3.5-turbo": Price(0.50, 1.50, "2026-05"),
    "text-embedding-3-small": Price(0.02, 0.0, "2026-05"),
    "text-embedding-3-large": Price(0.13, 0.0, "2026-05"),
    "text-embedding-ada-002": Price(0.10, 0.0, "2026-05"),
}
"""List prices by exact model name. Vendors change them: what a user states goes first."""


def cost(
    model: str,
    prompt_tokens: int,
    completion_tokens: int,
    prices: Mapping[str, Price] = PRICES,
) -> float | None:
    """US dollars for one call; None, never 0, where the model's price is not known."""
    price = prices.get(model)
    if price is None:
        return None
    return (prompt_tokens * price.prompt + completion_tokens * price.completion) / 1e6


class Purse(Protocol):
    """Holds money back before a call is sent, so that no call can pass the cap."""

    def reserve(self, body: str, max_tokens: int) -> float:
        """Hold back the most that the request can cost; raises BudgetReached."""

    def settle(self, reserved: float, paid: float | None) -> None:
        """Replace a reserve by what was paid; None (unknown) keeps the reserve as spent."""


class CostCap:
    """A purse with a fixed sum.

    The dearest that a call can be is its letters as tokens, one each, and an answer of full
    length: no tokenizer makes more tokens than there are bytes.
    """

    def __init__(
        self, model: str, cap: float, spent: float = 0.0, prices: Mapping[str, Price] = PRICES
    ) -> None:
        """A purse that ends at ``cap`` US dollars, of which ``spent`` are gone.

        Raises:
            UsageError: the model's price is not known, so that no cap could hold.
        """
        if model not in prices:
            raise UsageError(
                f"No price is known for the model {model!r}, so a cost cap can't hold.",
                hint="Run without the cap, or use a model whose price is known.",
            )
        self._price = prices[model]
        self._cap = cap
        self._spent = spent

    def reserve(self, body: str, max_tokens: int) -> float:
        """Hold back the most that the request can cost.

        Raises:
            BudgetReached: it would pass the cap; nothing is held back.
        """
        most = (len(body.encode()) * self._price.prompt + max_tokens * self._price.completion) / 1e6
        if self._spent + most > self._cap:
            raise BudgetReached(
                f"The next call could pass the cost cap of ${self._cap:.2f}"
                f" (${self._spent:.4f} are spent or held back).",
                hint="Raise the cap and run again: what is answered is kept.",
            )
        self._spent += most
        return most

    def settle(self, reserved: float, paid: float | None) -> None:
        """Replace a reserve by what was paid; an unknown sum counts as the whole reserve."""
        if paid is not None:
            self._spent += paid - reserved
