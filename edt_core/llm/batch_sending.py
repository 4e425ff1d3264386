"""Giving a service a file of requests so that no kill and no silence makes it pay twice.

What is on record at each moment, and what a process that starts then does:

- ``prepared`` (its calls are ``unknown``; a file may be uploaded): nothing was asked for, so the
  calls go with the next batch.
- ``submitting`` (the file's id is known): the service's list is searched for our name and file. A
  batch that is there is ours; one that is not there, long enough after, was never made.
- ``submitted`` (the batch's id is known): it is waited for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from tempfile import TemporaryFile
from typing import Any, TypeVar
from uuid import uuid4

from edt_core.errors import LlmUnavailable
from edt_core.llm.asking import Request, canonical, opened
from edt_core.llm.batch_api import BatchApi, Seen, Unclear
from edt_core.llm.batch_book import BatchBook, SentBatch
from edt_core.llm.batch_results import custom_id
from edt_core.llm.batch_work import Ticket
from edt_core.llm.ledger import Call

T = TypeVar("T")

UNSURE_SECONDS = 30.0
"""After a batch was asked for, as long may pass until the service's list shows it."""
_TRIES = 3
"""How often a batch is asked for that the service says nothing of, and then does not list."""
_LOOK_UP = 0.2
"""Seconds after which the user's wish to stop is looked at."""


class Sender:
    """Gives batches to one service, each on record before it can cost anything."""

    def __init__(
        self,
        api: BatchApi,
        book: BatchBook,
        host: str,
        *,
        provider: str,
        pause: float,
        unsure: float,
        check: Callable[[], None],
    ) -> None:
        """A sender of batches that are kept in ``book`` as ``host``'s.

        Args:
            api: The service.
            book: Keeps every batch.
            host: Of the endpoint.
            provider: The desk's.
            pause: Seconds between two looks at the list.
            unsure: Seconds after which a batch that the list does not show was never made.
            check: Raises when the user asked to stop.
        """
        self._api = api
        self._book = book
        self._host = host
        self._provider = provider
        self._pause = pause
        self._unsure = unsure
        self._check = check

    async def send(
        self, tickets: list[Ticket], sent: Callable[[Request], dict[str, Any]]
    ) -> tuple[SentBatch, Seen]:
        """Have the requests answered; when this returns, the batch's id is on record.

        Args:
            tickets: The requests; each gets its line in the ledger.
            sent: A request's body as it is sent.

        Raises:
            LlmUnavailable: the service does not take it; the calls go with a later batch.
            RunCancelled: the user asked to stop before it was submitted; likewise.
        """
        batch = self._prepared(tickets, sent)
        with TemporaryFile() as file:
            for line in self._lines(tickets, sent):
                file.write(line)
            size = file.tell()
            uploaded = await watched(self._api.upload(batch.name, file, size), self._check)
        # from here on a process that starts asks the service whether it has the batch
        batch = self._book.note(replace(batch, state="submitting", file=uploaded))
        seen = await self._created(batch)
        batch = self._book.note(replace(batch, state="submitted", remote=seen.id))
        return batch, seen

    async def found(self, batch: SentBatch) -> tuple[SentBatch, Seen | None]:
        """What became of a batch that was asked for when a process ended.

        Returns:
            The batch as ``submitted``, ``refused`` (never made) or ``lost`` (nobody can know).

        Raises:
            LlmUnavailable: the list can't be read now.
        """
        try:
            seen = await self._listed(batch)
        except Unclear:
            return self._book.note(replace(batch, state="lost")), None
        if seen is None:
            return self._book.note(replace(batch, state="refused", note="It was never made.")), None
        return self._book.note(replace(batch, state="submitted", remote=seen.id)), seen

    def _prepared(
        self, tickets: list[Ticket], sent: Callable[[Request], dict[str, Any]]
    ) -> SentBatch:
        new = [ticket for ticket in tickets if not ticket.call]
        moved = [ticket for ticket in tickets if ticket.call]
        batch, ids = self._book.prepare(
            uuid4().hex,
            self._host,
            (self._line(ticket, sent) for ticket in new),
            [(ticket.call, self._line(ticket, sent)) for ticket in moved],
        )
        for ticket, call in zip(new, ids, strict=True):
            ticket.call = call
        return batch

    def _line(self, ticket: Ticket, sent: Callable[[Request], dict[str, Any]]) -> Call:
        call = opened(ticket.request, self._provider)
        return replace(call, request=canonical(sent(ticket.request)))

    def _lines(
        self, tickets: Iterable[Ticket], sent: Callable[[Request], dict[str, Any]]
    ) -> Iterator[bytes]:
        """The file's lines. They are made twice, so that not all stand in memory."""
        return (file_line(self._api.url, ticket.call, sent(ticket.request)) for ticket in tickets)

    async def _created(self, batch: SentBatch) -> Seen:
        """The batch, asked for again only once it is sure that the service did not make it."""
        for _ in range(_TRIES):
            try:
                return await self._api.create(batch)
            except LlmUnavailable as error:
                self._book.note(replace(batch, state="refused", note=error.message))
                raise
            except Unclear:
                batch = self._book.note(batch)
            try:
                seen = await self._listed(batch)
            except Unclear:
                break
            if seen is not None:
                return seen
        raise LlmUnavailable(
            f"Nobody knows whether {self._host} has taken a batch: it does not say so.",
            hint="Run again later: it is searched for before anything is sent.",
        )

    async def _listed(self, batch: SentBatch) -> Seen | None:
        """The batch as the service's list shows it, given the time to do so."""
        while True:
            seen = await self._api.find(batch)
            if seen is not None or time.time() > batch.changed_at + self._unsure:
                return seen
            await paused(self._pause, self._check)


def file_line(url: str, call: int, body: dict[str, Any]) -> bytes:
    """One request of a batch's file."""
    line = {"custom_id": custom_id(call), "method": "POST", "url": url, "body": body}
    return canonical(line).encode("utf-8", "backslashreplace") + b"\n"


async def watched(work: Awaitable[T], check: Callable[[], None]) -> T:
    """Wait for ``work``, which is given up when ``check`` raises."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK_UP))[0]:
            check()
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def paused(seconds: float, check: Callable[[], None]) -> None:
    """Let time pass; ``check`` may raise meanwhile."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        check()
        await asyncio.sleep(min(left, _LOOK_UP))
    check()
