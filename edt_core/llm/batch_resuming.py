"""Taking up the batches that earlier processes left, so that nothing is asked for twice."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from edt_core.errors import LlmUnavailable
from edt_core.events import EventSink, Noted
from edt_core.llm.asking import Request
from edt_core.llm.batch_api import BatchApi
from edt_core.llm.batch_book import BatchBook, Pending, SentBatch
from edt_core.llm.batch_collecting import Collector
from edt_core.llm.batch_sending import Sender
from edt_core.llm.batch_work import NOBODY, Deposit, Ticket, UnderWay, Work, ended, restored
from edt_core.llm.service import CallFailed

NEVER_SENT = "It was written down for a batch that was never begun; nothing was asked."
_LOST = "It went with a batch of which nobody knows what became: perhaps it was paid for."


class Resumer:
    """Finds out what became of what was begun."""

    def __init__(
        self,
        api: BatchApi,
        book: BatchBook,
        sender: Sender,
        collector: Collector,
        deposit: Deposit,
        emit: EventSink,
    ) -> None:
        """One for the batches of ``book`` at the service of ``api``."""
        self._api = api
        self._book = book
        self._sender = sender
        self._collector = collector
        self._deposit = deposit
        self._emit = emit

    async def take_up(
        self, work: Work, requests: Sequence[Request], host: str, *, rung: int, send: bool
    ) -> None:
        """Wait for what is at the service, read what has ended, and let the rest be sent.

        Args:
            work: Gets the batches under way and the requests that are in none.
            requests: What is asked now.
            host: The service's, in the book.
            rung: Of the ladder of forms, which the batches at the service were sent at.
            send: The rest goes in batches, so that lines which were never sent serve again.

        Raises:
            LlmUnavailable: the service can't be asked.
        """
        asked = {request.key: Ticket(request) for request in requests}
        for batch in self._book.open(host):
            pending = self._book.pending(batch)
            if batch.state == "submitting":
                note = (
                    f"Looking for a batch of {batch.requests:,} requests that was asked for before."
                )
                self._emit(Noted(work.step, note))
                batch, _ = await self._sender.found(batch)  # noqa: PLW2901  as it is now
            if batch.state == "lost":
                self.give_up(work.step, batch, [each.call for each in pending])
            elif batch.state == "submitted":
                await self._wait_for(work, batch, pending, asked, rung)
            else:
                self._take_back(batch, pending, asked if send else {})
        work.waiting.extend(asked.values())

    async def _wait_for(
        self,
        work: Work,
        batch: SentBatch,
        pending: list[Pending],
        asked: dict[str, Ticket],
        rung: int,
    ) -> None:
        """Wait for a batch of which an answer is asked for; look at another one once."""
        tickets = []
        for each in pending:
            ticket = asked.pop(each.key, None) or Ticket(NOBODY)
            ticket.call = each.call
            if ticket.wanted:
                ticket.request = restored(ticket.request, each)
                self._deposit.owe(ticket)
            tickets.append(ticket)
        if not any(ticket.wanted for ticket in tickets):
            aside = Work(work.step)
            await self._glance(aside, aside.begun(batch, tickets, rung))
            return
        work.begun(batch, tickets, rung)
        note = f"{len(tickets):,} requests were sent before, in the batch {batch.remote}."
        self._emit(Noted(work.step, note))

    async def _glance(self, aside: Work, under: UnderWay) -> None:
        """Read a batch that nobody waits for, if it has ended and can be read."""
        with suppress(CallFailed, LlmUnavailable):
            seen = await self._api.look(under.batch.remote)
            if seen.state == "ended":
                async for _ in self._collector.collect(under, seen, aside):
                    pass
            elif seen.state == "refused":
                self.drop(under.batch, under.tickets, seen.reason)

    def _take_back(
        self, batch: SentBatch, pending: list[Pending], asked: dict[str, Ticket]
    ) -> None:
        """Let the lines of a batch that was never begun serve the requests of the next one."""
        left = []
        for each in pending:
            ticket = asked.get(each.key)
            if ticket and not ticket.call:
                ticket.request, ticket.call = restored(ticket.request, each), each.call
            else:
                left.append(each.call)
        self.drop(batch, left, batch.note)

    def drop(self, batch: SentBatch, calls: Iterable[int], note: str) -> None:
        """A batch was never begun; these calls of it are not asked any more."""
        over = [(call, ended("failed", NEVER_SENT, 0.0)) for call in calls]
        self._book.note(replace(batch, state="refused", note=note), over)

    def give_up(self, step: str, batch: SentBatch, calls: Sequence[int]) -> None:
        """Leave a batch alone of which nobody knows what became, and say so on record."""
        over = [(call, ended("unknown", _LOST, None)) for call in calls]
        self._book.note(replace(batch, state="lost"), over)
        note = f"Nobody knows what became of a batch of {len(calls):,} requests, sent before."
        self._emit(Noted(step, f"{note} They are asked for again and stay on record."))
