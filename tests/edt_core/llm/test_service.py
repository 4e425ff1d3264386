"""Keys and addresses; what comes over the wire is tested with chat and embeddings."""

import asyncio

import pytest

from edt_core.errors import LlmUnavailable
from edt_core.llm.service import Endpoint, Service

NAMES = ("EDT_FIRST_KEY", "EDT_SECOND_KEY")


def opened(base_url="http://127.0.0.1:9/v1", concurrency=8):
    """The key that the service's client holds."""

    async def keys():
        service = Service(Endpoint("llm", base_url, NAMES, concurrency=concurrency))
        await service.open()
        found = service._client.api_key
        await service.close()
        return found

    return asyncio.run(keys())


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_first_key_that_is_set_counts(monkeypatch):
    monkeypatch.setenv("EDT_SECOND_KEY", "second")
    assert opened() == "second"
    monkeypatch.setenv("EDT_FIRST_KEY", " first ")
    assert opened() == "first"


def test_a_service_on_this_machine_needs_no_key():
    assert opened("http://localhost:9/v1") == "no-key-needed"


def test_a_service_elsewhere_does():
    with pytest.raises(LlmUnavailable, match=r"no key for example\.org"):
        opened("https://example.org/v1")


def test_no_vendors_key_goes_over_plain_http(monkeypatch):
    where = Endpoint("llm", "http://api.openai.com/v1", NAMES)
    with pytest.raises(LlmUnavailable, match="no key") as caught:
        asyncio.run(Service(where).open())
    assert "https in llm.base_url" in caught.value.hint
