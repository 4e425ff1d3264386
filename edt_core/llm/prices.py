"""What calls cost: a dated table that users can override, and the cap on spending (Table 6)."""

import asyncio
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.errors import BudgetReached, InputError
from edt_core.llm.presets import address_of, is_own_hardware

_LOOK_AGAIN = 0.02
"""Seconds between two looks at what the calls in flight left of the cap."""

Dollars = Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)]


class Price(BaseModel):
    """US dollars per million tokens, and who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Dollars
    cached_input: Dollars | None = None
    """Of prompt tokens that the service read from its cache; None: like any other."""
    output: Dollars = 0.0
    batch_discount: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """The share that a batch is cheaper by."""
    as_of: str = ""
    """When the price was read, such as ``2026-05``."""
    source: str = ""

    def of(
        self,
        prompt_tokens: int,
        completion_tokens: int = 0,
        cached_tokens: int = 0,
        *,
        batch: bool = False,
    ) -> float:
        """US dollars for one call.

        Args:
            prompt_tokens: All of the prompt's.
            completion_tokens: The answer's.
            cached_tokens: Of the prompt's, as many as the service read from its cache.
            batch: It was part of a batch.
        """
        cached = min(cached_tokens, prompt_tokens)
        cheap = self.input if self.cached_input is None else self.cached_input
        millions = (
            (prompt_tokens - cached) * self.input + cached * cheap + completion_tokens * self.output
        )
        return millions / 1e6 * (1.0 - self.batch_discount if batch else 1.0)


class Entry(Price):
    """A line of the table: whose price this is."""

    host: Annotated[str, Field(min_length=1)]
    """Pattern of the endpoint's host: one model has other prices elsewhere."""
    models: Annotated[tuple[str, ...], Field(min_length=1)]
    """Patterns of the model's name."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Literal["USD"]
    prices: tuple[Entry, ...] = ()


def price_of(settings: LlmSettings | EmbeddingSettings) -> Price | None:
    """What the settings' model costs; None where nobody says, which never means free.

    The project's own price goes first, then the user's table, then the package's. A preset for
    servers of one's own costs nothing in one's own network.

    Raises:
        InputError: the user's table can't be read.
    """
    section = "llm" if isinstance(settings, LlmSettings) else "embedding"
    if stated := _stated(settings):
        return stated
    address = address_of(section, settings)
    if is_own_hardware(settings.provider, address):
        return Price(input=0.0, source="runs on your own machines")
    host = urlsplit(address).hostname or ""
    return find_price(host, settings.model, user_entries()) or find_price(
        host, settings.model, package_entries()
    )


def find_price(host: str, model: str, entries: Sequence[Entry]) -> Price | None:
    """The first entry for the host whose pattern names the model, an exact name before others."""
    here = [entry for entry in entries if fnmatchcase(host, entry.host)]
    for entry in here:
        if model in entry.models:
            return entry
    for entry in here:
        if any(fnmatchcase(model, pattern) for pattern in entry.models):
            return entry
    return None


@cache
def package_entries() -> tuple[Entry, ...]:
    """The list prices that the package knows."""
    return read_entries((files("edt_core.llm") / "prices.toml").read_text("utf-8"), "the package")


def user_entries() -> tuple[Entry, ...]:
    """The prices of the user's own table; none without one.

    Raises:
        InputError: it can't be read.
    """
    path = user_table()
    return read_entries(path.read_text("utf-8"), str(path)) if path.is_file() else ()


def user_table() -> Path:
    """Where a user's own prices stand; the file need not exist."""
    from platformdirs import user_config_path

    return user_config_path("edt", appauthor=False) / "prices.toml"


def read_entries(text: str, name: str) -> tuple[Entry, ...]:
    """The entries of a table of prices.

    Raises:
        InputError: it is none; the message names the file and what is wrong.
    """
    try:
        return _Table.model_validate(tomllib.loads(text)).prices
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    raise InputError(
        f"The prices in {name} can't be read: {reason}.", hint="See docs/providers.md, Prices."
    )


def _stated(settings: LlmSettings | EmbeddingSettings) -> Price | None:
    """The price that the project states, where it states all that is needed."""
    if settings.price_input is None:
        return None
    if isinstance(settings, EmbeddingSettings):
        return Price(input=settings.price_input, source="the project's settings")
    if settings.price_output is None:
        return None
    return Price(
        input=settings.price_input,
        cached_input=settings.price_cached_input,
        output=settings.price_output,
        source="the project's settings",
    )


