"""Two domains become one data set, step by step as the recipes say."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.artifact import load, save
from edt_core.data import importing
from edt_core.data.catalogue import Catalogue
from edt_core.data.dataset import arrange
from edt_core.data.importing import DomainFiles, ImportOptions, import_files
from edt_core.data.split import leave_one_out
from edt_core.data.staging import sweep
from edt_core.errors import InputError, MissingInput, RunCancelled, UsageError
from edt_core.stages.prepare import DatasetParams, ImportedCatalogue, ImportedHistories


def table(path, rows, names=("user_id", "item_id", "timestamp")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def make(folder, a, b, items_a=None, recipe="none", names=("food", "kitchen"), **options):
    """Import rows ``(user, item, time)`` of two domains."""
    folder.mkdir(exist_ok=True)
    texts = None
    if items_a is not None:
        texts = folder / "items.jsonl"
        texts.write_text("".join(json.dumps(record) + "\n" for record in items_a))
    columns = ("user_id", "item_id", "timestamp", "text")[: len((a or b)[0])]
    domains = (
        DomainFiles(names[0], table(folder / "a.csv", a, columns), texts),
        DomainFiles(names[1], table(folder / "b.csv", b, columns)),
    )
    progress = options.pop("progress", None)
    return import_files(
        "shop", domains, ImportOptions(format="csv", recipe=recipe, **options), progress
    )


def told(dataset):
    """Every user's events as (domain, item id, time)."""
    items = dataset.catalogue
    return {
        user: [
            (int(items.domain[key]), items.source_ids[key], int(time))
            for key, time in zip(
                dataset.raw.of(at),
                dataset.timestamps[dataset.raw.offsets[at] : dataset.raw.offsets[at + 1]],
                strict=True,
            )
        ]
        for at, user in enumerate(dataset.user_ids)
    }


def test_sequences_mix_both_domains_by_time_and_ties_keep_file_order_a_first(tmp_path):
    dataset = make(
        tmp_path,
        [("v", "y", 9), ("u", "x", 5), ("u", "y", 5), ("u", "z", 1)],
        [("u", "p", 5), ("w", "p", 3), ("u", "q", 2)],
    )
    assert told(dataset) == {
        "v": [(0, "y", 9)],
        "u": [(0, "z", 1), (1, "q", 2), (0, "x", 5), (0, "y", 5), (1, "p", 5)],
        "w": [(1, "p", 3)],
    }
    assert dataset.user_ids == ["v", "u", "w"]
    assert dataset.catalogue.source_ids == ["y", "x", "z", "p", "q"]
    assert dataset.catalogue.domain.tolist() == [0, 0, 0, 1, 1]
    assert dataset.catalogue.domain_names == ["food", "kitchen"]


def test_one_id_in_both_domains_is_two_items(tmp_path):
    dataset = make(tmp_path, [("u", "x", 1)], [("u", "x", 2)])
    assert dataset.catalogue.source_ids == ["x", "x"]
    assert told(dataset)["u"] == [(0, "x", 1), (1, "x", 2)]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 1), st.integers(0, 3)),
        max_size=30,
    )
)
def test_arranging_is_a_stable_sort_by_user_and_time(rows):
    rows = sorted(rows, key=lambda row: row[2])  # A before B
    users, items, domains, times = (np.array([row[at] for row in rows], int) for at in range(4))
    arranged = arrange(users, items, domains, times)
    for at, code in enumerate(arranged.users.tolist()):
        expected = sorted((row for row in rows if row[0] == code), key=lambda row: row[3])
        keys = arranged.raw.of(at)
        assert [(int(arranged.items[k]), int(arranged.domain[k])) for k in keys] == [
            (item, domain) for _, item, domain, _ in expected
        ]
    assert arranged.users.tolist() == list(dict.fromkeys(users.tolist()))
    seen = dict.fromkeys(zip(items.tolist(), domains.tolist(), strict=True))
    pairs = zip(arranged.items.tolist(), arranged.domain.tolist(), strict=True)
    assert list(pairs) == list(seen)


def test_texts_take_the_most_complete_record_and_others_are_counted(tmp_path):
    dataset = make(
        tmp_path,
        [("u", "x", 1), ("u", "y", 2)],
        [("u", "p", 3)],
        items_a=[
            {"item_id": "x", "title": "Tea"},
            {"item_id": "x", "title": "Tea", "brand": "Leaf"},
            {"item_id": "x"},
            {"item_id": "unsold", "title": "Cup"},
        ],
    )
    assert dataset.catalogue.titles == ["Tea", "", ""]
    assert dataset.catalogue.brands == ["Leaf", "", ""]
    assert dataset.counts["food items without interactions"] == 1
    assert dataset.counts["food items without texts"] == 1
    assert "Items without a title: 2 of 3." in dataset.notes


DENSE = [(f"u{u}", f"x{i}", 10 + i) for u in range(6) for i in range(6)]


