"""The form in which an answer is asked for."""

import json

from edt_core.llm.chat_bodies import Forms, strict_schema, with_form
from edt_core.llm.replies import GeneratedItems


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


REFUSED = (400, "response_format is not supported")


def test_a_refused_form_is_asked_for_no_more_and_that_is_said_once():
    told = []
    forms = Forms("schema", told.append)
    assert forms.refused(0, *REFUSED, "generate")
    assert forms.refused(0, *REFUSED, "generate")  # one that was sent before the step down
    assert forms.sent({"model": "m"}, GeneratedItems)["response_format"]["type"] == "json_object"
    assert [event.text for event in told] == [
        "The service takes no JSON schema; it is asked for JSON mode."
    ]


def test_below_plain_text_there_is_nothing_to_ask_for():
    forms = Forms("text", lambda event: None)
    assert not forms.refused(2, *REFUSED, "generate")
    assert not Forms("schema", lambda event: None).refused(0, 400, "too long", "generate")
