"""The demo shop: always the same, shaped like the problem, and learnable step by step."""

import csv
import json
import unicodedata
from hashlib import sha256

import numpy as np
import pytest

from edt_core.data.catalogue import normalised_title
from edt_core.data.sequences import domain_counts
from edt_core.data.shop import Habits, Shop, make_shop, write_shop
from edt_core.data.shop_words import THEMES_EACH, read_vocabulary
from edt_core.data.split import leave_one_out
from edt_core.data.statistics import ratio_histogram


@pytest.fixture(scope="module")
def shop():
    return make_shop()


DIGESTS = {
    "outdoor.inter.csv": "eb46ea79b71c1934",
    "outdoor.items.jsonl": "5fbe33d87609fb4e",
    "kitchen.inter.csv": "2cceccfcdb2a818f",
    "kitchen.items.jsonl": "d038fd6db34ccccb",
}
EVENTS = [7023, 5051]
RATIOS = [31, 44, 20, 39, 85, 47, 60, 150, 80, 644]


def facts(shop: Shop, fact: str) -> np.ndarray:
    return np.array([getattr(ware, fact) for ware in shop.wares])


def test_the_seed_alone_decides_every_byte(shop, tmp_path):
    again = make_shop()
    assert np.array_equal(shop.sequences.items, again.sequences.items)
    assert not np.array_equal(
        make_shop(seed=7, n_users=50).sequences.items[:100],
        make_shop(seed=8, n_users=50).sequences.items[:100],
    )
    paths = write_shop(shop, tmp_path)
    # a change here changes everybody's demo: say so in the change log, and renew docs/demo.md
    assert {path.name: sha256(path.read_bytes()).hexdigest()[:16] for path in paths} == DIGESTS


def test_the_sizes_are_those_of_the_documentation(shop):
    catalogue, sequences = shop.catalogue, shop.sequences
    assert sequences.n_users == 1200
    assert np.bincount(catalogue.domain).tolist() == [653, 567]
    assert np.bincount(catalogue.domain[sequences.items]).tolist() == EVENTS
    assert sequences.lengths.min() == 3
    assert sequences.lengths.max() <= 50
    assert 9 <= sequences.lengths.mean() <= 12
    bought = np.bincount(sequences.items, minlength=len(catalogue))
    assert np.median(bought) <= 8  # sparse: half the items are too rare to be learned by their id
    assert (bought > 0).mean() > 0.98


def test_the_imbalance_has_the_shape_of_figure_1(shop):
    counts = domain_counts(shop.sequences, shop.catalogue.domain)
    histogram = ratio_histogram(counts)
    assert histogram.tolist() == RATIOS
    assert histogram[9] > shop.sequences.n_users / 2
    assert np.all(histogram > 0)
    assert (counts > 0).all(axis=1).mean() > 0.3  # users that both domains know


def test_a_fair_share_of_targets_lies_in_the_domain_that_its_user_hardly_knows(shop):
    histories, _, test = leave_one_out(shop.sequences)
    counts = domain_counts(histories.sequences, shop.catalogue.domain)[test.users]
    rows = np.arange(len(test.users))
    here = counts[rows, shop.catalogue.domain[test.items]]
    there = counts.sum(axis=1) - here
    assert 0.2 < (here < there).mean() < 0.35
    assert ((here > 0) & (here < there)).mean() > 0.1  # the generator has a sample to go by
    assert (here == 0).mean() > 0.05


def test_times_are_seconds_of_the_shops_life_and_rise_inside_every_user(shop):
    inside = np.diff(shop.sequences.users()) == 0
    assert np.all(np.diff(shop.timestamps)[inside] > 0)
    year = shop.timestamps.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    assert set(year.tolist()) <= {2021, 2022, 2023, 2024}
    assert max(shop.catalogue.dates) < "2021"  # on sale before anybody bought


def test_titles_are_unique_and_readable(shop):
    titles = shop.catalogue.titles
    assert len({normalised_title(title) for title in titles}) == len(titles)
    catalogue = shop.catalogue
    shelves = [name for names in catalogue.categories for name in names]
    texts = [*titles, *catalogue.brands, *catalogue.descriptions, *shelves]
    assert all(text == text.strip() and "  " not in text for text in texts)
    assert not any(unicodedata.category(letter)[0] == "C" for text in texts for letter in text)
    assert all(15 <= len(title) <= 90 and len(title.split()) >= 3 for title in titles)
    assert all(len(names) == 3 for names in catalogue.categories)
    assert 0.9 < np.mean([bool(brand) for brand in catalogue.brands]) < 1  # some fields are missing


