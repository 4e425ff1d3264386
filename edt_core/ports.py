"""What the core asks of the outside: a language model and a text embedder."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel


@dataclass(frozen=True)
class Question:
    """One request to a language model, rendered, with the shape its answer must have."""

    step: str
    """The stage that asks, such as ``generate``."""
    template: str
    """The prompt template's name, such as ``summarize``."""
    user: int | None
    """The user's index, or None for a question about no single user."""
    system: str
    """Fixed text first, so that providers' prefix caches pay."""
    prompt: str
    """The user's text."""
    answer: type[BaseModel] | None = None
    """The model that the JSON answer is validated with; None asks for plain text."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """The same facts as values, for the embedded stand-in alone: never sent, never hashed."""


@dataclass(frozen=True)
class Answer:
    """A validated answer."""

    text: str
    """As the model wrote it."""
    parsed: BaseModel | None
    """The validated object, when the question asked for one."""
    call: int
    """The ledger's id of the call that gave it."""


@dataclass(frozen=True)
class Refusal:
    """No usable answer after every repair attempt: data, not an error."""

    reason: str
    call: int | None


class LanguageModel(Protocol):
    """Answers questions; retries, validation, memory and prices are inside."""

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer | Refusal]:
        """One answer or refusal a question, in order, each kept before it is handed out.

        It takes as many questions ahead as it asks at once: thousands where a service has batches.
        """


StandIn = Callable[[Sequence[Question]], Iterator[str]]
"""The embedded stand-in of one kind of question: raw answers in order, from the catalogue."""


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def dimensions(self) -> int:
        """E, the length of a vector (d_L in the paper)."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Raw embeddings ``[n, E]``; identical texts are embedded once; never NaN or all zero."""
