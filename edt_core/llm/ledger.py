"""What is written down of every call to a language model, and where (the store implements it)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["answered", "invalid", "failed", "unknown"]
"""``answered``: validated; ``invalid``: an answer that failed validation; ``failed``: no answer;
``unknown``: sent, and nobody knows what became of it (the state between start and finish)."""


@dataclass(frozen=True)
class Attempt:
    """One try to reach the service, as the service saw it."""

    seconds: float
    """How long the try took."""
    error: str = ""
    """Empty for the one that brought the answer."""
    status: int = 0
    """The HTTP status; 0 where none came."""
    request_id: str = ""
    """As the service names the request, for who has to ask its support."""
    body: str = ""
    """What the service sent, as far as it is kept, without the key."""

    @property
    def turned_away(self) -> bool:
        """The service answered with an error status: such a try is not billed."""
        return self.status >= 400


@dataclass(frozen=True)
class Call:
    """One request to a language model and what came of it. Never holds a key of the service."""

    key: str
    """Content hash of the question; repairs share it, so that the good answer is found by it."""
    step: str
    """The stage that asked."""
    template: str
    user: int | None
    provider: str
    model: str
    """As asked for."""
    request: str
    """The request's body as JSON, as sent."""
    status: Status = "unknown"
    response: str = ""
    """The answer's text as the model wrote it."""
    parsed: str = ""
    """The validated object as JSON; empty for plain text and for failures."""
    reason: str = ""
    """Why the answer is no good, in one sentence."""
    repair: int = 0
    """0 for the first request, n for the n-th repair."""
    model_answered: str = ""
    """As the service names the model that answered."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt's, as many as the service read from its cache."""
    completion_tokens: int = 0
    cost: float | None = None
    """US dollars; None where the price is not known, 0 for the stand-in."""
    latency: float = 0.0
    """Seconds from the first attempt to the end."""
    attempts: tuple[Attempt, ...] = ()
    reused_from: str = ""
    """Project and number of the call whose answer this is; empty for one that was bought here."""

    @property
    def raw(self) -> str:
        """The body that the service sent last, as far as it is kept."""
        return next((attempt.body for attempt in self.attempts[::-1] if attempt.body), "")

    @property
    def uncertain(self) -> int:
        """Attempts that may have been billed and brought nothing: nobody knows."""
        if self.status == "unknown":
            return 1
        accounted = self.status == "answered" or self.cost is not None
        return max(0, billable(self.attempts) - accounted)


def billable(attempts: Sequence[Attempt]) -> int:
    """How many attempts a service may have billed: those that it did not turn away."""
    return sum(not attempt.turned_away for attempt in attempts)


@dataclass(frozen=True)
class StoredCall:
    """An answered call as the ledger gives it back."""

    id: int
    response: str
    reused_from: str = ""
    """Project and number, where another project's ledger knows it and this one not yet."""


class Ledger(Protocol):
    """The memory of all calls: what a method has returned from survives the process."""

    def find(self, keys: Sequence[str]) -> dict[str, StoredCall]:
        """The answered calls among ``keys``; the newest where there are several."""

    def record(self, calls: Sequence[Call]) -> list[int]:
        """Write finished calls in one transaction; their ids in order."""

    def write(self, begun: Sequence[Call], ended: Sequence[tuple[int, Call]]) -> list[int]:
        """In one transaction: lines for calls that are about to be sent, and what came of others.

        Args:
            begun: New lines (status ``unknown``).
            ended: Ids of begun lines with what replaces them.

        Returns:
            The ids of the new lines, in order.
        """


def content_key(provider: str, body: str, identity: str = "") -> str:
    """40 hex digits over provider, model, parameters and messages.

    Args:
        provider: ``stand-in`` or ``openai``.
        body: The request as canonical JSON: model, messages and sampling parameters.
        identity: What else an embedded stand-in answers from, such as its catalogue's digest.
    """
    content = f"{provider}\0{identity}\0{body}".encode("utf-8", "backslashreplace")
    return hashlib.sha256(content).hexdigest()[:40]
