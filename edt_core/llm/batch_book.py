"""What is written down of a batch of requests, and where (the store implements it)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from edt_core.llm.ledger import Call

State = Literal["prepared", "submitting", "submitted", "refused", "ended", "lost"]
"""``prepared``: its calls are on record, and nothing that is billed was asked for;
``submitting``: asked for, without an answer yet: the service may have it or not;
``submitted``: the service has it, under an id that is on record;
``refused``: the service never began it; its calls go with the next one;
``ended``: every call of it has its end;
``lost``: nobody knows what became of it; its calls stay ``unknown``."""


@dataclass(frozen=True)
class SentBatch:
    """A file of requests on its way to a service and back."""

    id: int
    name: str
    """Ours; stands in the batch's metadata at the service, so that it is found again by it."""
    state: State
    requests: int
    created_at: float
    """Seconds since 1970, as all moments."""
    changed_at: float
    """When its state was written."""
    file: str = ""
    """The service's id of the uploaded requests."""
    remote: str = ""
    """The service's id of the batch."""
    note: str = ""
    """What the service said of it at last."""


@dataclass(frozen=True)
class Pending:
    """A call of a batch that has no end yet."""

    call: int
    key: str
    repair: int
    request: str
    """As sent; left out where it is no repair, because the question renders it anew."""


class BatchBook(Protocol):
    """The memory of all batches: what a method has returned from survives the process."""

    def open(self, host: str) -> list[SentBatch]:
        """The batches given to ``host`` with calls that have no end yet, oldest first."""

    def pending(self, batch: SentBatch) -> list[Pending]:
        """Those calls of one batch."""

    def prepare(
        self, name: str, host: str, calls: Iterable[Call], moved: Sequence[tuple[int, Call]]
    ) -> tuple[SentBatch, list[int]]:
        """In one transaction: a batch, lines for its calls, and lines that it takes over.

        Args:
            name: The batch's.
            host: Of the endpoint.
            calls: New lines (status ``unknown``).
            moved: Ids of lines of a batch that was never begun, with the request as sent now.

        Returns:
            The batch and the ids of the new lines, in order.
        """

    def note(self, batch: SentBatch, ended: Iterable[tuple[int, Call]] = ()) -> SentBatch:
        """In one transaction: a batch as it is now, and what came of calls (no other column)."""
