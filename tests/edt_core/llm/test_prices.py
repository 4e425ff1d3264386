"""Tokens to dollars, and the cap on them."""

import pytest

from edt_core.errors import BudgetReached, UsageError
from edt_core.llm.prices import PRICES, CostCap, Price, cost

TEN = {"m": Price(10.0, 100.0, "2026-01")}


def test_tokens_of_each_kind_have_their_price():
    assert cost("m", 1000, 10, TEN) == pytest.approx(0.011)


def test_an_unknown_price_is_not_zero():
    assert cost("never heard of", 5, 5) is None


def test_every_listed_price_says_when_it_was_read():
    assert all(price.asked >= "2024-01" for price in PRICES.values())


def test_the_cap_counts_the_dearest_that_a_call_can_be():
    cap = CostCap("m", cap=0.02, prices=TEN)
    assert cap.reserve("x" * 500, 100) == pytest.approx(0.015)
    with pytest.raises(BudgetReached, match="cost cap"):
        cap.reserve("x" * 500, 100)


def test_what_was_not_spent_is_free_again():
    cap = CostCap("m", cap=0.02, prices=TEN)
    cap.settle(cap.reserve("x" * 500, 100), 0.001)
    assert cap.reserve("x" * 500, 100) > 0


def test_a_call_of_unknown_cost_counts_in_full():
    cap = CostCap("m", cap=0.02, prices=TEN)
    cap.settle(cap.reserve("x" * 500, 100), None)
    with pytest.raises(BudgetReached):
        cap.reserve("x" * 500, 100)


def test_what_was_spent_before_counts():
    with pytest.raises(BudgetReached):
        CostCap("m", cap=0.02, spent=0.019, prices=TEN).reserve("x" * 500, 100)


def test_no_cap_without_a_price():
    with pytest.raises(UsageError, match="No price"):
        CostCap("never heard of", cap=1.0)
