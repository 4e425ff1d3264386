"""The form in which an answer is asked for."""

import json

from edt_core.llm.chat_bodies import stepped_down, strict_schema, with_form
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


def test_a_step_down_names_both_forms():
    assert stepped_down(0) == "The service takes no JSON schema; it is asked for JSON mode."
