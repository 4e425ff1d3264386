"""What one round of questions has with a service that answers files of requests."""

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from edt_core.errors import LlmUnavailable
from edt_core.events import StageAdvanced
from edt_core.llm.asking import Request, canonical, opened
from edt_core.llm.batch_book import Pending, SentBatch
from edt_core.llm.ledger import Call
from edt_core.llm.prices import Purse
from edt_core.ports import Question

NOBODY = Request(Question("", "", None, "", ""), {"model": ""}, "", "")
"""Stands for the request of a call that no question of today asks for: its answer is kept as plain
text, and looked up and validated when it is asked for again."""


@dataclass
class Ticket:
    """A request on its way: into a batch, or out of one."""

    request: Request
    call: int = 0
    """Its line in the ledger, where it has one without an end."""
    batches: int = 0
    """How many batches gave it back unanswered."""
    held: float | None = None
    """US dollars held back for it."""

    @property
    def wanted(self) -> bool:
        """Somebody waits for the answer."""
        return self.request is not NOBODY


@dataclass
class UnderWay:
    """A batch that a service works on."""

    batch: SentBatch
    tickets: dict[int, Ticket]
    """By call, those without an end."""
    rung: int
    """Of the ladder of forms, as it was sent."""
    number: int
    """Among the batches of this round, from 1."""
    count: int
    alone: bool
    """No other was under way when it was sent."""
    done: int = 0
    """As far as the service tells."""
    in_vain: int = 0
    """Looks in a row that were not answered."""
    answered: int = 0
    """With an answer, valid or not, as far as results are read."""
    refused: int = 0
    """Without one, for good."""
    reason: str = ""
    """Why the last of those has none."""

    @property
    def wanted(self) -> bool:
        """Somebody waits for one of its answers."""
        return any(ticket.wanted for ticket in self.tickets.values())


@dataclass
class Work:
    """All that is to be asked, and where it is."""

    step: str
    waiting: deque[Ticket] = field(default_factory=deque)
    """In no batch."""
    under_way: list[UnderWay] = field(default_factory=list)
    settled: int = 0
    """Requests that have their answer, or none for good."""
    batches: int = 0
    pause: float = 0.0
    """Seconds until the next look."""
    smallest: int = 0
    """Requests; a smaller batch is not worth the wait, once the cost cap sets the size."""
    fatal: LlmUnavailable | None = None
    """Ends the run once the batch at hand is read."""

    def begun(self, batch: SentBatch, tickets: Iterable[Ticket], rung: int) -> UnderWay:
        """One more batch that the service works on."""
        by_call = {ticket.call: ticket for ticket in tickets}
        self.batches += 1
        alone = not self.under_way
        under = UnderWay(batch, by_call, rung, self.batches, len(by_call), alone)
        self.under_way.append(under)
        return under

    def progress(self) -> StageAdvanced | None:
        """How far it is; None where nothing is under way. Of which stage, the run adds."""
        if not self.under_way:
            return None
        first = self.under_way[0]
        sent = sum(under.count for under in self.under_way)
        total = self.settled + sent + len(self.waiting)
        done = self.settled + sum(under.done for under in self.under_way)
        note = f"batch {first.number} of {self.batches}: {first.done:,} of {first.count:,} done"
        return StageAdvanced("", self.step, done, total, "requests", note)


@dataclass(frozen=True)
class Deposit:
    """What is held back for requests, where there is a purse at all."""

    purse: Purse | None

    async def held(self, ticket: Ticket, *, alone: bool) -> bool:
        """Hold back the most that a request can cost, if the cap allows.

        Args:
            ticket: The request's.
            alone: Nothing is under way that could free money, so that a refusal is BudgetReached.
        """
        if self.purse is None:
            return True
        text, most = ticket.request.text, ticket.request.body["max_tokens"]
        ticket.held = self.purse.hold(text, most)
        if ticket.held is None and alone:
            ticket.held = await self.purse.reserve(text, most)
        return ticket.held is not None

    def owe(self, ticket: Ticket) -> None:
        """Hold back the same for a request that was sent before."""
        if self.purse:
            request = ticket.request
            ticket.held = self.purse.owe(request.text, request.body["max_tokens"])

    def settle(self, ticket: Ticket, cost: float | None = 0.0) -> None:
        """Replace what is held by what was paid: nothing for a request that was never begun."""
        if self.purse and ticket.held is not None:
            self.purse.settle(ticket.held, cost)
        ticket.held = None


def ended(status: Literal["failed", "unknown"], reason: str, cost: float | None) -> Call:
    """The end of a call that no line of results tells of; only its outcome is written."""
    return replace(opened(NOBODY, ""), status=status, reason=reason, cost=cost)


def restored(request: Request, pending: Pending) -> Request:
    """The request that a pending call was sent for: the question's own, or its n-th repair."""
    if not pending.repair:
        return request
    body = json.loads(pending.request)
    body.pop("response_format", None)
    if "max_completion_tokens" in body:  # how the model was told of it
        body["max_tokens"] = body.pop("max_completion_tokens")
    return replace(request, body=body, text=canonical(body), repair=pending.repair)
