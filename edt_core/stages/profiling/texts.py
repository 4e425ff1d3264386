"""Texts that a language model wrote, packed, and the asking for them (3.4.2)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Ints
from edt_core.llm.replies import read_plain
from edt_core.ports import LanguageModel, Question, Refusal


@dataclass(frozen=True)
class Texts:
    """What a language model wrote, each text once."""

    texts: list[str]
    """Empty where the model gave no usable answer."""
    calls: Ints
    """The ledger's ids, ``[n]``; -1 for none."""
    reasons: list[str]
    """Why there is no text; empty where there is one."""


def ask_texts(
    model: LanguageModel,
    question: Callable[[int], Question],
    count: int,
    most_words: int,
    advanced: Callable[[int], None],
) -> Texts:
    """Ask ``count`` questions for plain text.

    Args:
        model: Who is asked.
        question: The n-th question.
        count: How many there are.
        most_words: Where a longer text is cut: models do not always count.
        advanced: Called after each with how many are done.
    """
    texts: list[str] = []
    reasons: list[str] = []
    calls: list[int] = []
    for answer in model.ask(question(row) for row in range(count)):
        if isinstance(answer, Refusal):
            texts.append("")
            reasons.append(answer.reason)
            calls.append(-1 if answer.call is None else answer.call)
        else:
            texts.append(first_words(read_plain(answer.text), most_words))
            reasons.append("")
            calls.append(answer.call)
        advanced(len(texts))
    return Texts(texts, np.array(calls, dtype=np.int64), reasons)


def first_words(text: str, most: int) -> str:
    """``text`` up to its ``most``-th word."""
    parts = text.split(" ")
    return text if len(parts) <= most else " ".join(parts[:most])
