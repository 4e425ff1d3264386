"""The desk of a paid service: bounded concurrency, repairs, and a record of every call."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pydantic import BaseModel

from edt_core.errors import LlmUnavailable
from edt_core.llm.asking import Request, opened, repaired, validated
from edt_core.llm.books import Books
from edt_core.llm.ledger import Attempt, Call, Ledger
from edt_core.llm.pace import Stopped
from edt_core.llm.prices import Price, Purse
from edt_core.ports import Answer, Question, Refusal

Outcome = tuple[str, Answer | Refusal]

_FAILURES_IN_A_ROW = 20
"""So many calls without one answer or refusal, beyond those in flight: the service is down."""

_LOOK_UP = 0.2
"""Seconds without an answer after which the user's wish to stop is looked at."""


@dataclass(frozen=True)
class Reply:
    """What a service made of one request."""

    text: str = ""
    error: str = ""
    """Why there is no text, after all attempts; empty when there is."""
    refused: bool = False
    """The service lives and refuses this request: another may do better."""
    sent: str = ""
    """The body as sent, as JSON."""
    model: str = ""
    """As the service names the model that answered."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt's, as many as the service read from its cache."""
    completion_tokens: int = 0
    latency: float = 0.0
    attempts: tuple[Attempt, ...] = ()
    cut: bool = False
    """The answer was longer than ``max_tokens``."""
    fatal: LlmUnavailable | None = None
    """Set when no other call could do better."""


class Chat(Protocol):
    """A chat service: one request, one reply, all attempts inside."""

    async def open(self) -> None:
        """Get ready inside the running event loop."""

    async def complete(self, body: dict[str, Any], question: Question) -> Reply:
        """A reply, or its failure as one."""

    def drain(self, *, at_once: bool = False) -> None:
        """Let what was begun come home and try nothing again; ``at_once``: send nothing more."""

    async def close(self) -> None:
        """Let go of every connection."""


