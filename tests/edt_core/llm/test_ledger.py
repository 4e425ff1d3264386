"""What a question is known by."""

from edt_core.llm.ledger import Attempt, content_key


def test_provider_body_and_identity_each_change_the_key():
    keys = {
        content_key("openai", "{}"),
        content_key("stand-in", "{}"),
        content_key("openai", "[]"),
        content_key("openai", "{}", "catalogue"),
    }
    assert len(keys) == 4
    assert content_key("openai", "{}") in keys
    assert all(len(key) == 40 for key in keys)


def test_a_lone_surrogate_has_a_key_too():
    assert content_key("openai", "\ud800") != content_key("openai", "\ud801")


def test_an_error_status_is_a_try_that_was_turned_away():
    assert Attempt(0.1, "busy", 429).turned_away
    assert not Attempt(0.1, "no answer").turned_away
    assert not Attempt(0.1, status=200).turned_away
