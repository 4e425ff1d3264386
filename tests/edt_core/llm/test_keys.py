"""Keys come from the environment or the keyring, and stay there."""

import sys
from types import SimpleNamespace

import pytest

from edt_core.llm import keys

NAMES = ("EDT_LLM_KEY", "OPENAI_API_KEY")
ADDRESS = "https://api.openai.com/v1"


@pytest.fixture
def keyring(monkeypatch):
    """A system keyring with one key, for one host."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    kept = {("edt", "api.openai.com"): "sk-kept"}
    module = SimpleNamespace(get_password=lambda service, user: kept.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setattr(keys, "has_keyring", lambda: True)
    return module


def test_the_environment_goes_first_in_its_order(keyring, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " sk-vendor ")
    assert keys.find_key(NAMES, ADDRESS) == ("sk-vendor", "OPENAI_API_KEY")
    monkeypatch.setenv("EDT_LLM_KEY", "sk-own")
    assert keys.find_key(NAMES, ADDRESS) == ("sk-own", "EDT_LLM_KEY")


def test_the_keyring_gives_a_key_to_its_host_alone(keyring):
    key, where = keys.find_key(NAMES, ADDRESS)
    assert key == "sk-kept"
    assert "keyring" in where
    assert key not in where
    assert keys.find_key(NAMES, "https://other.example/v1") == ("", "")
    assert keys.find_key(NAMES, "http://api.openai.com/v1") == ("", "")


def test_a_keyring_that_fails_or_is_missing_is_no_key(keyring, monkeypatch):
    def locked(service, user):
        raise RuntimeError("locked")

    keyring.get_password = locked
    assert keys.find_key(NAMES, ADDRESS) == ("", "")
    monkeypatch.setattr(keys, "has_keyring", lambda: False)
    monkeypatch.delitem(sys.modules, "keyring")
    assert keys.find_key(NAMES, ADDRESS) == ("", "")
