"""The items: keys, domains, source ids and texts (3.2.2, A.1)."""

import re
from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Domain, Ints

_SEPARATORS = re.compile(r"[\W_]+")
"""Runs of characters that are no letter or digit of any script."""


@dataclass(frozen=True)
class ItemText:
    """What is known of an item; an empty text means unknown."""

    title: str = ""
    brand: str = ""
    date: str = ""
    price: str = ""
    categories: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Catalogue:
    """The real items of both domains, by key: all of A (0 to n_A - 1), then all of B.

    Lists are by key; ``categories`` holds one list of names an item.
    """

    domain_names: list[str]
    """The real names of A and B, such as ``["food", "kitchen"]``."""
    domain: Ints
    """0 for A, 1 for B, ``[N]``."""
    source_ids: list[str]
    titles: list[str]
    brands: list[str]
    dates: list[str]
    prices: list[str]
    categories: list[list[str]]
    descriptions: list[str]

    def __len__(self) -> int:
        """N, the number of real items."""
        return len(self.source_ids)

    def text(self, key: int) -> ItemText:
        """The texts of the item ``key``."""
        return ItemText(
            self.titles[key],
            self.brands[key],
            self.dates[key],
            self.prices[key],
            tuple(self.categories[key]),
            self.descriptions[key],
        )

    def keys_of(self, domain: Domain) -> Ints:
        """The keys of one domain's real items, ascending."""
        return np.flatnonzero(self.domain == domain)


def item_name(title: str, brand: str, source_id: str) -> str:
    """What people are shown for an item: its title; without one its brand and source id.

    For people alone: prompts, vectors and open formats say what is known, and no more.
    """
    return title or f"{brand} {source_id}".strip()


def normalised_title(title: str) -> str:
    """A title as it is compared: case, punctuation and white space put aside (DESIGN 4.12)."""
    return _SEPARATORS.sub(" ", title.casefold()).strip()