class Purse(Protocol):
    """Holds money back before a call is sent, so that no call can pass the cap."""

    async def reserve(self, text: str, max_tokens: int) -> float:
        """Hold back the most that the request can cost; raises BudgetReached."""

    def hold(self, text: str, max_tokens: int) -> float | None:
        """The same without waiting; None where it could pass the cap."""

    def owe(self, text: str, max_tokens: int) -> float:
        """The same for a request that was sent before and will be billed, cap or no cap."""

    def settle(self, reserved: float, paid: float | None) -> None:
        """Replace a reserve by what was paid; None (unknown) keeps the reserve as spent."""


class Till:
    """What one run spends, whatever it asks for, and the cap on it.

    Choice: a call that could pass the cap waits for those in flight, which mostly cost less than
    was held back for them; it is refused when none is in flight any more.
    """

    def __init__(self, cap: float | None = None) -> None:
        """A till that ends at ``cap`` US dollars; None only counts."""
        self.cap = math.inf if cap is None else cap
        self.spent = 0.0
        """US dollars; a call of unknown cost counts as the most that it can have cost."""
        self.calls = 0
        self.unknown = 0
        """Calls whose cost is not known."""
        self.held = 0.0
        """US dollars for calls in flight."""
        self._in_flight = 0

    async def reserve(self, most: float) -> float:
        """Hold back ``most`` US dollars.

        Raises:
            BudgetReached: it would pass the cap; nothing is held back.
        """
        while not self.hold(most):
            if not self._in_flight:
                raise BudgetReached(
                    f"The next call could cost ${most:.4f} and so pass the cost cap of"
                    f" ${self.cap:.2f} (${self.spent:.4f} are spent).",
                    hint="Raise the cap and run again: what is answered is kept.",
                )
            await asyncio.sleep(_LOOK_AGAIN)
        return most

    def hold(self, most: float) -> bool:
        """Hold back ``most`` US dollars, unless that could pass the cap."""
        if self.spent + self.held + most > self.cap:
            return False
        self.owe(most)
        return True

    def owe(self, most: float) -> None:
        """Hold back ``most`` US dollars whatever the cap says: they are as good as spent."""
        self.held += most
        self._in_flight += 1

    def settle(self, reserved: float, paid: float | None) -> None:
        """Replace a reserve by what was paid; an unknown sum counts as the whole reserve."""
        self._in_flight -= 1
        self.held = self.held - reserved if self._in_flight else 0.0
        self.spent += reserved if paid is None else paid
        self.calls += 1
        self.unknown += paid is None

    @property
    def total(self) -> str:
        """What was spent, for a line of progress; empty before the first call."""
        if not self.calls:
            return ""
        known = f"${self.spent:.4f}"
        return f"{known}, the cost of {self.unknown:,} calls unknown" if self.unknown else known


@dataclass(frozen=True)
class ModelPurse:
    """A till seen through one model's price; None where it is not known.

    The dearest that a call can be is its letters as tokens, one each, and an answer of full
    length: no tokenizer makes more tokens than there are bytes.
    """

    price: Price | None
    till: Till
    batch: bool = False
    """The calls go in batches."""

    async def reserve(self, text: str, max_tokens: int) -> float:
        """Hold back the most that a request of ``text`` can cost; raises BudgetReached."""
        return await self.till.reserve(self._most(text, max_tokens))

    def hold(self, text: str, max_tokens: int) -> float | None:
        """The same without waiting; None where it could pass the cap."""
        most = self._most(text, max_tokens)
        return most if self.till.hold(most) else None

    def owe(self, text: str, max_tokens: int) -> float:
        """The same for a request that will be billed, cap or no cap."""
        most = self._most(text, max_tokens)
        self.till.owe(most)
        return most

    def settle(self, reserved: float, paid: float | None) -> None:
        """Replace a reserve by what was paid."""
        self.till.settle(reserved, paid)

    def _most(self, text: str, max_tokens: int) -> float:
        tokens = len(text.encode())
        return self.price.of(tokens, max_tokens, batch=self.batch) if self.price else 0.0
