"""The built-in demo: a fictional shop with two domains, drawn from a fixed seed.

The generating process (``docs/demo.md`` tells it with its numbers):

1. Twelve interests, each with four themes; a theme is made by two brands, in both domains, so that
   the words on the items cross the domains. Household goods belong to no interest.
2. A user has one to three interests and a favourite theme in each. One user in three moves on from
   the first interest to the last in the course of time.
3. A user buys in sessions of one theme; the theme follows the season and tends to stay. Inside a
   session a purchase often follows from the one before: the next product of the same theme, mostly
   of the same brand, in the same domain or, when the user changes the domain, its counterpart in
   the other one. Otherwise it is drawn by popularity (Zipf) from the theme or the interest.
4. One purchase in eight is noise: household goods, or anything.
5. Users are of three kinds: all purchases in one domain, nearly all of them, or mixed. Where nearly
   all are in one domain, the last one is mostly in the other: what the first domain tells of the
   user is all that helps to predict it.

Only ``Generator.random`` of PCG64 is drawn from, so that the shop is the same everywhere.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Ints, Sequences, pack
from edt_core.data.shop_users import (
    Habits,
    Shelves,
    Weights,
    domain_plan,
    popularity,
    purchases,
    tastes_of,
)
from edt_core.data.shop_words import SHOP_DOMAINS, Ware, read_vocabulary, stock


@dataclass(frozen=True)
class Shop:
    """The shop and its log, with the hidden truth that no model is shown."""

    catalogue: Catalogue
    sequences: Sequences
    timestamps: Ints
    """Unix seconds of every event, ``[T]``; ascending and without ties inside a user."""
    user_ids: list[str]
    wares: list[Ware]
    """The hidden facts of every item, by key."""
    tastes: Weights
    """Each user's share of every theme at the end of the log, ``[U, themes]``."""
    shelves: Shelves
    """What purchases are drawn from."""
    habits: Habits


def make_shop(seed: int = 2026, n_users: int = 1200, habits: Habits | None = None) -> Shop:
    """The shop of this seed: the same items, users and events on every call and machine."""
    rng = np.random.Generator(np.random.PCG64(seed))
    habits = habits or Habits()
    words = read_vocabulary()
    wares = stock(rng, words)
    shelves = Shelves(wares, popularity(rng, wares))
    rows: list[list[int]] = []
    times: list[int] = []
    tastes: list[Weights] = []
    for _ in range(n_users):
        domains = domain_plan(rng, habits)
        likes = tastes_of(rng, habits, len(words.interests))
        items, stamps = purchases(rng, habits, shelves, words.peaks, domains, likes)
        rows.append(items)
        times += stamps
        tastes.append(likes.late)
    return Shop(
        catalogue=_catalogue(wares),
        sequences=pack(rows),
        timestamps=np.array(times, dtype=np.int64),
        user_ids=[f"u{number:04}" for number in range(1, n_users + 1)],
        wares=wares,
        tastes=np.array(tastes),
        shelves=shelves,
        habits=habits,
    )


def write_shop(shop: Shop, folder: Path) -> list[Path]:
    """Write the files that ``edt import --format csv`` reads, two a domain.

    ``<domain>.inter.csv`` has the columns user_id, item_id and timestamp and is sorted by user,
    then time; ``<domain>.items.jsonl`` holds one item a line.

    Returns:
        The log of A, the items of A, the log of B, the items of B.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for domain, name in enumerate(shop.catalogue.domain_names):
        log, items = folder / f"{name}.inter.csv", folder / f"{name}.items.jsonl"
        _write_log(shop, domain, log)
        _write_items(shop.catalogue, domain, items)
        paths += [log, items]
    return paths


def _write_log(shop: Shop, domain: int, path: Path) -> None:
    keys, users = shop.sequences.items, shop.sequences.users()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["user_id", "item_id", "timestamp"])
        for row in np.flatnonzero(shop.catalogue.domain[keys] == domain):
            source_id = shop.catalogue.source_ids[keys[row]]
            writer.writerow([shop.user_ids[users[row]], source_id, shop.timestamps[row]])


def _write_items(catalogue: Catalogue, domain: int, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for key in np.flatnonzero(catalogue.domain == domain):
            text = catalogue.text(int(key))
            record = {
                "item_id": catalogue.source_ids[key],
                "title": text.title,
                "brand": text.brand,
                "date": text.date,
                "price": text.price,
                "categories": list(text.categories),
                "description": text.description,
            }
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _catalogue(wares: list[Ware]) -> Catalogue:
    numbers = [0, 0]
    source_ids = []
    for ware in wares:
        numbers[ware.domain] += 1
        source_ids.append(f"{SHOP_DOMAINS[ware.domain][0].upper()}{numbers[ware.domain]:04}")
    return Catalogue(
        domain_names=list(SHOP_DOMAINS),
        domain=np.array([ware.domain for ware in wares], dtype=np.int64),
        source_ids=source_ids,
        titles=[ware.text.title for ware in wares],
        brands=[ware.text.brand for ware in wares],
        dates=[ware.text.date for ware in wares],
        prices=[ware.text.price for ware in wares],
        categories=[list(ware.text.categories) for ware in wares],
        descriptions=[ware.text.description for ware in wares],
    )
