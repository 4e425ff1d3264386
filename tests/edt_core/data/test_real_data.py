"""Real data sets come out with the numbers counted independently; skipped without them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from edt_core.data.importing import DomainFiles, ImportOptions, import_files
from edt_core.data.statistics import statistics

DATA = Path(os.environ.get("EDT_DATA", Path(__file__).parents[4] / "shared" / "data"))
RAW = DATA / "raw-samples"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data in {DATA}")


def pair(folder, names):
    return tuple(
        DomainFiles(name, folder / f"{name}.inter.csv.gz", folder / f"{name}.items.jsonl.gz")
        for name in names
    )


@pytest.mark.parametrize(
    ("folder", "key", "names"),
    [
        ("food-kitchen", "food-kitchen", ("food", "kitchen")),
        ("food-kitchen/full", "food-kitchen/full", ("food", "kitchen")),
        ("food-kitchen-order", "food-kitchen-order", ("food", "kitchen")),
        ("arts-office", "arts-office", ("arts", "office")),
        ("cloth-sport-mini", "model-only/cloth-sport-mini", ("cloth", "sport")),
    ],
)
def test_imported_numbers_are_the_published_ones(folder, key, names):
    expected = json.loads((DATA / "stats.json").read_text())[key]
    dataset = import_files(
        folder, pair(DATA / folder, names), ImportOptions(format="csv", recipe="none")
    )
    numbers = statistics(dataset.raw, dataset.catalogue.domain)
    a, b = numbers.domains
    assert {
        "users": numbers.users,
        "overlap": numbers.shared_users,
        "users_A": a.users,
        "users_B": b.users,
        "items_A": a.items,
        "items_B": b.items,
        "inter_A": a.interactions,
        "inter_B": b.interactions,
        "avg_len": round(numbers.mean_length, 2),
        "max_len": int(dataset.raw.lengths.max()),
        "domain_ratio_hist_0..1_by_0.1": list(numbers.ratios),
        "ts": [int(dataset.timestamps.min()), int(dataset.timestamps.max())],
    }.items() <= expected.items()
    domain = dataset.catalogue.domain
    for which, name in enumerate(names):
        titled = sum(bool(dataset.catalogue.titles[key]) for key in np.flatnonzero(domain == which))
        assert expected[f"{name}.title"].startswith(f"{titled}/")


def imported(domains, recipe="none", **options):
    options = ImportOptions(format="amazon", recipe=recipe, **options)
    return import_files("raw", domains, options)


def test_true_files_of_2018():
    gifts = DomainFiles(
        "gifts",
        RAW / "amazon2018" / "Gift_Cards_5.json.gz",
        RAW / "amazon2018" / "meta_Gift_Cards.json.gz",
    )
    beauty = DomainFiles("beauty", RAW / "amazon2018" / "All_Beauty_5.json.gz")
    dataset = imported((gifts, beauty))
    numbers = statistics(dataset.raw, dataset.catalogue.domain)
    assert [d.interactions for d in numbers.domains] == [2972, 5269]
    assert [d.users for d in numbers.domains] == [458, 991]
    assert [d.items for d in numbers.domains] == [148, 85]
    assert numbers.shared_users == 1
    assert all(dataset.catalogue.titles[:148])
    assert not any("<" in title or "&amp;" in title for title in dataset.catalogue.titles)
    assert dataset.counts["gifts items without texts"] == 0
    fewer = imported((gifts, beauty), "dedup", min_user=0, min_item=0)
    assert fewer.counts["events kept"] < 5000  # most of beauty are copies
    pairs = np.unique(np.stack([fewer.raw.users(), fewer.raw.items]), axis=1)
    assert pairs.shape[1] == len(fewer.raw.items)


def test_true_files_of_2014():
    phones = DomainFiles(
        "phones",
        RAW / "amazon2014" / "reviews_Cell_Phones_and_Accessories_5.head.json",
        RAW / "amazon2014" / "meta_mixed_7records.json",
    )
    electronics = DomainFiles("electronics", RAW / "amazon2014" / "ratings_Electronics.head.csv")
    dataset = imported((phones, electronics))
    numbers = statistics(dataset.raw, dataset.catalogue.domain)
    assert [d.interactions for d in numbers.domains] == [3000, 4000]
    assert dataset.counts["phones items lines"] == 7
    assert dataset.counts["phones items broken lines"] == 0
    assert "0528881469" in dataset.catalogue.source_ids  # an item's id, not a user's


def test_true_metadata_of_2014_is_read(tmp_path):
    """The seven records belong to other domains: interactions that name them are made up."""
    (tmp_path / "a.csv").write_text("u,B0000CDBQT,5.0,7\nu,0657745316,5.0,8\n")
    (tmp_path / "b.csv").write_text("u,B000GDAOUC,5.0,9\n")
    meta = RAW / "amazon2014" / "meta_mixed_7records.json"
    dataset = imported(
        (
            DomainFiles("food", tmp_path / "a.csv", meta),
            DomainFiles("cloth", tmp_path / "b.csv", meta),
        )
    )
    salt, vanilla, laces = (dataset.catalogue.text(key) for key in range(3))
    assert salt.title.startswith("Chef Paul Prudhomme's Magic Seasoning Blends ~ Meat Magic")
    assert (salt.brand, salt.price) == ("Magic Seasoning Blends", "14.95")
    assert vanilla.title == "100 Percent All Natural Vanilla Extract"
    assert laces.brand == "Sara Lee"
    assert laces.categories[0] == "Clothing, Shoes & Jewelry"
