"""How the rows of a packed batch lie: tokens one after another, never padded (3.3.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edt_core.data.sequences import Ints, Sequences, offsets_of

SHORT = 8
"""Rows up to this length share a bucket: padding them costs less than one more round of kernels."""

SPREAD = {"cpu": 1.4, "cuda": 25.0}
"""Within a bucket no row is longer than this times its shortest one, by device.

A GPU multiplies padding for next to nothing; what it waits for is one more round of kernels.
"""


@dataclass(frozen=True)
class Bucket:
    """Neighbouring rows of similar length, the only place where rows are padded."""

    start: int
    """The first token of the bucket in the packed batch."""
    stop: int
    padded: Tensor
    """The token, from ``start``, of every cell, ``[b, L]``; padding repeats the last one."""
    cells: Tensor
    """The flat cell of every token, ``[stop - start]``."""
    real: Tensor
    """Which cells hold a token, ``[b, L]``."""

    def spread(self, tokens: Tensor) -> Tensor:
        """Packed tokens of the whole batch ``[T, w]`` as this bucket's rows ``[b, L, w]``."""
        return torch.nn.functional.embedding(self.padded, tokens[self.start : self.stop])

    def collect(self, rows: Tensor) -> Tensor:
        """Rows ``[b, L, w]`` back to packed tokens ``[stop - start, w]``."""
        return torch.nn.functional.embedding(self.cells, rows.flatten(0, 1))


@dataclass(frozen=True)
class Layout:
    """Rows of a packed batch, shortest first, and their tokens' positions."""

    lengths: Tensor
    """Tokens per row, ascending, at least 1, on the CPU, ``[B]``."""
    positions: Tensor
    """Position of every token in its row, 0 for the oldest, ``[T]``."""
    last: Tensor
    """The last token of every row, ``[B]``."""
    buckets: tuple[Bucket, ...]


class Encoder(Protocol):
    """A backbone f of Eq. 8: one state for every token of a packed batch."""

    def __call__(self, inputs: Tensor, layout: Layout) -> Tensor:
        """Item vectors ``[T, d]`` (already scaled) to states ``[T, d]``."""


def layout_of(lengths: Ints, device: str | torch.device = "cpu") -> Layout:
    """The layout of rows with these lengths ``[B]``, which must be positive and ascending."""
    assert np.all(np.diff(lengths) >= 0), "rows come shortest first"
    assert lengths[0] > 0, "an empty row has no state"
    offsets = offsets_of(lengths)
    positions = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    return Layout(
        torch.from_numpy(lengths),
        on(device, positions),
        on(device, offsets[1:] - 1),
        tuple(_buckets(lengths, offsets, torch.device(device))),
    )


def on(device: str | torch.device, values: NDArray[Any]) -> Tensor:
    """An array on the device; its copy to a GPU does not wait for the work before it."""
    tensor = torch.from_numpy(values)
    if torch.device(device).type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor


def _buckets(lengths: Ints, offsets: Ints, device: torch.device) -> Iterator[Bucket]:
    spread = SPREAD[device.type]
    first = 0
    while first < len(lengths):
        limit = max(SHORT, int(lengths[first] * spread))
        stop = int(np.searchsorted(lengths, limit, side="right"))
        inside = lengths[first:stop]
        columns = np.arange(inside[-1])
        starts = offsets[first:stop] - offsets[first]
        real = columns < inside[:, None]
        padded = starts[:, None] + np.minimum(columns, inside[:, None] - 1)
        yield Bucket(
            int(offsets[first]),
            int(offsets[stop]),
            on(device, padded),
            on(device, np.flatnonzero(real)),
            on(device, real),
        )
        first = stop


def spans(starts: Ints, lengths: Ints) -> Ints:
    """The numbers ``starts[i] .. starts[i] + lengths[i] - 1`` of every i, one after another."""
    shifts = starts - offsets_of(lengths)[:-1]
    return np.repeat(shifts, lengths) + np.arange(lengths.sum())


def newest(sequences: Sequences, max_length: int) -> tuple[Sequences, Ints]:
    """Every user's newest events, and which event of ``sequences`` each of them is."""
    lengths = np.minimum(sequences.lengths, max_length)
    events = spans(sequences.offsets[1:] - lengths, lengths)
    return Sequences(sequences.items[events], offsets_of(lengths)), events


def by_length(lengths: Ints, most_tokens: int) -> Iterator[Ints]:
    """Rows of positive length, shortest first, in groups of about ``most_tokens`` tokens."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    group = np.cumsum(lengths[order]) // most_tokens
    yield from np.split(order, np.flatnonzero(np.diff(group)) + 1) if len(order) else ()
