"""Which address, whose key."""

import pytest

from edt_core.config import Config, EmbeddingSettings, LlmSettings
from edt_core.errors import UsageError
from edt_core.llm.openai_chat import OpenAIChat, endpoint
from edt_core.llm.presets import PRESETS, address_of, form_of, is_near, is_openais, key_names


@pytest.mark.parametrize("provider", sorted(PRESETS.keys() - {"azure"}))
def test_a_preset_needs_no_address(provider):
    settings = LlmSettings(provider=provider, model="m")
    assert address_of("llm", settings) == PRESETS[provider].address
    given = settings.model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    assert address_of("llm", given) == "http://127.0.0.1:9/v1"


def test_every_provider_that_can_be_set_is_known():
    chat = LlmSettings.model_fields["provider"].annotation.__args__
    texts = EmbeddingSettings.model_fields["provider"].annotation.__args__
    assert set(chat) - {"stand-in"} == PRESETS.keys()
    assert set(texts) - {"embedded", "minilm", "sentence-transformers"} == PRESETS.keys() - {
        "deepseek"
    }


def test_azure_asks_for_an_address_and_a_version():
    with pytest.raises(UsageError, match="base_url"):
        endpoint(LlmSettings(provider="azure", model="m"))
    there = LlmSettings(provider="azure", model="m", base_url="https://mine.openai.azure.com")
    with pytest.raises(UsageError, match="api_version"):
        endpoint(there)
    assert endpoint(there.model_copy(update={"api_version": "2024-10-21"})).api_version
    same = there.base_url + "/openai/v1"
    assert endpoint(there.model_copy(update={"base_url": same})).api_version == ""


@pytest.mark.parametrize(
    ("provider", "address", "vendors"),
    [
        ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("openai", "https://eu.api.openai.com/v1", "OPENAI_API_KEY"),
        ("openai", "https://api.deepseek.com", None),
        ("openai", "https://openai.com.evil.example/v1", None),
        ("openai", "https://notopenai.com/v1", None),
        ("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
        ("azure", "https://mine.openai.azure.com", "AZURE_OPENAI_API_KEY"),
        ("vllm", "http://10.0.0.2:8000/v1", "VLLM_API_KEY"),
        ("openai", "http://api.openai.com/v1", None),
        ("deepseek", "http://api.deepseek.com/v1", None),
        ("vllm", "http://gpu.example.org:8000/v1", None),
        ("vllm", "https://gpu.example.org:8000/v1", "VLLM_API_KEY"),
    ],
)
def test_a_vendors_key_goes_to_the_vendor_alone(provider, address, vendors):
    names = key_names("llm", provider, address)
    assert names[0] == "EDT_LLM_KEY"
    assert set(names) - {"EDT_LLM_KEY", "EDT_LLM_API_KEY"} == ({vendors} if vendors else set())


def test_whose_address_is_openais():
    assert is_openais("https://eu.api.openai.com/v1")
    assert not is_openais("https://openai.com.evil.example/v1")
    assert not is_openais("https://mine.openai.azure.com")


def test_a_choice_of_preset_changes_no_answer():
    deepseek = LlmSettings(provider="deepseek", model="m")
    spelt = LlmSettings(provider="openai", model="m", base_url="https://api.deepseek.com/v1")
    assert deepseek.choice == spelt.choice
    vllm = EmbeddingSettings(provider="vllm", model="m")
    assert vllm.choice == EmbeddingSettings(provider="openai", model="m").choice


def test_the_ladder_starts_where_the_provider_is_known_to_stand(server):
    where = endpoint(LlmSettings(provider="openai", model="m", base_url=server.url))
    assert OpenAIChat(where)._forms.rung == 0
    assert OpenAIChat(where, PRESETS["deepseek"].form)._forms.rung == 1


def test_a_form_that_the_user_names_goes_before_the_presets_and_changes_no_answer():
    named = LlmSettings(provider="deepseek", model="m", answer_form="schema")
    assert (form_of(named), form_of(LlmSettings(provider="deepseek"))) == ("schema", "json")
    assert form_of(LlmSettings(provider="vllm", answer_form="text")) == "text"
    assert named.choice == LlmSettings(provider="deepseek", model="m").choice


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("http://127.0.0.1/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://gpu-box:8000/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://[::1]/v1", True),
        ("https://8.8.8.8/v1", False),
        ("https://example.org/v1", False),
    ],
)
def test_what_is_near(address, near):
    assert is_near(address) is near


@pytest.mark.parametrize(
    "address",
    [
        "example.org/v1",
        "http://me:secret@127.0.0.1/v1",
        "https://example.org/v1?api-key=secret",
        "file:///x",
    ],
)
@pytest.mark.parametrize("section", ["llm", "embedding"])
def test_an_address_that_is_none_or_holds_a_key_is_not_even_kept(section, address):
    with pytest.raises(UsageError, match=f"{section}.base_url") as caught:
        Config().changed({f"{section}.base_url": address})
    assert "secret" not in str(caught.value)
