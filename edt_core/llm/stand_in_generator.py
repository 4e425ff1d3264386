"""The embedded stand-in of the sample generator (3.2.1): a retrieval over the catalogue, no LLM.

It answers the generation question in the language model's own JSON. For a user's representatives it
finds the real items of the target domain that go with them, and writes a variant of each: a new
record near the found one. An item has one variant, so that users who share a taste share items.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from edt_core.data.catalogue import Catalogue, normalised_title
from edt_core.data.sequences import Domain, Floats, Ints, Sequences
from edt_core.data.vectors import unit_rows
from edt_core.ports import Question

# Choice: set once by how often the five best found items hold a user's validation item
SOURCE_TOGETHER = 0.5
"""Weight of being taken by the users who took the source representatives."""
TARGET_TOGETHER = 1.0
"""Weight of being taken by the users who took the target representatives."""
TARGET_TEXT = 1.0
"""Weight of the text similarity to the target representatives."""
SOURCE_TEXT = 0.2
"""Weight of the text similarity to the source representatives: decides where nothing else does."""
_ALGORITHM = 1  # raised by hand when equal data would be answered otherwise
_SHRINK = 3.0
_AT_ONCE = 256
_LONGEST_CORE = 250
_LONGEST_DESCRIPTION = 500


@dataclass
class CatalogueGenerator:
    """Answers generation questions from the catalogue and the training histories alone.

    Choice: a target item's score is a weighted sum of four parts: co-occurrence with the source and
    with the target representatives (the shrunk cosine of the items' sets of users, summed, and
    scaled to at most 1 for a user), and the text's cosine to the mean of either. Items that the
    user has come last.
    """

    catalogue: Catalogue
    histories: Sequences
    """Training parts alone."""
    vectors: Floats
    """Item embeddings ``[N, E]``, rows of length 1."""
    _written: dict[int, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def identity(self) -> str:
        """A digest of all that an answer depends on beside its question."""
        digest = hashlib.sha256(f"{_ALGORITHM}".encode())
        for array in (self.histories.items, self.histories.offsets, self.vectors):
            digest.update(np.ascontiguousarray(array).tobytes())
        catalogue = self.catalogue
        texts = [catalogue.titles, catalogue.brands, catalogue.categories, catalogue.descriptions]
        digest.update(json.dumps(texts, ensure_ascii=True).encode())
        return digest.hexdigest()[:16]

    def __call__(self, questions: Sequence[Question]) -> Iterator[str]:
        """One JSON answer a question, in order."""
        for start in range(0, len(questions), _AT_ONCE):
            some = questions[start : start + _AT_ONCE]
            found = [np.empty(0, dtype=np.int64)] * len(some)
            for target in Domain:
                asked = [row for row, q in enumerate(some) if q.about["target"] == target]
                if asked:
                    keys = self.retrieve([some[row] for row in asked], target)
                    for row, best in zip(asked, keys, strict=True):
                        found[row] = best
            self._write(np.concatenate(found))
            for best in found:
                records = [self._written[key] for key in best.tolist()]
                yield json.dumps({"items": records}, ensure_ascii=False)

    def retrieve(self, questions: Sequence[Question], target: Domain) -> list[Ints]:
        """Keys of the best real items of ``target`` for each question, best first."""
        keys = self.catalogue.keys_of(target)
        if not len(keys):
            return [keys] * len(questions)
        users = np.array([question.about["user"] for question in questions])
        sources = self._taken([question.about["source_keys"] for question in questions])
        targets = self._taken([question.about["target_keys"] for question in questions])
        across, inside = self._together[target]
        scores = SOURCE_TOGETHER * _scaled((sources @ across).toarray())
        scores += TARGET_TOGETHER * _scaled((targets @ inside).toarray())
        texts = TARGET_TEXT * unit_rows(targets @ self.vectors)
        texts += SOURCE_TEXT * unit_rows(sources @ self.vectors)
        scores += texts @ self.vectors[keys].T
        scores[self._by_user[users][:, keys].toarray() > 0] -= 10.0
        most = min(max(question.about["n"] for question in questions), len(keys))
        # whole numbers, the lowest key first on a tie: the same whatever batch a user is asked in
        standing = np.arange(len(keys)) - np.rint(scores * 1e4).astype(np.int64) * len(keys)
        best = np.argpartition(standing, most - 1, axis=1)[:, :most]
        order = np.take_along_axis(standing, best, axis=1).argsort(axis=1)
        best = keys[np.take_along_axis(best, order, axis=1)]
        return [row[: q.about["n"]] for row, q in zip(best, questions, strict=True)]

    def _taken(self, rows: list[list[int]]) -> Any:
        """A sparse 0/1 matrix ``[n, N]`` of keys per row."""
        from scipy.sparse import csr_matrix

        lengths = [len(row) for row in rows]
        columns = np.array([key for row in rows for key in row], dtype=np.int64)
        ends = np.concatenate(([0], np.cumsum(lengths)))
        ones = np.ones(len(columns), dtype=np.float32)
        return csr_matrix((ones, columns, ends), shape=(len(rows), len(self.catalogue)))

    @cached_property
    def _by_user(self) -> Any:
        """Which user has which item, ``[U, N]``, sparse."""
        from scipy.sparse import csr_matrix

        items = self.histories.items
        ones = np.ones(len(items), dtype=np.float32)
        shape = (self.histories.n_users, len(self.catalogue))
        matrix = csr_matrix((ones, items, self.histories.offsets), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix

    @cached_property
    def _together(self) -> dict[Domain, tuple[Any, Any]]:
        """Per target domain: co-occurrence of every item of the other and of this domain with it.

        Sparse ``[N, N_target]``: users in common, over the root of both counts plus a constant.
        """
        taken = self._by_user
        counts = np.asarray(taken.sum(axis=0)).ravel()
        found: dict[Domain, tuple[Any, Any]] = {}
        for target in Domain:
            keys = self.catalogue.keys_of(target)
            common = (taken.T @ taken[:, keys]).tocoo()
            scale = np.sqrt(counts[common.row] * counts[keys[common.col]]) + _SHRINK
            common.data = (common.data / scale).astype(np.float32)
            common.data[common.row == keys[common.col]] = 0.0
            rows = self.catalogue.domain[common.row]
            parts = []
            for domain in (target.other, target):
                part = common.copy()
                part.data = np.where(rows == domain, part.data, np.float32(0.0))
                part = part.tocsr()
                part.eliminate_zeros()
                parts.append(part)
            found[target] = (parts[0], parts[1])
        return found

    @cached_property
    def _real_titles(self) -> list[set[str]]:
        """The normalised titles of each domain."""
        titles: list[set[str]] = [set(), set()]
        for domain, title in zip(self.catalogue.domain, self.catalogue.titles, strict=True):
            titles[domain].add(normalised_title(title))
        return titles

    def _write(self, keys: Ints) -> None:
        """Write the variants of the items that have none yet."""
        new = np.array([key for key in np.unique(keys) if int(key) not in self._written])
        for domain in Domain:
            own = self.catalogue.keys_of(domain)
            some = new[self.catalogue.domain[new] == domain] if len(new) else new
            for start in range(0, len(some), 2 * _AT_ONCE):
                chunk = some[start : start + 2 * _AT_ONCE]
                near = self.vectors[chunk] @ self.vectors[own].T
                near[own == chunk[:, None]] = -2.0
                for key, neighbour in zip(
                    chunk.tolist(), own[near.round(4).argmax(axis=1)], strict=True
                ):
                    self._written[key] = self._variant(key, int(neighbour))

    def _variant(self, key: int, neighbour: int) -> dict[str, Any]:
        """A new record near the item ``key``, told apart by words of its nearest neighbour."""
        text = self.catalogue.text(key)
        domain = int(self.catalogue.domain[key])
        name = self.catalogue.domain_names[domain]
        core = text.title or text.brand or f"{name} item {self.catalogue.source_ids[key]}"
        return {
            "title": new_title(core, self.catalogue.titles[neighbour], self._real_titles[domain]),
            "brand": text.brand,
            "date": "",
            "price": text.price,
            "categories": list(text.categories),
            "description": text.description[:_LONGEST_DESCRIPTION],
        }


def new_title(core: str, neighbour: str, real: set[str]) -> str:
    """``core`` with up to two words of ``neighbour``, unlike every normalised title in ``real``."""
    core = core[:_LONGEST_CORE].rpartition(" ")[0] if len(core) > _LONGEST_CORE else core
    core = core or "Item"
    own = set(normalised_title(core).split())
    words = [word.strip(".,;:()[]\"'!&-") for word in neighbour.split()]
    fresh = [w for w in words if w.isalpha() and 3 <= len(w) <= 30 and w.casefold() not in own]
    for count in range(min(2, len(fresh)), 0, -1):
        title = f"{core}, {' '.join(fresh[-count:])}"
        if normalised_title(title) not in real:
            return title
    number = 2
    while normalised_title(f"{core}, Series {number}") in real:
        number += 1
    return f"{core}, Series {number}"


def _scaled(scores: Floats) -> Floats:
    """Rows of numbers from 0 up, each divided by its largest."""
    largest = scores.max(axis=1, keepdims=True, initial=0.0)
    scaled: Floats = np.divide(scores, largest, out=scores, where=largest > 0)
    return scaled
