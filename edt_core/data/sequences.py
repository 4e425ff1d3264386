"""Domains and packed sequences (section 2)."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class Domain(IntEnum):
    """The two domains; their real names stand in the dataset alone."""

    A = 0
    B = 1

    @property
    def other(self) -> "Domain":
        """The domain on the other side of the bridge."""
        return Domain(1 - self)


BOTH = "all"
"""What the metrics over both domains are stored under, so that no domain may be called this."""


@dataclass(frozen=True)
class Sequences:
    """One packed sequence per user, oldest event first. Never padded.

    User ``u``'s items are ``items[offsets[u]:offsets[u + 1]]``. An item is its key: one integer
    over both domains and over real and generated items, from 0 (real items of A, then real items
    of B, then generated ones).
    """

    items: Ints
    """Item keys, ``[T]``."""
    offsets: Ints
    """Where each user's sequence starts, ``[U + 1]``, from 0 to T."""

    @property
    def n_users(self) -> int:
        """U."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Events per user, ``[U]``."""
        return np.diff(self.offsets)

    def of(self, user: int) -> Ints:
        """One user's items, oldest first (a view)."""
        return self.items[self.offsets[user] : self.offsets[user + 1]]

    def users(self) -> Ints:
        """The user of every event, ``[T]``."""
        return np.repeat(np.arange(self.n_users), self.lengths)

    def where(self, kept: Flags) -> "Sequences":
        """The same users with only the events that ``kept`` (``[T]``) marks, order unchanged."""
        counts = np.bincount(self.users()[kept], minlength=self.n_users)
        return Sequences(self.items[kept], offsets_of(counts))


def offsets_of(lengths: Ints) -> Ints:
    """Offsets ``[U + 1]`` of packed rows with these lengths ``[U]``."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def pack(rows: list[list[int]]) -> Sequences:
    """Sequences from one list of item keys per user (for tests and small inputs)."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    items = np.array([item for row in rows for item in row], dtype=np.int64)
    return Sequences(items, offsets_of(lengths))


def domain_counts(sequences: Sequences, item_domain: Ints) -> Ints:
    """Events per user and domain, ``[U, 2]``; ``item_domain`` gives every key's domain, ``[N]``."""
    counts = np.zeros((sequences.n_users, 2), dtype=np.int64)
    np.add.at(counts, (sequences.users(), item_domain[sequences.items]), 1)
    return counts


def domain_ratio(counts: Ints) -> NDArray[np.float64]:
    """The ratio r of section 1, |n_A - n_B| / (n_A + n_B), ``[U]``; 0 for a user without events."""
    total = counts.sum(axis=1)
    difference = np.abs(counts[:, 0] - counts[:, 1])
    ratios: NDArray[np.float64] = difference / np.maximum(total, 1)
    return ratios
