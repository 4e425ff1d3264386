"""Settings of services: what enters a fingerprint, and what is refused before it is kept."""

import pytest

from edt_core.config import Config
from edt_core.errors import UsageError

PAID = {"llm.provider": "openai", "llm.model": "m"}


def test_extra_fields_are_kept_in_one_spelling_and_change_the_choice():
    config = Config().changed({**PAID, "llm.extra": ' {"b": [1], "a": "é"} '})
    assert config.llm.extra == '{"a": "é", "b": [1]}'
    assert config.llm.choice.fields == {"a": "é", "b": [1]}
    assert config.llm.choice != Config().changed(PAID).llm.choice
    assert config.changed({"llm.extra": "{}"}).llm.choice == Config().changed(PAID).llm.choice


def test_without_extra_fields_a_choice_is_written_as_it_ever_was():
    told = Config().changed(PAID).llm.choice.model_dump(mode="json")
    assert told == {
        "provider": "openai", "model": "m", "temperature": 0.5, "max_tokens": 1024,
        "repair_attempts": 2,
    }  # fmt: skip
    assert "extra" in Config().changed({**PAID, "llm.extra": '{"a":1}'}).llm.choice.model_dump()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reasoning_effort=low", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"a": NaN}', "no JSON object"),
        ("[" * 1000, "no JSON object"),
        ('{"temperature": 1}', "llm.temperature"),
        ('{"max_completion_tokens": 9}', "not to be set"),
        ('{"n": 2}', "not to be set"),
        ('{"a": [{"API-Key": "sk-canary"}]}', "keys come from the environment"),
    ],
)
def test_what_is_no_extra_field_is_refused(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        Config().changed({"llm.extra": text})
    assert "canary" not in str(caught.value)
