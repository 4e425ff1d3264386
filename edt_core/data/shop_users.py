"""The demo shop's users: what they like, and what they buy when."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from edt_core.data.sequences import Flags, Ints
from edt_core.data.shop_words import BRANDS_EACH, THEMES_EACH, Ware

Weights = NDArray[np.float64]
Shelf = tuple[Ints, Weights]
"""Item keys, and how each of them draws buyers."""

OPENING = int(datetime(2021, 1, 1, tzinfo=UTC).timestamp())
"""No event is older, in unix seconds."""
DAYS_OPEN = 4 * 365
DAY = 86_400


@dataclass(frozen=True)
class Habits:
    """How the shop's users behave; every field is a probability or a share."""

    noise: float = 0.12
    """Purchases that have nothing to do with the user: household goods or anything."""
    follow: float = 0.5
    """Other purchases inside a session that follow from the one before."""
    wander: float = 0.25
    """The remaining purchases that leave the session's theme, though not its interest."""
    favourite: float = 0.6
    """Sessions in the favourite theme of their interest."""
    leave: float = 0.42
    """Purchases after which the session ends."""
    stay: float = 0.45
    """Sessions in the theme of the one before."""
    move_on: float = 1 / 3
    """Users whose first interest becomes their last in the course of time."""
    single: float = 0.46
    """Users who buy in one domain alone."""
    skewed: float = 0.31
    """Users with one to three purchases in their other domain; the rest of the users is mixed."""
    crossing: float = 0.65
    """Skewed users whose last purchase is in their other domain."""
    outdoor: float = 0.62
    """Users whose main domain is the first one."""


@dataclass(frozen=True)
class Tastes:
    """One user's share of every theme at the start and at the end of the log, each ``[themes]``."""

    early: Weights
    late: Weights


class Shelves:
    """What a purchase can be drawn from: lists by domain, then by interest, theme or item."""

    def __init__(self, wares: list[Ware], popularity: Weights) -> None:
        self.wares = wares
        self.popularity = popularity
        self.refill = np.array([ware.refill for ware in wares])
        domain = np.array([ware.domain for ware in wares])
        theme = np.array([ware.theme for ware in wares])
        interest = np.array([ware.interest for ware in wares])
        themes, interests = range(int(theme.max()) + 1), range(int(interest.max()) + 1)
        inside = [domain == 0, domain == 1]
        self.everything = [self._shelf(here) for here in inside]
        self.household = [self._shelf(here & (theme < 0)) for here in inside]
        self.of_interest = [
            [self._shelf(here & (interest == i)) for i in interests] for here in inside
        ]
        self.of_theme = [[self._shelf(here & (theme == t)) for t in themes] for here in inside]
        self.after = [[self._after(ware, d) for ware in wares] for d in range(2)]

    def _shelf(self, on_it: Flags) -> Shelf:
        keys = np.flatnonzero(on_it)
        return keys, self.popularity[keys]

    def _after(self, ware: Ware, domain: int) -> Shelf:
        """What follows ``ware`` in ``domain``: the same theme, one or two products further on.

        In the other domain the order starts at the ware's counterpart. Its own brand is preferred.
        """
        if ware.theme < 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        keys = self.of_theme[domain][ware.theme][0]
        weights = np.zeros(len(keys))
        n_products = 1 + max((self.wares[key].product for key in keys), default=0)
        first = ware.product + (domain == ware.domain)
        for row, key in enumerate(keys):
            step = (self.wares[key].product - first) % n_products
            if step < 2:
                same_brand = self.wares[key].brand == ware.brand
                weights[row] = (4.0, 1.0)[step] * (3.0 if same_brand else 1.0)
        return keys[weights > 0], weights[weights > 0]


def popularity(rng: np.random.Generator, wares: list[Ware]) -> Weights:
    """How an item draws buyers, ``[N]``: Zipf by its product, times its brand's, times its own.

    Products are ranked inside their interest and domain, brands inside their interest: what sells
    is for the most part written on it.
    """
    n_products: dict[tuple[int, int], int] = {}
    for ware in wares:
        shelf = (ware.domain, ware.interest)
        n_products[shelf] = max(n_products.get(shelf, 0), ware.product + 1)
    by_product = {shelf: _zipf(rng, number) for shelf, number in n_products.items()}
    by_brand = {interest: _zipf(rng, BRANDS_EACH) for _, interest in n_products}
    return np.array(
        [
            by_product[ware.domain, ware.interest][ware.product]
            * by_brand[ware.interest][ware.brand]
            * (0.75 + 0.5 * rng.random())
            for ware in wares
        ]
    )


def _zipf(rng: np.random.Generator, number: int) -> Weights:
    """1 / rank for ``number`` things in a random order."""
    ranks = sorted(range(1, number + 1), key=lambda _: rng.random())
    return 1.0 / np.array(ranks)


def domain_plan(rng: np.random.Generator, habits: Habits) -> list[int]:
    """The domain of every purchase of one user, oldest first; three purchases at least."""
    main = int(rng.random() >= habits.outdoor)
    kind = rng.random()
    if kind < habits.single:
        return [main] * _length(rng, 3, 0.83)
    if kind < habits.single + habits.skewed:
        plan = [main] * _length(rng, 7, 0.86)
        others = 1 + _draw(rng, np.array([0.35, 0.45, 0.2]))
        if rng.random() < habits.crossing:
            plan[-1], others = 1 - main, others - 1
        for _ in range(others):
            plan[int(rng.random() * (len(plan) - 1))] = 1 - main
        return plan
    share = 0.5 + 0.4 * rng.random()  # of the main domain
    mixed: list[int] = []
    for _ in range(_length(rng, 4, 0.86)):
        if mixed and rng.random() < 0.4:
            mixed.append(mixed[-1])
        else:
            mixed.append(main if rng.random() < share else 1 - main)
    return mixed


