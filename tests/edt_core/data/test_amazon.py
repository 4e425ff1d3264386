"""The three public layouts, told from their content."""

import gzip
import json

import pytest

from edt_core.data import amazon
from edt_core.data.item_records import item_id, item_text
from edt_core.data.source import Source
from edt_core.errors import InputError

REVIEW_2018 = {
    "overall": 5.0,
    "verified": True,
    "reviewerID": "A3CIUOJXQ5VDQ2",
    "asin": "0000530HU1",
    "style": {"Size:": " 7.0 oz"},
    "reviewText": "As advertised.",
    "unixReviewTime": 1472688000,
}
REVIEW_2023 = {
    "rating": 5.0,
    "title": "Great",
    "text": "Great.",
    "asin": "B00VARIANT",
    "parent_asin": "B0PARENT00",
    "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
    "timestamp": 1588687728923,
}


def written(path, *lines):
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    path.write_text(text)
    return Source(path)


def events(source, reviewed=False):
    found = list(amazon.read_interactions(source, reviewed))
    users = [user for block in found for user in block.users]
    items = [item for block in found for item in block.items]
    times = [time for block in found for time in block.times.tolist()]
    return list(zip(users, items, times, strict=True))


def test_reviews_of_2014_and_2018(tmp_path):
    source = written(tmp_path / "x.csv", REVIEW_2018, REVIEW_2018 | {"asin": "B1"})
    assert events(source) == [
        ("A3CIUOJXQ5VDQ2", "0000530HU1", 1472688000),
        ("A3CIUOJXQ5VDQ2", "B1", 1472688000),
    ]
    assert source.lines == 2


def test_reviews_of_2023_count_for_the_parent_and_in_seconds(tmp_path):
    source = written(tmp_path / "x", REVIEW_2023)
    assert events(source) == [("AGKHLEW2SOWHNMFQIJGBECAF7INQ", "B0PARENT00", 1588687728)]


def test_ratings_without_a_header_have_the_user_first_in_2014_and_the_item_in_2018(tmp_path):
    first = written(tmp_path / "a", "AKM1MP6P0OYPR,0132793040,5.0,1365811200\n")
    swapped = written(tmp_path / "b", "0132793040,AKM1MP6P0OYPR,5.0,1365811200\n")
    expected = [("AKM1MP6P0OYPR", "0132793040", 1365811200)]
    assert events(first) == events(swapped) == expected
    assert first.lines == 1


def test_the_benchmark_files_of_2023_have_a_header(tmp_path):
    source = written(
        tmp_path / "x.json",
        "user_id,parent_asin,rating,timestamp\n",
        "AGKHLEW2SOWHNMFQIJGBECAF7INQ,B0PARENT00,5.0,1588687728923\n",
    )
    assert events(source) == [("AGKHLEW2SOWHNMFQIJGBECAF7INQ", "B0PARENT00", 1588687728)]


def test_broken_lines_are_named_and_the_others_are_read(tmp_path):
    source = written(
        tmp_path / "x",
        REVIEW_2018,
        "{broken\n",
        "\n",
        {key: value for key, value in REVIEW_2018.items() if key != "asin"},
        REVIEW_2018 | {"unixReviewTime": -1},
        REVIEW_2018 | {"unixReviewTime": "yesterday"},
        REVIEW_2018 | {"reviewerID": "A\x1b[2J"},
        '{"style": ' + "[" * 100_000 + "\n",
        '{"reviewerID": "\\ud800", "asin": "B", "unixReviewTime": 1}\n',
        REVIEW_2018 | {"asin": "B2"},
    )
    assert [item for _, item, _ in events(source)] == ["0000530HU1", "B2"]
    assert source.lines == 9
    assert {bad.line: bad.reason for bad in source.examples} == {
        2: "broken JSON",
        4: "Object missing required field `asin`",
        5: "the time stamp -1 is negative",
        6: "the time stamp 'yesterday' is no number or ISO date",
        7: "user id holds control characters",
        8: "nested too deeply",
        9: "broken JSON",
    }


def test_a_wrong_encoding_is_found_in_fields_that_nobody_reads(tmp_path):
    path = tmp_path / "x"
    line = json.dumps(REVIEW_2018).encode()
    path.write_bytes(line + b"\n" + line.replace(b"7.0 oz", b"caf\xe9") + b"\n")
    source = Source(path)
    assert len(events(source)) == 1
    assert [(bad.line, bad.reason) for bad in source.examples] == [(2, "not UTF-8 text")]


def test_one_list_of_reviews_is_refused(tmp_path):
    with pytest.raises(InputError, match="is one JSON list"):
        events(written(tmp_path / "x", "[\n", REVIEW_2018))


def test_copies_of_a_review_share_their_hash(tmp_path):
    other = REVIEW_2018 | {"asin": "B1"}
    source = written(tmp_path / "x", REVIEW_2018, other, other | {"overall": 1.0})
    (block,) = amazon.read_interactions(source, reviewed=True)
    assert block.reviews[0] == block.reviews[1] != block.reviews[2]


def test_metadata_of_2014_is_python_and_only_the_wanted_is_parsed(tmp_path):
    path = tmp_path / "meta.json.gz"
    lines = [
        "{'asin': 'B1', 'title': \"Chef's Salt\", 'categories': [['Food', 'Salt']], 'price': 1.5}",
        "{'asin': 'B2', 'title': __import__('os').getcwd()}",
        "{'asin': 'B3', 'title': __import__('os').getcwd()}",
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    source = Source(path)
    found = [record for _, record in amazon.read_items(source, {"B1", "B3"})]
    assert [item_id(record) for record in found] == ["B1", "B2"]
    text = item_text(found[0])
    assert (text.title, text.price, text.categories) == ("Chef's Salt", "1.5", ("Food", "Salt"))
    assert [(bad.line, bad.reason) for bad in source.examples] == [
        (3, "neither JSON nor a Python literal")
    ]


def test_metadata_of_2018_and_2023_is_json(tmp_path):
    source = written(
        tmp_path / "x",
        {"asin": "B1", "title": "Lip &amp; Balm", "category": ["Beauty"], "brand": "Acme"},
        {"parent_asin": "B2", "title": "Tea", "store": "Leaf", "categories": ["Food"]},
    )
    found = {item_id(record): item_text(record) for _, record in amazon.read_items(source, ())}
    assert (found["B1"].title, found["B1"].brand) == ("Lip & Balm", "Acme")
    assert (found["B2"].brand, found["B2"].categories) == ("Leaf", ("Food",))
