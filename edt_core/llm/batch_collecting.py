"""Reading what came of a batch: every line through the same checks as a live answer."""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any

from edt_core.errors import LlmUnavailable
from edt_core.events import EventSink, Noted
from edt_core.llm.asking import repaired
from edt_core.llm.batch_api import BatchApi, Seen
from edt_core.llm.batch_book import BatchBook
from edt_core.llm.batch_results import Line, no_line, read_line
from edt_core.llm.batch_sending import paused
from edt_core.llm.batch_work import Deposit, Ticket, UnderWay, Work
from edt_core.llm.chat_bodies import Forms, Parameters, cut_watch
from edt_core.llm.in_flight import Outcome, judged, paid
from edt_core.llm.ledger import Call
from edt_core.llm.prices import Price
from edt_core.llm.problems import Problem
from edt_core.llm.service import CallFailed
from edt_core.ports import Answer, Refusal

_AT_ONCE = 500
"""Lines that go into one transaction."""
_READINGS = 2
"""How often the files are read while requests are without a line."""
_BREAKS = 5
"""How often a file may break off, or not be there yet, before it is left for another day."""
_BATCHES = 3
"""In how many batches a request may go that gives it back unanswered."""
_MANY = 20
"""Requests; a batch of so many that answers none means that something is badly wrong."""


class Collector:
    """Settles the calls of batches that have ended."""

    def __init__(
        self,
        api: BatchApi,
        book: BatchBook,
        forms: Forms,
        parameters: Parameters,
        *,
        model: str,
        repair_attempts: int,
        price: Price | None,
        deposit: Deposit,
        pause: float,
        emit: EventSink,
        check: Callable[[], None],
    ) -> None:
        """A collector of results from ``api``; arguments as for the desk."""
        self._api = api
        self._book = book
        self._forms = forms
        self._parameters = parameters
        self._model = model
        self._repair_attempts = repair_attempts
        self._price = price
        self._deposit = deposit
        self._pause = pause
        self._check = check
        self._emit = emit
        self._watch_for_a_cut = cut_watch(emit)

    async def collect(
        self, under: UnderWay, seen: Seen, work: Work
    ) -> AsyncIterator[list[Outcome]]:
        """Outcomes as they are read, each kept before; what is to be asked again goes to ``work``.

        Raises:
            LlmUnavailable: the files can't be read now, and stay at the service; or no other
                request could do better.
            RunCancelled: the user asked to stop; likewise.
        """
        seconds = max(0.0, time.time() - under.batch.created_at)
        files = [file for file in (seen.output, seen.errors) if file]
        ready: list[Outcome] = []
        for file in files * _READINGS:
            async for told in self._slices(file, under):
                lines = [read_line(line, seconds, self._fatal) for line in told]
                ready += self._settled(lines, under, work)
                if under.tickets:  # who has all comes back no more: the rest is done before
                    yield ready
                    ready = []
        missing = [no_line(call, seconds) for call in under.tickets]
        ready += self._settled(missing, under, work)
        under.batch = self._book.note(replace(under.batch, state="ended", note=seen.status))
        work.under_way.remove(under)
        told_of = f"Batch {under.number} of {work.batches} is {seen.status}"
        note = f"{told_of}: {under.answered:,} of {under.count:,} requests are answered."
        self._emit(Noted(work.step, note))
        if under.refused >= _MANY and not under.answered and not work.fatal:
            work.fatal = LlmUnavailable(
                f"None of the {under.refused:,} requests of a batch was answered: {under.reason}",
                hint="Run again when it is put right: what is answered is kept.",
            )
        if work.fatal:
            raise work.fatal
        yield ready

    async def _slices(self, file: str, under: UnderWay) -> AsyncIterator[list[dict[str, Any]]]:
        """A file's lines, some at a time; one that breaks off is read anew."""
        breaks = 0
        while under.tickets:
            some: list[dict[str, Any]] = []
            try:
                async for line in self._api.lines(file, under.count):
                    some.append(line)
                    if len(some) >= _AT_ONCE:
                        yield some
                        some = []
                        self._check()
            except CallFailed as failed:
                breaks += 1
                if failed.fatal:
                    raise failed.fatal from None
                if breaks >= _BREAKS and failed.status == 404:  # it is gone, and stays so
                    return
                if breaks >= _BREAKS:
                    raise LlmUnavailable(
                        f"The results of the batch {under.batch.remote} can't be read:"
                        f" {failed.reason}",
                        hint="Run again later: they stay at the service, and what is read is kept.",
                    ) from None
                await paused(self._pause * breaks, self._check)
                continue
            yield some
            return

    def _settled(self, lines: Iterable[Line], under: UnderWay, work: Work) -> list[Outcome]:
        """What came of some calls, kept in one transaction."""
        ended: list[tuple[int, Call]] = []
        outcomes: list[Outcome] = []
        again: list[Ticket] = []
        for line in lines:
            ticket = under.tickets.pop(line.call, None)
            if ticket is None:  # no call of this batch, or one that was told of before
                continue
            call, outcome, next_ticket = self._judged(ticket, line, under)
            ended.append((line.call, call))
            if ticket.wanted and next_ticket is None:
                outcomes.append((ticket.request.key, outcome))
            elif ticket.wanted and next_ticket:
                again.append(next_ticket)
            self._deposit.settle(ticket, call.cost)
            under.answered += not line.reply.error
            if line.reply.error and next_ticket is None and not line.reply.refused:
                under.refused += 1
                under.reason = line.reply.error
            work.fatal = work.fatal or line.reply.fatal
        self._book.note(under.batch, ended)
        work.waiting.extend(again)
        work.settled += len(outcomes)
        return outcomes

    def _judged(
        self, ticket: Ticket, line: Line, under: UnderWay
    ) -> tuple[Call, Answer | Refusal, Ticket | None]:
        """A line as the ledger keeps it, what it is for the asker, and what is asked instead."""
        request, reply = ticket.request, line.reply
        cost = 0.0 if line.not_run else paid(reply, self._price, batch=True)
        call, parsed = judged(request, reply, cost)
        question = request.question
        if question.answer:
            self._forms.heard(under.rung, reply, question.answer, question.step)
        if not call.reason:
            if ticket.wanted:
                self._watch_for_a_cut(request.body, reply, question.step)
            return call, Answer(reply.text, parsed, line.call), None
        refusal = Refusal(call.reason, line.call)
        if not reply.error:
            if request.repair >= self._repair_attempts:
                return call, refusal, None
            return call, refusal, Ticket(repaired(request, reply.text, call.reason))
        told = (line.status, reply.error, question.step)
        if question.answer and self._forms.refused(under.rung, *told):
            return call, refusal, Ticket(request)
        again = line.again or self._parameters.refused(request.body, *told)
        if again and ticket.batches + 1 < _BATCHES:
            return call, refusal, Ticket(request, batches=ticket.batches + 1)
        return call, refusal, None

    def _fatal(self, problem: Problem) -> LlmUnavailable | None:
        return self._api.fatal(problem, self._model)
