"""The form in which an answer is asked for."""

import json

import pytest

from edt_core.llm.chat_bodies import (
    IGNORED,
    Forms,
    Parameters,
    extra_named,
    strict_schema,
    with_form,
)
from edt_core.llm.in_flight import Reply
from edt_core.llm.replies import GeneratedItems

BODY = {"model": "o9", "messages": [], "temperature": 0.5, "max_tokens": 1024}
RENAME = (
    "The service answers 400: Unsupported parameter: 'max_tokens' is not supported with this model."
    " Use 'max_completion_tokens' instead."
)
COLD = (
    "The service answers 400: Unsupported value: 'temperature' does not support 0.5 with this"
    " model. Only the default (1) value is supported."
)


def test_the_schema_needs_every_key_and_allows_no_other():
    schema = strict_schema(GeneratedItems)
    item = schema["properties"]["items"]["items"]
    assert schema["required"] == ["items"]
    assert item["required"] == ["title", "brand", "date", "price", "categories", "description"]
    assert item["additionalProperties"] is False
    assert "$ref" not in json.dumps(schema)


def test_each_form_is_asked_for_in_its_own_words_and_plain_text_in_none():
    types = [
        with_form({"model": "m"}, GeneratedItems, form).get("response_format", {}).get("type")
        for form in ("schema", "json", "text")
    ]
    assert types == ["json_schema", "json_object", None]
    assert with_form({"model": "m"}, None, "schema") == {"model": "m"}


@pytest.fixture
def notes():
    return []


def test_a_refused_form_steps_down_once_and_is_said(notes):
    forms = Forms("schema", notes.append)
    refusal = (0, 400, "response_format is not supported", "generate")
    assert forms.refused(*refusal)
    assert forms.refused(*refusal)  # one that was in flight meanwhile: it asks again as well
    assert forms.rung == 1
    assert [note.text for note in notes] == [
        "The service takes no JSON schema; it is asked for JSON mode."
    ]
    assert not forms.refused(1, 400, "maximum context length", "generate")
    assert not forms.refused(1, 500, "json_object", "generate")


def test_a_form_that_is_ignored_several_times_in_a_row_is_not_asked_for_any_more(notes):
    forms = Forms("schema", notes.append)
    for text in ["Sure! A lamp."] * (IGNORED - 1) + ['{"items": []}'] + ["A lamp."] * (IGNORED - 1):
        forms.heard(0, Reply(text=text), GeneratedItems, "generate")
    forms.heard(0, Reply(text='Here: [{"title": "Lamp"}]'), GeneratedItems, "generate")  # readable
    forms.heard(0, Reply(text="A la", cut=True), GeneratedItems, "generate")
    assert forms.rung == 0
    for _ in range(2 * IGNORED):  # half of them were asked for at the rung above
        forms.heard(0, Reply(text="Sure! A lamp."), GeneratedItems, "generate")
    assert forms.rung == 1
    assert [note.text for note in notes] == [
        "The service takes JSON schema and ignores it; it is asked for JSON mode."
    ]


def test_max_tokens_is_renamed_and_the_temperature_left_out_as_the_model_wants_it(notes):
    parameters = Parameters(notes.append)
    assert parameters.sent(BODY) == BODY
    for _ in range(2):
        assert parameters.refused(BODY, 400, RENAME, "generate")
    renamed = parameters.sent(BODY)
    assert renamed == {
        "model": "o9", "messages": [], "temperature": 0.5, "max_completion_tokens": 1024,
    }  # fmt: skip
    assert not parameters.refused(renamed, 400, RENAME, "generate")  # it was no help
    assert parameters.refused(renamed, 400, COLD, "generate")
    assert parameters.sent(BODY).keys() == {"model", "messages", "max_completion_tokens"}
    assert [note.text for note in notes] == [
        "The model takes no max_tokens; it is sent max_completion_tokens.",
        "The model takes no temperature of ours: llm.temperature is not sent.",
    ]


def test_other_refusals_change_no_parameter(notes):
    parameters = Parameters(notes.append)
    for reason in (
        "The service answers 400: temperature must be at most 1",
        "The service answers 400: max_tokens is too large: 99999",
    ):
        assert not parameters.refused(BODY, 400, reason, "generate")
    assert not parameters.refused(BODY, 500, RENAME, "generate")
    assert parameters.sent(BODY) == BODY
    assert not notes


@pytest.mark.parametrize(
    ("reason", "named"),
    [
        ("Unrecognized request argument supplied: effort", "effort"),
        ("Unknown parameter: 'effort.level'.", "effort"),
        ("Invalid value: 'huge' (effort)", "effort"),
        ("this effort of yours is too long", ""),
        ("Unknown parameter: 'max_tokens'", ""),
    ],
)
def test_a_field_of_the_users_own_is_found_in_a_refusal(reason, named):
    assert extra_named({**BODY, "effort": "huge"}, reason) == named


def test_below_plain_text_there_is_nothing_to_ask_for():
    forms = Forms("text", lambda event: None)
    assert not forms.refused(2, 400, "response_format is not supported", "generate")
