"""The reader of answers: tolerant about wrapping, strict about meaning, never an exception."""

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.llm.replies import GeneratedItem, GeneratedItems, clean, read, read_plain

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("items"), inner),
    max_leaves=8,
)
shapes = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(GeneratedItem.model_fields, json_values),
)


@settings(deadline=None)
@given(json_values | st.lists(shapes).map(lambda items: {"items": items}), st.text(), st.text())
def test_no_json_makes_it_fail(value, before, after):
    found = read(before + json.dumps(value) + after, GeneratedItems)
    if isinstance(found, str):
        assert found.endswith(".")
        return
    for item in found.items:
        assert 0 < len(item.title) <= 300
        assert len(item.categories) <= 20
        assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in item.title)


@settings(deadline=None)
@given(st.text() | st.text(alphabet='{}[]":,\\ntrue0.e-'))
def test_no_text_makes_it_fail(text):
    found = read(text, GeneratedItems)
    assert isinstance(found, str | GeneratedItems)
    assert isinstance(read_plain(text), str)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"items": ' + "[" * 50_000 + "]" * 50_000 + "}",
        "{" * 9999,
    ],
)
def test_bombs_are_refused(text):
    assert isinstance(read(text, GeneratedItems), str)


def titles(text):
    return [item.title for item in read(text, GeneratedItems).items]


def test_a_bare_list_and_bare_objects_are_items():
    assert titles('[{"title": "a"}, {"title": "b"}]') == ["a", "b"]
    assert titles('{"title": "a"}\n{"title": "b"}') == ["a", "b"]
    assert titles('{"products": [{"title": "a"}]}') == ["a"]


def test_a_fenced_object_after_talk_with_braces_is_found():
    text = 'I fill {slots}, see [1]:\n```json\n{"items": [{"title": "a"}]}\n```\nDone {ok}.'
    assert titles(text) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        '<think>{"items": [{"title": "Draft"}]} no</think>\n{"items": [{"title": "a"}]}',
        '\n<thinking>a < b, {"items": [{"title": "Draft"}]}</thinking> {"items": [{"title": "a"}]}',
        'Maybe {"items": [{"title": "Draft"}]}?\n</think>\n\n{"items": [{"title": "a"}]}',
        '<think>{"items": [{"title": "Draft"}]}</think>```json\n{"items": [{"title": "a"}]}\n```',
    ],
)
def test_what_a_model_thinks_before_it_answers_is_not_read(text):
    assert titles(text) == ["a"]


def test_thoughts_that_break_off_hold_no_answer():
    assert read('<think>{"items": [{"title": "Draft"}]} but', GeneratedItems) == (
        "The answer holds no JSON."
    )
    assert read_plain("<think>You like tea, I") == ""


def test_the_tag_within_an_answer_is_no_thought():
    assert titles('{"items": [{"title": "a </think> b"}]}') == ["a </think> b"]
    assert read_plain("You like <think> stickers.") == "You like <think> stickers."


def test_the_last_of_repeated_keys_counts_and_strange_ones_are_ignored():
    assert titles('{"items": [{"title": "a", "title": "b", "colour": 1}], "note": 2}') == ["b"]


def test_harmless_types_are_read_as_text():
    text = '{"title": "a", "price": 12.50, "brand": null, "date": 2014, "categories": "x > y; z"}'
    item = GeneratedItem.model_validate_json(text)
    assert (item.price, item.brand, item.date) == ("12.5", "", "2014")
    assert item.categories == ["x", "y", "z"]


def test_numbers_that_are_none_become_nothing():
    (item,) = read('{"items": [{"title": "a", "price": NaN, "date": 1e999}]}', GeneratedItems).items
    assert (item.price, item.date) == ("", "")


def test_items_that_cannot_be_read_and_repeated_titles_are_left_out():
    text = '{"items": [{"title": "a"}, {"title": {}}, {"brand": "x"}, 7, {"title": "A"}]}'
    assert titles(text) == ["a"]


def test_thousands_of_items_are_capped():
    items = [{"title": f"item {n}"} for n in range(5000)]
    assert len(titles(json.dumps({"items": items}))) == 100


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "The answer holds no JSON."),
        ("Sorry, I can't.", "The answer holds no JSON."),
        ('{"items": []}', "items is wrong"),
        ('{"items": [{"title": ""}]}', "items.0.title is wrong"),
        ('{"items": [{"title": "unknown"}]}', "items.0.title is wrong"),
        ('{"items": "tea"}', "items is wrong"),
    ],
)
def test_a_refusal_says_why(text, reason):
    assert reason in read(text, GeneratedItems)


def test_control_bidi_and_surrogate_characters_do_not_pass():
    assert clean("a\x1b]52;c;x\x07b\x00c\u202ed\ud800e\x9bf", 100) == "a ]52;c;x b c d e f"
    assert clean("tab\tand\nline", 100) == "tab and line"


def test_a_text_is_cut_at_a_word():
    assert clean("one two three", 9) == "one two"
    assert clean("one two three", 7) == "one two"
    assert clean("onetwothree", 5) == "onetw"
    assert len(clean("x" * 1_000_000, 300)) == 300


def test_a_plain_answer_loses_its_fences():
    assert read_plain("```text\nI like tea.\n```") == "I like tea."