def tastes_of(rng: np.random.Generator, habits: Habits, n_interests: int) -> Tastes:
    """One to three interests, the first the strongest, each with a favourite theme."""
    fashion = 1.0 / np.sqrt(np.arange(1, n_interests + 1))
    chosen: list[int] = []
    for _ in range(1 + _draw(rng, np.array([0.4, 0.4, 0.2]))):
        chosen.append(_draw(rng, fashion))
        fashion[chosen] = 0.0
    shares = [4.0, 2.0, 1.0][: len(chosen)]
    later = shares[::-1] if rng.random() < habits.move_on else shares
    early, late = np.zeros((2, n_interests * THEMES_EACH))
    for interest, share, later_share in zip(chosen, shares, later, strict=True):
        themes = np.full(THEMES_EACH, (1.0 - habits.favourite) / (THEMES_EACH - 1))
        themes[int(rng.random() * THEMES_EACH)] = habits.favourite
        rows = slice(interest * THEMES_EACH, (interest + 1) * THEMES_EACH)
        early[rows] = themes * share / sum(shares)
        late[rows] = themes * later_share / sum(shares)
    return Tastes(early, late)


def purchases(
    rng: np.random.Generator,
    habits: Habits,
    shelves: Shelves,
    peaks: list[int],
    domains: list[int],
    tastes: Tastes,
) -> tuple[list[int], list[int]]:
    """One user's purchases: item keys and unix seconds, both ascending in time.

    Args:
        rng: only its ``random`` is used.
        habits: how users behave.
        shelves: what is on sale.
        peaks: the month in which each interest sells best.
        domains: the domain of every purchase.
        tastes: what the user likes.
    """
    starts = [place == 0 or rng.random() < habits.leave for place in range(len(domains))]
    visits = iter(_visits(rng, sum(starts)))
    items: list[int] = []
    times: list[int] = []
    owned = np.zeros(len(shelves.wares), dtype=bool)
    theme, before = -1, -1
    for place, domain in enumerate(domains):
        if starts[place]:
            earliest = times[-1] + DAY if times else OPENING
            now = max(next(visits), earliest)
            if theme < 0 or rng.random() >= habits.stay:
                age = place / len(domains)
                likes = (1.0 - age) * tastes.early + age * tastes.late
                theme = _draw(rng, likes * np.repeat(_season(now, peaks), THEMES_EACH))
            before = -1
        else:
            now = times[-1] + 60 + int(rng.random() * 8 * 3600)
        item, heard = _purchase(rng, habits, shelves, owned, domain, theme, before)
        before = item if heard else before
        owned[item] = not shelves.refill[item]
        items.append(item)
        times.append(now)
    return items, times


def _purchase(
    rng: np.random.Generator,
    habits: Habits,
    shelves: Shelves,
    owned: Flags,
    domain: int,
    theme: int,
    before: int,
) -> tuple[int, bool]:
    """One item, and whether it says anything of the user (noise says nothing)."""
    if rng.random() < habits.noise:
        shelf = shelves.household if rng.random() < 0.7 else shelves.everything
        item = _from(rng, shelf[domain], owned)
        return item, False
    if before >= 0 and rng.random() < habits.follow:
        item = _from(rng, shelves.after[domain][before], owned)
        if item >= 0:
            return item, True
    if rng.random() >= habits.wander:
        item = _from(rng, shelves.of_theme[domain][theme], owned)
        if item >= 0:
            return item, True
    item = _from(rng, shelves.of_interest[domain][theme // THEMES_EACH], owned)
    return (item, True) if item >= 0 else (_from(rng, shelves.household[domain], owned), False)


def _from(rng: np.random.Generator, shelf: Shelf, owned: Flags) -> int:
    """An item of the shelf that the user does not own; -1 when there is none."""
    keys, weights = shelf
    row = _draw(rng, np.where(owned[keys], 0.0, weights))
    return int(keys[row]) if row >= 0 else -1


def _draw(rng: np.random.Generator, weights: Weights) -> int:
    """A row with probability proportional to its weight; -1 when no row has any."""
    ends = np.cumsum(weights)
    if len(ends) == 0 or ends[-1] <= 0.0:
        return -1
    return int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))


def _length(rng: np.random.Generator, least: int, more: float) -> int:
    """``least`` and a geometric number more, 50 at most."""
    length = least
    while length < 50 and rng.random() < more:
        length += 1
    return length


def _visits(rng: np.random.Generator, number: int) -> list[int]:
    """When the sessions begin: by day, inside the user's own stretch of the shop's life."""
    stretch = (0.3 + 0.7 * rng.random()) * min(1.0, number / 8) * DAYS_OPEN * 0.9
    first = rng.random() * (DAYS_OPEN * 0.9 - stretch)
    days = sorted(int(first + stretch * rng.random()) for _ in range(number))
    return [OPENING + day * DAY + int((7 + 15 * rng.random()) * 3600) for day in days]


def _season(now: int, peaks: list[int]) -> Weights:
    """How much each interest is in season, ``[interests]``: 3 in its month, 1 from three months."""
    month = datetime.fromtimestamp(now, UTC).month
    away = [min((month - peak) % 12, (peak - month) % 12) for peak in peaks]
    return np.array([1.0 + 2.0 * max(0.0, 1.0 - months / 3) for months in away])