def test_a_theme_is_written_on_items_of_both_domains(shop):
    names = [theme[0] for interest in read_vocabulary().interests for theme in interest["themes"]]
    assert len(set(names)) == len(names) == 48
    for theme, name in enumerate(names):
        for domain in range(2):
            own = np.flatnonzero(
                (facts(shop, "theme") == theme) & (facts(shop, "domain") == domain)
            )
            assert len(own) >= 6
            telling = np.mean([name in shop.catalogue.titles[key] for key in own])
            assert 0.4 <= telling <= 1, (name, domain)


def mutual_information(x: np.ndarray, y: np.ndarray) -> float:
    joint = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(joint, (x, y), 1 / len(x))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / independent[there])).sum())


def test_what_users_like_in_one_domain_tells_what_they_like_in_the_other(shop):
    users, keys = shop.sequences.users(), shop.sequences.items
    pairs = []
    for user in range(shop.sequences.n_users):
        interests = facts_of_user(shop, keys[users == user])
        if all(len(part) for part in interests):
            pairs.append([np.bincount(part).argmax() for part in interests])
    outdoor, kitchen = np.array(pairs).T
    shuffled = np.random.default_rng(0).permutation(kitchen)
    assert len(pairs) > 350
    assert mutual_information(outdoor, kitchen) > 3 * mutual_information(outdoor, shuffled)
    assert (outdoor == kitchen).mean() > 0.6


def facts_of_user(shop: Shop, keys: np.ndarray) -> list[np.ndarray]:
    """The interests of one user's purchases in each domain, household goods left out."""
    wares = [shop.wares[key] for key in keys]
    return [
        np.array([w.interest for w in wares if w.domain == domain and w.interest >= 0])
        for domain in range(2)
    ]


def test_a_purchase_follows_from_the_one_before_it_in_both_domains(shop):
    users, keys, times = shop.sequences.users(), shop.sequences.items, shop.timestamps
    together = (np.diff(users) == 0) & (np.diff(times) < 8 * 3600 + 60)
    domain, after = shop.catalogue.domain, shop.shelves.after
    crossing = domain[keys[1:]] != domain[keys[:-1]]
    for moves in (together & ~crossing, together & crossing):
        rows = np.flatnonzero(moves)
        followed = [keys[r + 1] in after[domain[keys[r + 1]]][keys[r]][0] for r in rows]
        shuffled = np.random.default_rng(0).permutation(rows)
        by_chance = [
            keys[r + 1] in after[domain[keys[r + 1]]][keys[q]][0]
            for r, q in zip(rows, shuffled, strict=True)
        ]
        assert len(rows) > 500
        assert np.mean(followed) > 0.35 > 10 * np.mean(by_chance)


def test_without_noise_nobody_buys_outside_of_their_interests():
    clean = make_shop(n_users=200, habits=Habits(noise=0.0))
    interest = facts(clean, "interest")[clean.sequences.items]
    likes = clean.tastes.reshape(200, -1, THEMES_EACH).sum(axis=2)
    known = interest >= 0
    assert known.mean() > 0.99  # who owns a whole shelf turns to household goods
    assert np.all(likes[clean.sequences.users()[known], interest[known]] > 0)


def test_the_files_hold_every_item_and_every_event(shop, tmp_path):
    paths = write_shop(shop, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "outdoor.inter.csv",
        "outdoor.items.jsonl",
        "kitchen.inter.csv",
        "kitchen.items.jsonl",
    ]
    events = []
    for domain in range(2):
        items = [json.loads(line) for line in paths[2 * domain + 1].read_text("utf-8").splitlines()]
        keys = shop.catalogue.keys_of(domain)
        assert [item["title"] for item in items] == [shop.catalogue.titles[key] for key in keys]
        assert list(items[0]) == [
            "item_id",
            "title",
            "brand",
            "date",
            "price",
            "categories",
            "description",
        ]
        key_of = {item["item_id"]: key for item, key in zip(items, keys, strict=True)}
        with paths[2 * domain].open(encoding="utf-8", newline="") as file:
            events += [
                (row["user_id"], int(row["timestamp"]), key_of[row["item_id"]])
                for row in csv.DictReader(file)
            ]
    events.sort()
    assert [event[2] for event in events] == shop.sequences.items.tolist()
    assert [event[1] for event in events] == shop.timestamps.tolist()


