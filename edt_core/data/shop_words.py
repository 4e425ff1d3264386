"""The demo shop's shelves: vocabulary from ``shop.toml`` made into items with texts."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from edt_core.data.catalogue import ItemText, normalised_title

SHOP_DOMAINS = ("outdoor", "kitchen")
THEMES_EACH = 4
"""Themes of every interest; interest i has the themes 4i to 4i + 3."""
BRANDS_EACH = 4
"""Brands of every interest; a theme is made by two of them, in both domains."""

_THEME_SENTENCES = (
    "Part of the {theme} range, {purpose}.",
    "Made {purpose}.",
    "The {theme} line is {purpose}.",
)


@dataclass(frozen=True)
class Ware:
    """An item of the shop with the hidden facts that its buyers go by."""

    domain: int
    """0 or 1, as ``SHOP_DOMAINS``."""
    interest: int
    """The interest that it serves, -1 for household goods that say nothing of their buyer."""
    theme: int
    """Its theme (over all interests), -1 for household goods."""
    brand: int
    """Which of the interest's brands makes it."""
    product: int
    """Its place in the order in which the products of an interest and domain are bought."""
    refill: bool
    """Used up and bought again."""
    text: ItemText


@dataclass(frozen=True)
class Vocabulary:
    """``shop.toml`` as read."""

    generic: dict[str, Any]
    interests: list[dict[str, Any]]

    @property
    def peaks(self) -> list[int]:
        """The month (1 to 12) in which each interest sells best."""
        return [int(interest["peak"]) for interest in self.interests]


def read_vocabulary() -> Vocabulary:
    """The packaged vocabulary."""
    words = tomllib.loads(files("edt_core.data").joinpath("shop.toml").read_text("utf-8"))
    return Vocabulary(words["generic"], words["interest"])


def pick(rng: np.random.Generator, options: list[Any]) -> Any:
    """One of ``options``, all as likely."""
    return options[int(rng.random() * len(options))]


def stock(rng: np.random.Generator, words: Vocabulary, kept: float = 0.9) -> list[Ware]:
    """Every item of the shop: all of domain A, then all of B; no two titles of the shop are equal.

    Args:
        rng: only its ``random`` is used.
        words: the vocabulary.
        kept: the share of (theme, brand, product) that the shop sells, so that no shelf is regular.
    """
    titles: set[str] = set()
    wares: list[Ware] = []
    for domain in range(2):
        for interest, entry in enumerate(words.interests):
            wares += [
                _themed(rng, words, domain, interest, place, titles)
                for place in _places(entry, domain)
                if rng.random() < kept
            ]
        wares += _household(rng, words, domain, titles)
    return wares


def _places(entry: dict[str, Any], domain: int) -> list[tuple[int, int, int]]:
    """(theme, brand, product) of one interest's items in one domain."""
    products = range(len(entry[SHOP_DOMAINS[domain]]))
    return [
        (theme, (theme + step) % BRANDS_EACH, product)
        for theme in range(THEMES_EACH)
        for step in range(2)
        for product in products
    ]


def _themed(
    rng: np.random.Generator,
    words: Vocabulary,
    domain: int,
    interest: int,
    place: tuple[int, int, int],
    titles: set[str],
) -> Ware:
    entry = words.interests[interest]
    theme, brand, product = place
    products = entry[SHOP_DOMAINS[domain]]
    name, category, price, sizes, sentence = products[product]
    refill = product == len(products) - 1
    maker = entry["brands"][brand]
    theme_name, purpose = entry["themes"][theme]
    ending = "" if refill else f", {pick(rng, entry['colours'])}"
    plain = f"{pick(rng, sizes)} {name}{ending}"
    title = f"{maker} {plain}"
    # one title in ten does not name its theme, as shops forget to
    if rng.random() < 0.9 or normalised_title(title) in titles:
        title = f"{maker} {theme_name} {plain}"
    about = pick(rng, list(_THEME_SENTENCES)).format(theme=theme_name, purpose=purpose)
    description = f"{sentence} {about}" if rng.random() < 0.9 else sentence
    aisles = (SHOP_DOMAINS[domain].title(), entry[f"{SHOP_DOMAINS[domain]}_aisle"], category)
    text = _text(rng, title, maker, price, aisles, description)
    titles.add(normalised_title(title))
    return Ware(domain, interest, interest * THEMES_EACH + theme, brand, product, refill, text)


def _household(
    rng: np.random.Generator, words: Vocabulary, domain: int, titles: set[str]
) -> list[Ware]:
    """What everybody buys: every product by every household brand."""
    entry = words.generic
    wares = []
    for product, (name, category, price, sizes, sentence) in enumerate(entry[SHOP_DOMAINS[domain]]):
        for brand, maker in enumerate(entry["brands"]):
            title = f"{maker} {pick(rng, sizes)} {name}"
            aisles = (
                SHOP_DOMAINS[domain].title(),
                entry[f"{SHOP_DOMAINS[domain]}_aisle"],
                category,
            )
            text = _text(rng, title, maker, price, aisles, sentence)
            titles.add(normalised_title(title))
            wares.append(Ware(domain, -1, -1, brand, product, True, text))
    return wares


def _text(
    rng: np.random.Generator,
    title: str,
    brand: str,
    price: int,
    categories: tuple[str, ...],
    description: str,
) -> ItemText:
    """The record of an item; a few fields are missing, as they are in every real catalogue."""
    whole = int(price * (0.8 + 0.5 * rng.random()))
    date = f"{2016 + int(5 * rng.random())}-{1 + int(12 * rng.random()):02}-"
    date += f"{1 + int(28 * rng.random()):02}"
    return ItemText(
        title=title,
        brand=brand if rng.random() < 0.95 else "",
        date=date,
        price=f"${whole}.95" if rng.random() < 0.95 else "",
        categories=categories,
        description=description if rng.random() < 0.95 else "",
    )
