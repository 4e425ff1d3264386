"""Conditions of bulk acts: understood or refused, never passed on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.errors import UsageError
from edt_core.store.predicate import COLUMNS, parse
from edt_core.store.review import matching


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("target_score < 0.15", [1, 2]),
        ("target_score<.15 and direction=a2b", [2]),
        ("target_score >= 0.2 or id == 1", [1, 3]),
        ("not (id = 1 or id = 2)", [3, 4]),
        ("not id = 1 and id != 2", [3, 4]),
        ("id = 1 or id = 2 and id = 3", [1]),
        ("target_score = none", [4]),
        ("target_score != none", [1, 2, 3]),
        ("verdict = kept", [1, 3]),
        ("verdict = 'filtered' AND Direction = A2B", [2, 4]),
        ("title ~ 'DRAFT 2'", [3]),
        ("categories ~ new", [1, 2, 3, 4]),
        ("user = 0001", [2]),
        ("user != ü", [1, 2, 4]),
        ("anchor_position = none", [2]),
        ("inserted = no", [1, 2, 3, 4]),
        ("decision = none", [1, 2, 3, 4]),
        ("source_rank = 1e0", [1, 2, 3, 4]),
    ],
)
def test_a_condition_finds_its_rows(project, text, rows):
    assert matching(project, text) == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a column"),
        ("score < 1", "a column"),
        ("target_score", "one of <"),
        ("target_score <", "a number"),
        ("target_score < high", "a number for target_score"),
        ("target_score < 1 id = 2", "'and' or 'or'"),
        ("(id = 1", "')'"),
        ("id = 1)", "'and' or 'or'"),
        ("direction = c", "a2b or b2a"),
        ("user < 3", "= or !="),
        ("id = 1; DROP TABLE item", "'and' or 'or'"),
        ("title = 'open", "a number or a text"),
        ("(" * 100 + "id = 1" + ")" * 100, "nesting"),
        ("not " * 100 + "id = 1", "nesting"),
        ("id = \x1b[31m", "a number"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_was_expected(text, told):
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert told in refused.value.message
    assert str(refused.value).isprintable()


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text):
    for condition in (text, f"title = {text}", f"id < {text} or title ~ {text!r}"):
        try:
            parse(condition)
        except UsageError:
            continue


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters='"'), max_size=30))
def test_a_quoted_value_is_bound_and_never_part_of_the_statement(text):
    condition = parse(f'title = "{text}"')
    assert condition.sql == "title IS ?"
    assert len(condition.values) == 1


def test_every_column_exists(project):
    for column in COLUMNS:
        value = {"direction": "a2b"}.get(column, "1")
        matching(project, f"{column} = {value}")