def test_item_texts_whose_ids_match_nothing_are_told(tmp_path):
    events = [("u", "x", 1), ("u", "y", 2)], [("u", "p", 3)]
    texts = [{"item_id": "x.0", "title": "Tea"}, {"item_id": "y.0", "title": "Rice"}]
    dataset = make(tmp_path, *events, items_a=texts)
    assert "No item of food's interactions is in items.jsonl" in " ".join(dataset.notes)
    texts[0]["item_id"] = "x"
    assert "items.jsonl" not in " ".join(make(tmp_path, *events, items_a=texts).notes)


def test_the_paper_recipe_prunes_and_counts_over_both_domains(tmp_path):
    dataset = make(
        tmp_path,
        [(user, item, time) for user, item, time in DENSE if item < "x3"] + [("alone", "x0", 11)],
        [(user, item, time) for user, item, time in DENSE if item >= "x3"],
        recipe="paper",
    )
    assert dataset.user_ids == [f"u{u}" for u in range(6)]
    assert dataset.counts["outside the core"] == 1
    assert dataset.counts["events kept"] == 36


def test_items_are_counted_by_id_over_both_domains(tmp_path):
    """The literal loop: two events in A and two in B make four, as the published code counts."""
    a = [(f"u{u}", f"x{i}", i) for u in range(2) for i in range(5)]
    b = [(f"u{u}", f"x{i}", i + 10) for u in range(2) for i in range(5)]
    dataset = make(tmp_path, a, b, recipe="paper", min_item=4)
    assert dataset.counts["events kept"] == 20
    with pytest.raises(InputError, match="No interaction of 'food' is left"):
        make(tmp_path, a, b, recipe="paper", min_item=5)


def test_the_window_is_strict_on_both_sides(tmp_path):
    rows = [("u", f"x{time}", time) for time in (10, 11, 12, 13)]
    dataset = make(tmp_path, rows, [("u", "p", 12)], after=10, before=13)
    assert [item for _, item, _ in told(dataset)["u"]] == ["x11", "x12", "p"]
    assert dataset.counts["outside the window"] == 2


def test_dedup_counts_a_review_copied_to_variants_once(tmp_path):
    rows = [
        ("u", "red", 5, "nice"),
        ("u", "blue", 5, "nice"),
        ("u", "blue", 5, "nice"),  # an exact copy
        ("v", "blue", 6, "good"),  # makes blue the most reviewed
        ("u", "green", 5, "another text"),
        ("u", "cup", 5, ""),
        ("u", "mug", 5, ""),  # no text: nothing tells them to be copies
        ("v", "blue", 4, "earlier"),  # a repeat; the earliest stays
    ]
    dataset = make(tmp_path, rows, [("u", "p", 9, "x")], recipe="dedup", min_user=0, min_item=0)
    assert told(dataset) == {
        "u": [(0, "blue", 5), (0, "green", 5), (0, "cup", 5), (0, "mug", 5), (1, "p", 9)],
        "v": [(0, "blue", 4)],
    }
    steps = ("exact copies", "variant copies", "repeated pairs")
    assert [dataset.counts[step] for step in steps] == [1, 1, 1]


def test_dedup_says_when_there_are_no_texts(tmp_path):
    dataset = make(
        tmp_path,
        [("u", "x", 1), ("u", "x", 2)],
        [("u", "p", 1)],
        recipe="dedup",
        min_user=0,
        min_item=0,
    )
    assert dataset.counts["repeated pairs"] == 1
    assert any("no review texts" in note for note in dataset.notes)


def test_no_recipe_drops_nothing_not_even_duplicates(tmp_path):
    dataset = make(tmp_path, [("u", "x", 1), ("u", "x", 1)], [("u", "p", 1)])
    assert dataset.raw.lengths.tolist() == [3]


def test_what_should_be_known_is_said(tmp_path):
    dataset = make(tmp_path, [("u", "x", 1), ("u", "y", 2)], [("w", "p", 1_400_000_000)])
    text = " ".join(dataset.notes)
    assert "No user is in both food and kitchen" in text
    assert "fewer than 3 events" in text
    assert "food has order numbers and kitchen has dates" in text
    _, valid, test = leave_one_out(dataset.raw)
    assert len(valid.users) == len(test.users) == 0


def test_the_digest_follows_the_content_and_nothing_else(tmp_path):
    a, b = [("u", "x", 1), ("u", "y", 2)], [("u", "p", 3)]
    first = make(tmp_path / "1", a, b)
    again = make(tmp_path / "2", a, b, max_bad_lines=0.5)
    paper = make(tmp_path / "3", a, b, recipe="paper", min_user=0, min_item=0)
    assert len(first.digest) == 40
    assert first.digest == again.digest == paper.digest
    others = [
        make(tmp_path / "4", a, b, names=("food", "garden")),
        make(tmp_path / "5", a, [("u", "q", 3)]),
        make(tmp_path / "6", a, [("u", "p", 4)]),
        make(tmp_path / "7", [("w", *row[1:]) for row in a], [("w", "p", 3)]),
        make(tmp_path / "8", a, b, items_a=[{"item_id": "x", "title": "Tea"}]),
    ]
    assert len({first.digest, *(dataset.digest for dataset in others)}) == 6