class ServiceDesk:
    """Sends what the ledger doesn't know, at most ``concurrency`` at a time.

    A call stands in the ledger as ``unknown`` before it is sent and as what became of it before
    its answer is handed out: a killed process leaves at most ``concurrency`` unknown ones. When the
    iterator is closed early, nothing new is sent and the calls in flight are brought home.
    """

    provider = "openai"
    identity = ""
    at_once = 4096

    def __init__(
        self,
        chat: Chat,
        ledger: Ledger,
        *,
        concurrency: int,
        repair_attempts: int,
        price: Price | None = None,
        purse: Purse | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """A desk in front of ``chat``; without a ``price`` what a call cost is unknown."""
        self._chat = chat
        self._ledger = ledger
        self._concurrency = concurrency
        self._repair_attempts = repair_attempts
        self._price = price
        self._purse = purse
        self._check = check

    def resolve(self, requests: Sequence[Request]) -> Iterator[Outcome]:
        """Key and outcome of each, as they come.

        Raises:
            LlmUnavailable: no other call could do better; those in flight are brought home first.
            BudgetReached: the next call could pass the cap; likewise.
            RunCancelled: the user asked to stop; likewise.
            KeyboardInterrupt: the user insists; those in flight stay ``unknown``.
        """
        with asyncio.Runner() as runner:
            flight = _Flight(deque(requests), Books(self._ledger))
            try:
                runner.run(self._take_off(flight))
                while (arrived := runner.run(flight.next())) is not None:
                    self._check()
                    yield from arrived
            except KeyboardInterrupt:
                for worker in flight.workers:
                    worker.cancel()
                raise
            finally:
                self._drain(flight)
                runner.run(self._land(flight))
            if flight.error:
                raise flight.error

    async def _take_off(self, flight: "_Flight") -> None:
        await self._chat.open()
        workers = min(self._concurrency, len(flight.waiting))
        flight.workers = [asyncio.create_task(self._work(flight)) for _ in range(workers)]

    def _drain(self, flight: "_Flight", *, at_once: bool = False) -> None:
        """Begin nothing more; ``at_once``: send nothing more either."""
        flight.ending = True
        flight.waiting.clear()
        self._chat.drain(at_once=at_once)

    async def _land(self, flight: "_Flight") -> None:
        await asyncio.gather(*flight.workers, return_exceptions=True)
        await self._chat.close()

    async def _work(self, flight: "_Flight") -> None:
        """Take one request after another until none is left or something is badly wrong."""
        try:
            while flight.waiting:
                request = flight.waiting.popleft()
                flight.arrived.put_nowait((request.key, await self._settled(request, flight)))
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001  carried to the caller's thread of control
            flight.error = flight.error or error
            self._drain(flight)
        finally:
            flight.arrived.put_nowait(None)

    async def _settled(self, request: Request, flight: "_Flight") -> Answer | Refusal:
        """Ask, and ask again with the error named, until an answer is valid."""
        while True:
            call_id, reply = await self._sent(request, flight)
            call, parsed = judged(request, reply, paid(reply, self._price))
            await flight.books.end(call_id, call)
            if fatal := reply.fatal or self._given_up(flight, reply):
                raise fatal
            if not call.reason:
                return Answer(reply.text, parsed, call_id)
            if reply.error or request.repair >= self._repair_attempts or flight.ending:
                return Refusal(call.reason, call_id)
            request = repaired(request, reply.text, call.reason)

    async def _sent(self, request: Request, flight: "_Flight") -> tuple[int, Reply]:
        """One call, on record before and after it, and within the purse."""
        reserved = 0.0
        if self._purse:
            reserved = await self._purse.reserve(request.text, request.body["max_tokens"])
        if flight.ending:
            if self._purse:
                self._purse.settle(reserved, 0.0)
            raise Stopped
        call_id = await flight.books.begin(opened(request, self.provider))
        reply = await self._chat.complete(request.body, request.question)
        if reply.fatal:
            self._drain(flight, at_once=True)  # no other call is sent to learn the same
        if self._purse:
            self._purse.settle(reserved, paid(reply, self._price))
        flight.failures = flight.failures + 1 if reply.error and not reply.refused else 0
        return call_id, reply

    def _given_up(self, flight: "_Flight", reply: Reply) -> LlmUnavailable | None:
        if flight.failures < _FAILURES_IN_A_ROW + self._concurrency:
            return None
        return LlmUnavailable(
            f"The last {flight.failures} calls failed: {reply.error}",
            hint="Run again later: what is answered is kept.",
        )


@dataclass
class _Flight:
    """What one ``resolve`` has under way."""

    waiting: deque[Request]
    books: Books
    arrived: "asyncio.Queue[Outcome | None]" = field(default_factory=asyncio.Queue)
    workers: list["asyncio.Task[None]"] = field(default_factory=list)
    landed: int = 0
    failures: int = 0
    ending: bool = False
    error: Exception | None = None

    async def next(self) -> list[Outcome] | None:
        """What has arrived, nothing after a short while; None when every worker has stopped."""
        if self.landed == len(self.workers):
            return None
        try:
            async with asyncio.timeout(_LOOK_UP):
                arrived = [await self.arrived.get()]
        except TimeoutError:
            return []
        while not self.arrived.empty():
            arrived.append(self.arrived.get_nowait())
        outcomes = [outcome for outcome in arrived if outcome is not None]
        self.landed += len(arrived) - len(outcomes)
        return outcomes


def judged(
    request: Request, reply: Reply, cost: float | None, provider: str = ServiceDesk.provider
) -> tuple[Call, BaseModel | None]:
    """The ledger's line for a call that came back, and the object that was asked for.

    The line's ``reason`` is empty where the answer is good.
    """
    parsed, reason = validated(request.question, reply.text)
    if reason and reply.cut:
        reason += " It breaks off, because it is longer than llm.max_tokens."
    reason = reply.error or reason
    call = opened(request, provider)
    return (
        replace(
            call,
            request=reply.sent or call.request,
            status="failed" if reply.error else "invalid" if reason else "answered",
            response=reply.text,
            parsed="" if parsed is None else parsed.model_dump_json(),
            reason=reason,
            model_answered=reply.model,
            prompt_tokens=reply.prompt_tokens,
            cached_tokens=reply.cached_tokens,
            completion_tokens=reply.completion_tokens,
            cost=cost,
            latency=reply.latency,
            attempts=reply.attempts,
        ),
        parsed,
    )


def paid(reply: Reply, price: Price | None, *, batch: bool = False) -> float | None:
    """What a call cost; 0 when every attempt was turned away, None when nobody knows."""
    if reply.error and not reply.text and not reply.prompt_tokens:
        return 0.0 if all(attempt.turned_away for attempt in reply.attempts) else None
    if not reply.prompt_tokens or price is None:
        return None
    counts = (reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
    return price.of(*counts, batch=batch)
