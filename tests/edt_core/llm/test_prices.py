"""Whose price counts, tokens to dollars, and the cap on them."""

import asyncio
import random

import pytest

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.errors import BudgetReached, InputError
from edt_core.llm import prices
from edt_core.llm.prices import Entry, ModelPurse, Price, Till, find_price, price_of, read_entries

TEN = Price(input=10.0, cached_input=1.0, output=100.0, batch_discount=0.5)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """No price of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def entry(host, *models, price=1.0):
    return Entry(host=host, models=models, input=price, output=price)


def test_tokens_of_each_kind_have_their_price():
    assert TEN.of(1000, 10) == pytest.approx(0.011)
    assert TEN.of(1000, 10, 400) == pytest.approx((600 * 10 + 400 * 1 + 10 * 100) / 1e6)
    assert TEN.of(1000, 10, batch=True) == pytest.approx(0.0055)
    assert Price(input=10.0).of(1000, 0, 1000) == pytest.approx(0.01)  # no cheaper cache is known


def test_more_cached_tokens_than_tokens_never_make_a_call_cheaper_than_its_prompt():
    assert TEN.of(100, 0, 10**8) == pytest.approx(100 / 1e6)


def test_every_price_of_the_package_says_when_and_where_it_was_read():
    assert all(line.as_of >= "2026" and line.source for line in prices.package_entries())


def test_a_known_model_has_a_price_at_its_vendor_alone():
    here = LlmSettings(provider="openai", model="gpt-4o-mini")
    assert price_of(here).output == 0.60
    assert price_of(here.model_copy(update={"model": "gpt-4o-mini-2024-07-18"})).output == 0.60
    assert price_of(here.model_copy(update={"base_url": "https://other.example/v1"})) is None
    assert price_of(here.model_copy(update={"model": "gpt-4o-mini-audio"})) is None
    embedding = EmbeddingSettings(provider="openai", model="text-embedding-3-small")
    assert price_of(embedding).input == 0.02


def test_a_server_of_ones_own_is_free_in_ones_own_network_alone():
    assert price_of(LlmSettings(provider="ollama", model="m")).of(1000, 1000) == 0.0
    near = LlmSettings(provider="vllm", model="m", base_url="http://192.168.1.7:8000/v1")
    assert price_of(near).input == 0.0
    assert price_of(near.model_copy(update={"base_url": "https://rented.example/v1"})) is None
    unnamed = LlmSettings(provider="openai", model="m", base_url="http://127.0.0.1:4000/v1")
    assert price_of(unnamed) is None  # it may pass calls on to a vendor


def test_an_exact_name_goes_before_a_pattern():
    entries = [entry("h", "m-*", price=1.0), entry("h", "m-big", price=2.0)]
    assert find_price("h", "m-big", entries).input == 2.0
    assert find_price("h", "m-small", entries).input == 1.0
    assert find_price("g", "m-big", entries) is None


def test_what_a_user_states_goes_first(own_folder):
    table = own_folder / "edt" / "prices.toml"
    table.parent.mkdir()
    table.write_text(
        'currency = "USD"\n[[prices]]\nhost = "*"\nmodels = ["gpt-4o*"]\ninput = 7\noutput = 8\n'
    )
    assert prices.user_table() == table
    settings = LlmSettings(provider="openai", model="gpt-4o-mini")
    assert price_of(settings).input == 7
    stated = settings.model_copy(update={"price_input": 3.0, "price_output": 4.0})
    assert (price_of(stated).input, price_of(stated).output) == (3.0, 4.0)
    assert price_of(settings.model_copy(update={"price_input": 3.0})).input == 7  # half a price


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency =", "Invalid"),
        ('currency = "CNY"', "currency"),
        ('[[prices]]\nhost = "h"', "currency"),
        ('currency = "USD"\n[[prices]]\nhost = "h"\nmodels = ["m"]\ninput = -1', "prices.0.input"),
        ('currency = "USD"\n[[prices]]\nhost = "h"\nmodels = ["m"]\nprompt = 1', "prices.0"),
    ],
)
def test_a_table_that_is_none_is_one_clear_error(text, said):
    with pytest.raises(InputError, match="The prices in mine") as caught:
        read_entries(text, "mine.toml")
    assert said in str(caught.value)


def take(till, text="x" * 500, tokens=100):
    return asyncio.run(ModelPurse(TEN, till).reserve(text, tokens))


def test_the_cap_counts_the_dearest_that_a_call_can_be():
    till = Till(0.02)
    held = take(till)
    assert held == pytest.approx(0.015)
    till.settle(held, 0.015)
    with pytest.raises(BudgetReached, match="cost cap"):
        take(till)
    assert take(till, "x", 1) > 0  # a smaller one still fits


def test_a_call_waits_for_what_those_in_flight_leave():
    async def two():
        till = Till(0.02)
        purse = ModelPurse(TEN, till)
        first = await purse.reserve("x" * 500, 100)
        second = asyncio.ensure_future(purse.reserve("x" * 500, 100))
        await asyncio.sleep(0.1)
        assert not second.done()
        till.settle(first, 0.001)
        return till, await second

    till, held = asyncio.run(two())
    assert till.spent + held <= till.cap


def test_a_call_of_unknown_cost_counts_in_full_and_is_named():
    till = Till(0.02)
    till.settle(take(till), None)
    assert till.total == "$0.0150, the cost of 1 calls unknown"
    with pytest.raises(BudgetReached):
        take(till)


def test_a_till_without_a_cap_only_counts():
    till = Till()
    assert till.total == ""
    till.settle(take(till), 0.5)
    unpriced = ModelPurse(None, till)
    till.settle(asyncio.run(unpriced.reserve("x" * 10**6, 10**6)), None)
    assert till.total == "$0.5000, the cost of 1 calls unknown"


@pytest.mark.parametrize("seed", range(50))
def test_many_at_once_never_pass_the_cap(seed):
    rng = random.Random(seed)
    till = Till(rng.uniform(0.0, 0.5))
    refused = []

    async def caller():
        for _ in range(20):
            most = rng.uniform(0.001, 0.03)
            try:
                held = await till.reserve(most)
            except BudgetReached:
                refused.append(most)
                return
            assert till.spent + till.held <= till.cap + 1e-12
            await asyncio.sleep(0)
            till.settle(held, rng.choice([None, 0.0, rng.uniform(0.0, most)]))

    async def all_of_them():
        await asyncio.gather(*(caller() for _ in range(8)))

    asyncio.run(all_of_them())
    assert till.spent <= till.cap + 1e-12
    assert till.held == 0.0
    assert all(till.spent + most > till.cap for most in refused)
