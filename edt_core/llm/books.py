"""Group commit: the ledger's lines of many concurrent calls in few transactions."""

import asyncio
from collections.abc import Sequence
from typing import Any

from edt_core.llm.ledger import Call, Ledger


class Books:
    """Writes lines for the calls of one event loop, each durable before its ``await`` returns.

    What comes while one transaction is under way goes into the next, together: nobody waits for a
    timer, and a thousand concurrent calls cost about as many commits as one after another would
    in the same time. A commit runs in a thread, so that the connections are served meanwhile.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Books that are written into ``ledger``."""
        self._ledger = ledger
        self._begun: list[tuple[Call, asyncio.Future[int]]] = []
        self._ended: list[tuple[int, Call, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def begin(self, call: Call) -> int:
        """Write a call that is about to be sent (status ``unknown``); its id."""
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._begun.append((call, written))
        self._write_soon()
        return await written

    async def end(self, number: int, call: Call) -> None:
        """Replace a begun call by what came of it."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended.append((number, call, written))
        self._write_soon()
        await written

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        """One transaction after another, until nothing is left to write."""
        while self._begun or self._ended:
            begun, self._begun = self._begun, []
            ended, self._ended = self._ended, []
            waiting: list[asyncio.Future[Any]] = [written for _, written in begun]
            waiting += [written for _, _, written in ended]
            try:
                ids = await asyncio.to_thread(
                    self._ledger.write,
                    [call for call, _ in begun],
                    [(number, call) for number, call, _ in ended],
                )
            except Exception as error:  # noqa: BLE001  goes to everybody whose line it was
                _fail(waiting, error)
                continue
            for (_, written), number in zip(begun, ids, strict=True):
                if not written.done():
                    written.set_result(number)
            for _, _, done in ended:
                if not done.done():
                    done.set_result(None)


def _fail(waiting: Sequence[asyncio.Future[int] | asyncio.Future[None]], error: Exception) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(error)
