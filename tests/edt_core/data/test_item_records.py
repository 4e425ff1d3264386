"""Item texts come out clean whatever they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.catalogue import ItemText
from edt_core.data.item_records import LONGEST, clean, completeness, item_id, item_text, literal


@pytest.mark.parametrize(
    ("found", "cleaned"),
    [
        ("Salt &amp; Pepper", "Salt & Pepper"),
        ('<span id="t" class="a">Lip\n  Balm</span>', "Lip Balm"),
        ("I <3 you, 2 < 3 > 1", "I <3 you, 2 < 3 > 1"),
        ("\x1b[31mRed\x1b[0m \x1b]0;title\x07shoe", "Red shoe"),
        ("a\x00b\x9bc\u202ed\ud800e", "abcde"),
        ("tab\tline\nnon\u00a0breaking\u2028", "tab line non breaking"),
        ("&#27;[2J&lt;b&gt;bold&lt;/b&gt;", "[2J bold"),
    ],
)
def test_markup_and_control_characters_go(found, cleaned):
    assert clean(found, 100) == cleaned


@given(st.text(alphabet=st.characters(), max_size=60), st.integers(1, 30))
def test_clean_text_is_short_printable_and_storable(text, longest):
    cleaned = clean(text, longest)
    assert len(cleaned) <= longest
    cleaned.encode()
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in cleaned)


def test_a_2018_record_loses_the_junk_of_its_page():
    text = item_text(
        {
            "asin": "B0",
            "title": "var aPageStart = (new Date()).getTime();",
            "price": ".a-box-inner{background-color:#fff}#alohaBuyBoxWidget",
            "brand": "\n by\n   Nike",
            "category": ["Sports", "Sports", "<span>Shoes</span>"],
            "description": ["One.", "", "Two."],
        }
    )
    assert text == ItemText(
        brand="by Nike", categories=("Sports", "Shoes"), description="One. Two."
    )


@pytest.mark.parametrize("price", ["$14.95", "14.95", "$5.99 - $12.00", "from 14.99", "€ 3,50"])
def test_prices_stay(price):
    assert item_text({"price": price}).price == price


def test_numbers_and_2023_fields_are_understood():
    record = {
        "parent_asin": "B1",
        "asin": "B2",
        "store": "Acme",
        "price": 14.95,
        "categories": [],
        "details": {"Date First Available": "May 1, 2020"},
    }
    assert item_id(record) == "B1"
    text = item_text(record)
    assert (text.brand, text.price, text.date) == ("Acme", "14.95", "May 1, 2020")


@pytest.mark.parametrize(
    "written",
    [
        [["Food", "Tea & Co"]],
        ["Food", "Tea & Co"],
        "['Food', 'Tea & Co']",
        '["Food", "Tea & Co"]',
        "'Food', 'Tea & Co'",
        "Food|Tea & Co",
        "Food > Tea & Co",
    ],
)
def test_categories_are_read_however_they_are_written(written):
    assert item_text({"categories": written}).categories == ("Food", "Tea & Co")


def test_wrong_types_are_unknown_texts():
    text = item_text({"title": {"a": 1}, "categories": 7, "description": [[["x"]]], "price": True})
    assert (text.title, text.categories, text.description, text.price) == ("", (), "", "")


def test_long_texts_are_cut():
    text = item_text({"title": "x" * 10_000, "description": ["y" * 10_000]})
    assert len(text.title) == LONGEST["title"]
    assert len(text.description) == LONGEST["description"]


@pytest.mark.parametrize("value", [None, "", True, 1.5, ["a"], "a\x07"])
def test_what_can_be_no_item_id_is_refused(value):
    with pytest.raises(ValueError, match="item id"):
        item_id({"item_id": value})


def test_a_whole_number_is_an_id_as_it_is_written():
    assert item_id({"item_id": 17}) == "17"
    assert item_id({"item_id": "0017"}) == "0017"


def test_the_more_complete_record_is_told():
    less = ItemText(title="A much longer title than the other one has")
    assert completeness(ItemText(title="A", brand="B")) > completeness(less)
    assert completeness(less) > completeness(ItemText(title="A"))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').getcwd()",
        "[" * 5000,
        "{'a': open}",
        "(" * 300_000,
        "{[]: 1}",
        "1 if",
        "'\0",
    ],
)
def test_a_literal_is_never_evaluated(text):
    with pytest.raises(ValueError, match="literal"):
        literal(text)
