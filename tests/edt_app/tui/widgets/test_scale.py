import math

import numpy as np
import pytest

from edt_app.tui.widgets.scale import ema, log_ticks, nice_step, rounded, short, ticks


@pytest.mark.parametrize(
    ("span", "most", "step"), [(10, 5, 2), (1, 4, 0.5), (0.07, 7, 0.01), (950, 10, 100)]
)
def test_steps_are_one_two_or_five(span, most, step) -> None:
    assert nice_step(span, most) == pytest.approx(step)


def test_ranges_are_round_and_hold_their_ends() -> None:
    assert rounded(0.13, 0.87) == pytest.approx((0.1, 0.9))
    assert rounded(3, 3) == pytest.approx((1.4, 4.6))
    assert rounded(0, 0) == pytest.approx((-0.5, 0.5))


def test_ticks_lie_inside() -> None:
    assert ticks(0.13, 0.87, 4) == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_log_ticks_are_powers_with_double_and_fivefold_where_they_fit() -> None:
    assert [round(10**at) for at in log_ticks(0, 1, 4)] == [1, 2, 5, 10]
    assert log_ticks(-6, 0, 3) == [-6, -4, -2, 0]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.21314, "0.2131"), (36_212, "36.2k"), (1.5e6, "1.5M"), (2e-6, "2e-06"), (0, "0"), (7, "7")],
)
def test_numbers_are_short(value, text) -> None:
    assert short(value) == text


def test_no_number_is_a_dash() -> None:
    assert short(float("nan")) == "-"


@pytest.mark.parametrize("weight", [0.1, 0.9, 0.999])
def test_the_average_is_the_one_made_step_by_step(weight) -> None:
    y = np.random.default_rng(1).normal(size=3000)
    y[[5, 6, 2000]] = np.nan
    kept, seen, slow = 0.0, 0, []
    for value in y:
        if np.isnan(value):
            slow.append(np.nan)
            continue
        kept, seen = weight * kept + (1 - weight) * value, seen + 1
        slow.append(kept / (1 - weight**seen))
    np.testing.assert_allclose(ema(y, weight), slow, rtol=1e-9, atol=1e-12)


def test_a_curve_that_is_flat_but_for_rounding_has_a_range():
    value = math.log10(75.0)
    low, high = rounded(value, math.nextafter(value, 2.0))
    assert low < value < high
