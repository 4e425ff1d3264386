"""The desk of a service with batches: files of requests, waited for across restarts (A.4)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from edt_core.errors import BudgetReached, LlmUnavailable
from edt_core.events import EventSink, Noted, silence
from edt_core.llm.asking import Desk, Request
from edt_core.llm.batch_api import BatchApi, Seen
from edt_core.llm.batch_book import BatchBook
from edt_core.llm.batch_collecting import Collector
from edt_core.llm.batch_resuming import Resumer
from edt_core.llm.batch_sending import UNSURE_SECONDS, Sender, file_line, paused, watched
from edt_core.llm.batch_work import Deposit, Ticket, UnderWay, Work
from edt_core.llm.chat_bodies import Forms, Parameters
from edt_core.llm.in_flight import Outcome
from edt_core.llm.presets import Preset
from edt_core.llm.prices import Price, Purse
from edt_core.llm.service import CallFailed, Endpoint

_AT_ONCE = 50_000
"""Questions that are in memory together; their batches run side by side."""
_SLOWER = 1.5
"""From one look at the batches to the next, the pause grows by this, up to the longest."""
_LOOKS_IN_VAIN = 20
"""Looks in a row without an answer of the service, after which the run ends."""
_LOOKS_FOR_ONE = 5
"""Looks at a batch that the service does not know, after which that is believed."""
_LEAST_SHARE = 0.1
"""Of the first batch that the cost cap cut short: a smaller one is not worth the wait."""
_TOO_MUCH = "token_limit_exceeded"
"""What a service calls its limit on tokens that wait in batches."""


class BatchDesk:
    """Sends what the ledger doesn't know as files of requests, and waits for what was sent before.

    Every request stands in the ledger as ``unknown`` before its file is uploaded, and every batch
    is on record before it can cost anything. Whatever ends the process, the next one waits for the
    same batches. With a ``live`` desk only results are collected, and that desk asks the rest.
    """

    provider = "openai"
    identity = ""

    def __init__(
        self,
        where: Endpoint,
        preset: Preset,
        book: BatchBook,
        *,
        model: str,
        repair_attempts: int,
        price: Price | None = None,
        purse: Purse | None = None,
        emit: EventSink = silence,
        check: Callable[[], None] = lambda: None,
        live: Desk | None = None,
        unsure: float = UNSURE_SECONDS,
    ) -> None:
        """A desk of the batches at ``where``.

        Args:
            where: The endpoint; its pauses are those between two looks.
            preset: What is known of it.
            book: Keeps every batch and every call.
            model: Asked for, to name it in errors.
            repair_attempts: How often an invalid answer is asked for again.
            price: Without one, what a call cost is unknown.
            purse: Holds money back for every request before it is sent.
            emit: Told how far the batches are.
            check: Raises when the user asked to stop; the batches go on at the service.
            live: Asks what no batch holds.
            unsure: Seconds after which a batch that the service does not list was never made.
        """
        self.at_once = live.at_once if live else _AT_ONCE
        self._where = where
        self._preset = preset
        self._book = book
        self._host = urlsplit(where.base_url).netloc
        self._deposit = Deposit(purse)
        self._emit = emit
        self._check = check
        self._live = live
        self._most = preset.batch_requests
        self._one_by_one = False
        self._forms = Forms(preset.form, emit)
        self._parameters = Parameters(emit)
        self._api = BatchApi(where, preset.batch_url)
        pause = where.shortest_pause
        self._sender = Sender(
            self._api, book, self._host,
            provider=self.provider, pause=pause, unsure=unsure, check=check,
        )  # fmt: skip
        self._collector = Collector(
            self._api, book, self._forms, self._parameters,
            model=model, repair_attempts=repair_attempts, price=price, deposit=self._deposit,
            pause=pause,
            emit=emit, check=check,
        )  # fmt: skip
        self._resumer = Resumer(self._api, book, self._sender, self._collector, self._deposit, emit)

    def resolve(self, requests: Sequence[Request]) -> Iterator[Outcome]:
        """Key and outcome of each, as batches end.

        Raises:
            LlmUnavailable: the service has no batches, refuses one, or can't be reached.
            BudgetReached: the next request could pass the cap, and no batch is under way.
            RunCancelled: the user asked to stop; the batches go on at the service.
        """
        if self._live and not self._book.open(self._host):
            yield from self._live.resolve(requests)
            return
        work = Work(requests[0].question.step)
        with asyncio.Runner() as runner:
            outcomes = self._outcomes(work, requests)

            async def some() -> list[Outcome] | None:
                return await anext(outcomes, None)

            try:
                while (arrived := runner.run(some())) is not None:
                    yield from arrived
            except GeneratorExit:
                runner.run(outcomes.aclose())
                raise
        if self._live and work.waiting:
            yield from self._live.resolve([ticket.request for ticket in work.waiting])

    async def _outcomes(
        self, work: Work, requests: Sequence[Request]
    ) -> AsyncGenerator[list[Outcome], None]:
        await self._api.open()
        try:
            await self._api.check()
            rung, send = self._forms.rung, self._live is None
            await self._resumer.take_up(work, requests, self._host, rung=rung, send=send)
            while True:
                if not self._live:
                    await self._submit(work)
                if not work.under_way:
                    return
                async for some in self._looked(work):
                    yield some
        finally:
            if work.under_way and not self._live:
                count = sum(under.count for under in work.under_way)
                note = (
                    f"{count:,} requests go on in batches at {self._where.host}. Running again goes"
                    " on waiting for them; nothing is asked for twice."
                )
                self._emit(Noted(work.step, note))
            await self._api.close()

    async def _submit(self, work: Work) -> None:
        """Send what waits, as far as the service's limits and the purse allow."""
        while work.waiting and not (self._one_by_one and work.under_way):
            tickets = await self._portion(work)
            if not tickets:
                return
            batch, seen = await self._sender.send(tickets, self._sent)
            under = work.begun(batch, tickets, self._forms.rung)
            work.pause = self._where.shortest_pause
            note = f"Batch {under.number}: {under.count:,} requests are with {self._where.host}"
            self._emit(Noted(work.step, f"{note} as {seen.id}."))

    async def _portion(self, work: Work) -> list[Ticket]:
        """The requests of the next batch; none where only one under way can make room."""
        tickets: list[Ticket] = []
        size = 0
        while work.waiting and len(tickets) < self._most:
            ticket = work.waiting[0]
            size += len(file_line(self._preset.batch_url, 10**9, self._sent(ticket.request)))
            if tickets and size > self._preset.batch_bytes:
                break
            alone = not tickets and not work.under_way
            if not await self._deposit.held(ticket, alone=alone):
                return self._cut_short(work, tickets)
            tickets.append(work.waiting.popleft())
        return tickets

    def _cut_short(self, work: Work, tickets: list[Ticket]) -> list[Ticket]:
        """A batch that the cost cap ends, unless it is too small to be worth a wait of hours."""
        if len(tickets) >= max(1, work.smallest):
            work.smallest = work.smallest or int(len(tickets) * _LEAST_SHARE)
            return tickets
        work.waiting.extendleft(reversed(tickets))
        for ticket in tickets:
            self._deposit.settle(ticket)
        if not work.under_way:
            raise BudgetReached(
                f"The cost cap leaves room for {len(tickets):,} of {len(work.waiting):,} requests,"
                " too few for another batch.",
                hint="Raise the cap and run again: what is answered is kept.",
            )
        return []

    async def _looked(self, work: Work) -> AsyncIterator[list[Outcome]]:
        """Look at every batch after a while; the outcomes of those that have ended."""
        await paused(work.pause, self._check)
        where = self._where
        work.pause = min(where.longest_pause, max(where.shortest_pause, work.pause * _SLOWER))
        for under in list(work.under_way):
            try:
                seen = await watched(self._api.look(under.batch.remote), self._check)
            except CallFailed as failed:
                self._unseen(work, under, failed)
                continue
            under.in_vain = 0
            if seen.state == "under way":
                self._still(under, seen)
                continue
            if seen.state == "refused":
                work.under_way.remove(under)
                self._refused(work, under, seen)
                continue
            async for some in self._collector.collect(under, seen, work):
                yield some
        if progress := work.progress():
            self._emit(progress)

    def _still(self, under: UnderWay, seen: Seen) -> None:
        """A batch goes on."""
        under.done = min(seen.done, under.count)
        if self._live:
            raise LlmUnavailable(
                f"{under.count:,} requests that this run needs are under way at {self._where.host}"
                f" in the batch {under.batch.remote}.",
                hint="Set llm.mode = batch to wait for it, or cancel it there and run again.",
            )

    def _refused(self, work: Work, under: UnderWay, seen: Seen) -> None:
        """The service does not begin a batch: nothing is billed, and its calls go with the next.

        Choice: where too much waits at the service, batches go one by one from then on, and half as
        large where it was alone.
        """
        serve_again = self._live is None
        left = [c for c, ticket in under.tickets.items() if not (ticket.wanted and serve_again)]
        self._resumer.drop(under.batch, left, seen.reason)
        tickets = [ticket for ticket in under.tickets.values() if ticket.wanted]
        for ticket in tickets:
            self._deposit.settle(ticket)
        work.waiting.extendleft(reversed(tickets))
        if not serve_again:
            return
        if seen.code != _TOO_MUCH or (under.count == 1 and under.alone):
            raise LlmUnavailable(
                f"{self._where.host} refuses a batch of {under.count:,} requests: {seen.reason}",
                hint="Nothing was billed. Put it right, or set llm.mode = live, and run again.",
            )
        self._one_by_one = True
        if under.alone:
            self._most = under.count // 2

    def _unseen(self, work: Work, under: UnderWay, failed: CallFailed) -> None:
        """The service does not say how a batch is."""
        under.in_vain += 1
        if failed.fatal:
            raise failed.fatal
        if failed.status == 404 and under.in_vain >= _LOOKS_FOR_ONE:
            if not self._live:
                raise LlmUnavailable(
                    f"{self._where.host} does not know the batch {under.batch.remote}, which"
                    f" {under.count:,} requests went with.",
                    hint="Use the key that it was submitted with. A run with llm.mode = live gives"
                    " it up and pays again.",
                )
            work.under_way.remove(under)
            self._resumer.give_up(work.step, under.batch, list(under.tickets))
            work.waiting.extend(Ticket(t.request) for t in under.tickets.values() if t.wanted)
        elif under.in_vain >= _LOOKS_IN_VAIN:
            raise LlmUnavailable(
                f"{self._where.host} does not say how its batches are: {failed.reason}",
                hint="Run again later: they go on meanwhile, and are waited for.",
            )

    def _sent(self, request: Request) -> dict[str, Any]:
        return self._parameters.sent(self._forms.sent(request.body, request.question.answer))
