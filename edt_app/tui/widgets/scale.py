"""Axes: round ranges and ticks, short numbers, and the smoothing of a curve."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Range = tuple[float, float]

NO_VALUE = "-"


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts ``span`` into ``most`` or less."""
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 5.0):
        if rough <= factor * power * (1 + 1e-9):
            return factor * power
    return 10.0 * power


def rounded(low: float, high: float, parts: int = 16) -> Range:
    """A range around ``low`` and ``high`` on round numbers, so that it moves seldom."""
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # equal but for rounding, as when smoothed
        room = abs(low) / 2 or 0.5
        low, high = low - room, high + room
    step = nice_step(high - low, parts)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` + 1 round numbers inside the range."""
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [at * step for at in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Powers of ten inside a range of exponents, with their double and fivefold where they fit."""
    powers = [float(power) for power in range(math.floor(low), math.ceil(high) + 1)]
    fine = [power + math.log10(factor) for power in powers for factor in (1, 2, 5)]
    inside = [[at for at in some if low <= at <= high] for some in (fine, powers)]
    if 2 <= len(inside[0]) <= most + 1:
        return inside[0]
    every = max(1, math.ceil(len(inside[1]) / (most + 1)))
    return inside[1][::every] if len(inside[1]) >= 2 else ticks(low, high, most)


def short(value: float) -> str:
    """A number in at most seven letters: 0.2131, 36.2k, 1.5M, 2e-06."""
    if not math.isfinite(value):
        return NO_VALUE
    size = abs(value)
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= unit:
            return f"{value / (1e3 if letter == 'k' else unit):.3g}{letter}"
    if size and size < 1e-3:
        return f"{value:.2g}"
    return f"{value:.4g}"


def ema(y: Floats, weight: float) -> Floats:
    """The exponential moving average that keeps ``weight`` of the past, corrected for its start.

    Points that are not finite stay gaps and do not count. Blocks keep the powers within range.
    """
    known = np.isfinite(y)
    values = y[known]
    if not 0 < weight < 1 or not len(values):
        return y
    block = max(1, min(len(values), int(-200 / math.log(weight))))
    decay = weight ** np.arange(1, block + 1)
    smooth = np.empty_like(values)
    carried = 0.0
    for start in range(0, len(values), block):
        part = values[start : start + block]
        fade = decay[: len(part)]
        smooth[start : start + block] = fade * (carried + (1 - weight) * np.cumsum(part / fade))
        carried = float(smooth[start + len(part) - 1])
    result = np.full_like(y, np.nan)
    result[known] = smooth / (1 - weight ** np.arange(1, len(values) + 1))
    return result