def hits(shop: Shop, scores: np.ndarray) -> np.ndarray:
    """Whether each test target is among the best ten of its domain (expected rank on ties)."""
    _, _, test = leave_one_out(shop.sequences)
    domain = shop.catalogue.domain
    scores = np.where(domain == domain[test.items][:, None], scores, -1.0)
    own = scores[np.arange(len(test.users)), test.items][:, None]
    ranks = 1 + (scores > own).sum(axis=1) + ((scores == own).sum(axis=1) - 1) / 2
    return ranks <= 10


def oracle_scores(shop: Shop) -> np.ndarray:
    """The chance of every item to be bought next, by who knows the habits and the user's tastes."""
    histories, valid, test = leave_one_out(shop.sequences)
    habits, shelves = shop.habits, shop.shelves
    n_themes = shop.tastes.shape[1]
    by_theme, noise = np.zeros((2, n_themes, len(shop.wares))), np.zeros((2, len(shop.wares)))
    for domain in range(2):
        for theme in range(n_themes):
            add(by_theme[domain, theme], shelves.of_theme[domain][theme], 1 - habits.wander)
            wide = shelves.of_interest[domain][theme // THEMES_EACH]
            add(by_theme[domain, theme], wide, habits.wander)
        add(noise[domain], shelves.household[domain], 0.7)
        add(noise[domain], shelves.everything[domain], 0.3)
    scores = np.zeros((len(test.users), len(shop.wares)))
    for row, (user, last, target) in enumerate(
        zip(test.users, valid.items, test.items, strict=True)
    ):
        domain = shop.catalogue.domain[target]
        chances, theme = shop.tastes[user].copy(), shop.wares[last].theme
        in_session = 0.0 if theme < 0 else 1 - habits.leave
        if theme >= 0:
            goes_on = in_session + habits.leave * habits.stay
            chances *= 1 - goes_on
            chances[theme] += goes_on
        follows = in_session * habits.follow * bool(len(shelves.after[domain][last][0]))
        scores[row] = (1 - follows) * chances @ by_theme[domain]
        add(scores[row], shelves.after[domain][last], follows)
        scores[row] = (1 - habits.noise) * scores[row] + habits.noise * noise[domain]
        owned = np.append(histories.sequences.of(user), last)
        scores[row, owned[~shelves.refill[owned]]] = 0.0
    return scores


def add(chances: np.ndarray, shelf: tuple[np.ndarray, np.ndarray], share: float) -> None:
    keys, weights = shelf
    if share > 0:
        chances[keys] += share * weights / weights.sum()


def test_popularity_loses_to_markov_and_markov_to_who_knows_the_interests(shop):
    histories, valid, test = leave_one_out(shop.sequences)
    train, n = histories.sequences, len(shop.wares)
    popularity = np.bincount(train.items, minlength=n).astype(float)
    follows = np.zeros((n, n))
    inside = np.diff(train.users()) == 0
    np.add.at(follows, (train.items[:-1][inside], train.items[1:][inside]), 1)
    reached = {
        "popularity": hits(shop, np.tile(popularity, (len(test.users), 1))),
        "markov": hits(shop, follows[valid.items] + 1e-6 * popularity),
        "oracle": hits(shop, oracle_scores(shop)),
    }
    target_domain = shop.catalogue.domain[test.items]
    counts = domain_counts(train, shop.catalogue.domain)[test.users]
    here = counts[np.arange(len(test.users)), target_domain]
    groups = [target_domain == 0, target_domain == 1, here < counts.sum(axis=1) - here]
    found = {name: [hit[group].mean() for group in groups] for name, hit in reached.items()}
    assert found["popularity"] == pytest.approx([0.062, 0.082, 0.075], abs=0.001)
    assert found["markov"] == pytest.approx([0.241, 0.239, 0.141], abs=0.001)
    assert found["oracle"] == pytest.approx([0.597, 0.622, 0.598], abs=0.003)