def test_an_empty_domain_and_too_many_broken_lines_end_the_import(tmp_path):
    with pytest.raises(InputError, match="holds no record"):
        make(tmp_path, [("u", "x", 1)], [])
    bad = [("u", "x", 1), ("u", "y", -1)]
    with pytest.raises(InputError, match=r"1 of the 2 lines .* line 3: the time stamp -1"):
        make(tmp_path, bad, [("u", "p", 1)])
    dataset = make(tmp_path, bad, [("u", "p", 1)], max_bad_lines=0.5)
    assert [str(line).rpartition("/")[2] for line in dataset.bad_lines] == [
        "a.csv:3: the time stamp -1 is negative"
    ]
    assert dataset.counts["food interactions broken lines"] == 1


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"names": ("food", "food")}, "Both domains are called"),
        ({"names": ("fo\x1bod", "kitchen")}, "no domain name"),
        ({"names": ("", "kitchen")}, "no domain name"),
        ({"names": ("food", "All")}, "can't be called 'All'"),
        ({"min_user": 3}, "keeps every user"),
        ({"after": 5, "before": 6}, "No time lies between"),
    ],
)
def test_contradictions_are_refused_before_a_file_is_read(tmp_path, options, what):
    with pytest.raises(UsageError, match=what):
        make(tmp_path, [("u", "x", 1)], [("u", "p", 1)], **options)


@pytest.mark.parametrize("recipe", ["none", "paper", "dedup"])
def test_a_window_or_core_that_leaves_nothing_says_what_each_step_left(tmp_path, recipe):
    rows = [("u", "x", 1_500_000_000), ("u", "y", 1_500_000_001)]
    with pytest.raises(InputError, match=r"left inside the window .*outside the window 4"):
        make(tmp_path, rows, rows, recipe=recipe, after=1_893_456_000)
    with pytest.raises(InputError, match=r"No interaction of 'food' is left .*the core 4"):
        make(tmp_path, rows, rows, recipe="paper", min_user=9)


def test_copies_of_events_are_told_unless_they_were_dropped(tmp_path):
    rows = [
        ("u", "x", 5),
        ("u", "y", 5),
        ("u", "x", 5),
        ("v", "x", 5),
        ("u", "x", 6),
        ("u", "x", 5),
    ]
    told_of = [note for note in make(tmp_path, rows, [("u", "x", 5)]).notes if "repeat" in note]
    assert [note.partition(" ")[0] for note in told_of] == ["2"]
    dropped = make(tmp_path, rows, [("u", "x", 5)], recipe="dedup", min_user=0, min_item=0)
    assert not any("repeat" in note for note in dropped.notes)


def test_what_a_killed_import_left_is_swept_and_what_a_living_one_works_on_stays(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"import-{dead.pid}-x1"
    mine, others = tmp_path / f"import-{os.getpid()}-x2", tmp_path / ("f" * 40)
    for folder in (left, mine, others):
        folder.mkdir()
        (folder / "events.duckdb").touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine.name, others.name])


def test_more_than_memory_is_planned_for_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "MOST_KEPT", 2)
    with pytest.raises(InputError, match="3 interactions are left"):
        make(tmp_path, [("u", "x", 1), ("u", "y", 1)], [("u", "p", 1)])


def test_more_text_than_memory_is_planned_for_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "MOST_TEXT", 500)
    items = [{"item_id": "x", "title": "y" * 250}]
    with pytest.raises(InputError, match="550 letters of item texts"):
        make(tmp_path, [("u", "x", 1)], [("u", "p", 1)], items_a=items)


def test_an_interrupted_import_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def stop(*_):
        raise RunCancelled("stopped")

    (tmp_path / "files").mkdir()
    with pytest.raises(RunCancelled):
        make(tmp_path / "files", [("u", "x", 1)], [("u", "p", 1)], progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_the_artifacts_survive_saving(tmp_path):
    dataset = make(tmp_path, [("u", "x", 1)], [("u", "p", 1)])
    save(dataset.catalogue, tmp_path / "catalogue")
    back = load(Catalogue, tmp_path / "catalogue")
    assert back.source_ids == dataset.catalogue.source_ids
    assert np.array_equal(back.domain, dataset.catalogue.domain)


def test_source_stages_are_told_apart_and_compute_nothing():
    one, other = DatasetParams(digest="1"), DatasetParams(digest="2")
    fingerprints = {
        stage(data).fingerprint
        for stage in (ImportedCatalogue, ImportedHistories)
        for data in (one, other)
    }
    assert len(fingerprints) == 4
    with pytest.raises(MissingInput, match="no data set"):
        ImportedCatalogue(one).compute(None)
