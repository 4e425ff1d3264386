"""The embedded stand-in for profile texts: extracts words from titles, and says that it does."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, zip_longest
from typing import Any

import numpy as np

from edt_core.data.sequences import Ints, offsets_of
from edt_core.ports import Question

SAYS_SO = "(extract, no language model)"
"""Stands in every text that the stand-in writes about a user."""

_WORD = re.compile(r"[^\W\d_]{3,30}")
_WORDS_A_CLUSTER = 8
_WORDS_A_DOMAIN = 25
_WORDS_A_USER = 60
_MARK = "frequent words: "
_AT_ONCE = 4096


class ProfileExtractor:
    """Answers summarize, reform, analyze and plain questions from the items' titles alone.

    Choice: a word's weight in a group is the number of the group's titles that hold it times the
    logarithm of how rare it is among all titles; words of a single title count a quarter.
    """

    def __init__(self, titles: Sequence[str]) -> None:
        """An extractor over the titles by item key, real and generated, ``[N + M]``."""
        self._titles = titles

    @cached_property
    def identity(self) -> str:
        """A digest of the titles: word weights depend on all of them."""
        text = "\0".join(self._titles).encode("utf-8", "replace")
        return hashlib.sha256(text).hexdigest()[:16]

    def __call__(self, questions: Sequence[Question]) -> Iterator[str]:
        """One text a question, in order."""
        for start in range(0, len(questions), _AT_ONCE):
            yield from self._answers(questions[start : start + _AT_ONCE])

    def _answers(self, questions: Sequence[Question]) -> Iterator[str]:
        salient = self._salient(
            [question.about.get("keys", np.zeros(0, dtype=np.int64)) for question in questions]
        )
        for question, words in zip(questions, salient, strict=True):
            about = question.about
            match question.template:
                case "summarize":
                    yield _summary(len(about["keys"]), about["domain"], words[:_WORDS_A_CLUSTER])
                case "plain":
                    yield _summary(len(about["keys"]), "shop", words)
                case "reform":
                    yield about["manual"]
                case "analyze":
                    yield _analysis(about)
                case _:
                    yield ""

    def _salient(self, rows: list[Ints]) -> list[list[str]]:
        """The weightiest words of each row of item keys, best first."""
        words, weights = self._weights
        groups = _indicator(rows, len(self._titles))
        product = (groups @ weights).tocsr()
        row = np.repeat(np.arange(len(rows)), np.diff(product.indptr))
        order = np.lexsort((product.indices, -product.data, row))
        place = np.arange(len(order)) - product.indptr[row]
        best = order[place < _WORDS_A_USER]
        counts = np.bincount(row[best], minlength=len(rows))
        found = [words[column] for column in product.indices[best]]
        ends = offsets_of(counts).tolist()
        return [found[ends[i] : ends[i + 1]] for i in range(len(rows))]

    @cached_property
    def _weights(self) -> tuple[list[str], Any]:
        """All words, and each title's word weights ``[N + M, V]``, sparse."""
        column_of: dict[str, int] = {}
        rows = [
            np.array(
                [column_of.setdefault(w, len(column_of)) for w in words(title)], dtype=np.int64
            )
            for title in self._titles
        ]
        matrix = _indicator(rows, max(len(column_of), 1))
        frequency = np.maximum(np.bincount(matrix.indices, minlength=matrix.shape[1]), 1)
        rarity = np.log((1.0 + len(rows)) / frequency) * np.where(frequency > 1, 1.0, 0.25)
        matrix.data = rarity[matrix.indices].astype(np.float32)
        return list(column_of), matrix


def words(title: str) -> list[str]:
    """A title's distinct words of three letters or more, in their order."""
    return list(dict.fromkeys(_WORD.findall(title.casefold())))


def _indicator(rows: list[Ints], width: int) -> Any:
    """A sparse 0/1 matrix ``[n, width]``."""
    from scipy.sparse import csr_matrix

    columns = np.concatenate([*rows, np.zeros(0, dtype=np.int64)])
    ends = offsets_of(np.array([len(row) for row in rows], dtype=np.int64))
    ones = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((ones, columns, ends), shape=(len(rows), width))


def _summary(n_items: int, domain: str, salient: list[str]) -> str:
    noun = "item" if n_items == 1 else "items"
    return f"{n_items} {domain} {noun}; {_MARK}{', '.join(salient) or 'none'} {SAYS_SO}"


def _analysis(about: Any) -> str:
    """The words of all summaries, taken in turn, by domain, and the note on the balance."""
    parts = []
    for name, summaries in zip(about["names"], (about["a"], about["b"]), strict=True):
        lists = [_extracted(summary) for summary in summaries]
        mixed = dict.fromkeys(word for word in chain(*zip_longest(*lists)) if word)
        if mixed:
            parts.append(f"{name}: {', '.join(list(mixed)[:_WORDS_A_DOMAIN])}.")
    return " ".join([*parts, about["reform"], SAYS_SO])


def _extracted(summary: str) -> list[str]:
    """The words that one of this stand-in's summaries lists."""
    listed = summary.partition(_MARK)[2].partition(" (")[0]
    return [word for word in listed.split(", ") if word and word != "none"]
