"""One exchange with an OpenAI-compatible endpoint: attempts, deadline, limits, clear errors.

The SDK's own retries are off: they hide attempts, and its timeout is per read, not per call. The
body is read under one deadline and a size cap and parsed here, because the SDK validates nothing.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from edt_core.errors import LlmUnavailable
from edt_core.llm import problems
from edt_core.llm.keys import find_key
from edt_core.llm.ledger import Attempt
from edt_core.llm.pace import Pace, Stopped
from edt_core.llm.presets import is_confidential
from edt_core.llm.problems import Problem
from edt_core.llm.transport import BadAnswer, client

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Send: TypeAlias = "Callable[[AsyncOpenAI], Awaitable[bytes]]"

LARGEST_BODY = 4 * 2**20
"""Bytes of one answer to a chat request that are read."""

SLOWEST = 100_000
"""Bytes a second at which a file may come or go before it is given up, beyond the timeout."""

_LEAST_LEFT = 0.25
"""Share of a call's time that must be left for another attempt: one that starts with less is likely
to be paid for and given up."""

_REAL_WAIT = 1.0
"""Seconds; a service that asks for less asks for nothing: our own pauses count as well."""


@dataclass(frozen=True)
class Endpoint:
    """Where a service is and how patient to be with it."""

    section: str
    """The configuration's section, for hints: ``llm`` or ``embedding``."""
    base_url: str
    key_names: tuple[str, ...]
    """Environment variables that may hold the key, the first that is set counts."""
    api_version: str = ""
    """Azure's; it makes the client Azure's too."""
    timeout: float = 120.0
    """Seconds for one call: its attempts and the pauses between them, without those that a limit or
    the service asks for."""
    concurrency: int = 8
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    """Limits of ours; 0 is none."""
    attempts: int = 5
    turned_away: int = 20
    """Attempts that end with 429, which cost nothing, before a call is given up."""
    shortest_pause: float = 1.0
    """Seconds; doubled with each attempt, then drawn evenly from 0 to that (full jitter)."""
    longest_pause: float = 60.0
    largest_body: int = LARGEST_BODY

    @property
    def host(self) -> str:
        """For sentences."""
        return urlsplit(self.base_url).hostname or "The endpoint"


class CallFailed(Exception):
    """One call that got no answer. ``fatal`` when no other call could get one either."""

    def __init__(
        self, problem: Problem, attempts: tuple[Attempt, ...], fatal: LlmUnavailable | None
    ) -> None:
        super().__init__(problem.text)
        self.reason = problem.text
        self.status = problem.status
        self.for_good = problem.status >= 400 and not problem.again
        """The service refuses this request, however often it is asked."""
        self.attempts = attempts
        self.fatal = fatal


class Service:
    """Sends requests through the ``openai`` SDK, one attempt after another."""

    def __init__(self, endpoint: Endpoint) -> None:
        """A service at ``endpoint``; nothing is sent before ``open``."""
        self._endpoint = endpoint
        self._client: AsyncOpenAI | None = None
        self._key = ""
        self._reached = False
        self._answered = False
        self._pace = Pace(
            endpoint.concurrency, endpoint.requests_per_minute, endpoint.tokens_per_minute
        )

    async def open(self) -> None:
        """Make the client, inside the running event loop.

        Raises:
            LlmUnavailable: neither environment nor keyring holds a key.
        """
        endpoint = self._endpoint
        self._key = _key(endpoint)
        self._pace.open()
        self._client = client(
            base_url=endpoint.base_url,
            key=self._key,
            api_version=endpoint.api_version,
            timeout=endpoint.timeout,
            concurrency=endpoint.concurrency,
            largest_body=endpoint.largest_body,
            heard=self._pace.heed,
        )

    def drain(self, *, at_once: bool = False) -> None:
        """Let what is under way come home and try nothing again; ``at_once``: send nothing more."""
        self._pace.stop(at_once=at_once)

    async def close(self) -> None:
        """Close every connection."""
        if self._client:
            await self._client.close()
            self._client = None

    async def exchange(
        self, path: str, body: Mapping[str, Any], tokens: int
    ) -> tuple[dict[str, Any], tuple[Attempt, ...]]:
        """The answer to a JSON request, and every attempt at it.

        Choice: the SDK's ``post`` and not its typed methods, which spend a third of a call's time
        on checking that a known body is one, and don't check the answer.

        Args:
            path: Below the endpoint's address, such as ``/chat/completions``.
            body: The request, which names its model.
            tokens: What it is likely to take, answer included; for the limits.

        Raises:
            CallFailed: no answer after all attempts, or one that another attempt can't better.
        """

        async def post(client: "AsyncOpenAI") -> bytes:
            return await client.post(path, body=body, cast_to=bytes)

        return await self.tried(post, tokens, model=str(body["model"]))

    async def tried(
        self,
        send: Send,
        tokens: int = 0,
        *,
        model: str = "",
        seconds: float = 0.0,
        once: bool = False,
    ) -> tuple[dict[str, Any], tuple[Attempt, ...]]:
        """The answer's JSON object and every attempt at it.

        Args:
            send: Sends the request once; gives the answer's body.
            tokens: As for ``exchange``.
            model: The one that a 404 means; empty: none.
            seconds: Instead of the endpoint's timeout.
            once: Doing it twice would cost twice: tried again only where it was turned away (429).

        Raises:
            CallFailed: as for ``exchange``.
        """
        endpoint = self._endpoint
        attempts: list[Attempt] = []
        most = left = seconds or endpoint.timeout
        while True:
            try:
                async with self._pace.turn(tokens):
                    started = time.monotonic()
                    answer, problem = await self._attempt(send, left, most)
                    seconds = time.monotonic() - started
            except Stopped:
                raise _stopped(attempts) from None
            left -= seconds
            if problem is None:
                attempts.append(Attempt(seconds, status=200))
                self._pace.used(tokens, _used(answer))
                return answer, tuple(attempts)
            attempts.append(Attempt(seconds, problem.text, problem.status))
            if problem.too_fast:
                self._pace.turned_away(started)
            else:
                self._pace.heard()
            if once and not problem.too_fast:
                problem = replace(problem, again=False)
            if failed := self._failure(problem, attempts, left / most, model):
                raise failed
            asked = problem.retry_after or 0.0
            self._pace.hold(asked)
            if asked >= _REAL_WAIT:
                continue
            pause = max(asked, self._back_off(len(attempts)))
            pause = min(pause, left - most * _LEAST_LEFT)
            left -= pause
            try:
                await self._pace.pause(pause)
            except Stopped:
                raise _stopped(attempts) from None

    async def parts(self, file: str) -> AsyncIterator[bytes]:
        """A file that the service keeps, in parts as they come, whatever its size; tried once.

        Raises:
            CallFailed: it isn't there, or breaks off.
        """
        assert self._client
        started = time.monotonic()
        received = 0
        try:
            content = self._client.files.with_streaming_response.content(file)
            async with self._pace.turn(0), content as response:
                async for part in response.iter_bytes():
                    received += len(part)
                    most = self._endpoint.timeout + received / SLOWEST
                    if time.monotonic() - started > most:
                        raise TimeoutError
                    yield part
        except Stopped:
            raise _stopped([]) from None
        except Exception as error:
            problem = self._problem(error, self._endpoint.timeout)
            if problem is None:
                raise
            attempt = Attempt(time.monotonic() - started, problem.text, problem.status)
            raise CallFailed(problem, (attempt,), self.fatal(problem, "")) from None

    def readable(self, raw: bytes) -> dict[str, Any]:
        """The JSON object that the service sent, without the key where it repeats it.

        Raises:
            BadAnswer: it is none.
        """
        # a byte that is no UTF-8 spoils a letter, not a paid answer
        text = problems.without(self._key, raw.decode("utf-8", "replace"))
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            raise BadAnswer("The service's answer is no JSON, or breaks off.") from None
        if not isinstance(answer, dict):
            raise BadAnswer("The service's answer is no JSON object.")
        return answer

    async def _attempt(
        self, send: Send, left: float, most: float
    ) -> tuple[dict[str, Any], Problem | None]:
        assert self._client
        try:
            async with asyncio.timeout(max(0.0, left)):
                answer = self.readable(await send(self._client))
        except Exception as error:
            problem = self._problem(error, most)
            if problem is None:
                raise
            return {}, problem
        self._reached = self._answered = True
        return answer, None

    def _problem(self, error: Exception, seconds: float) -> Problem | None:
        """What went wrong in an exchange that had so long; None: no failure of the service."""
        problem = problems.problem_of(error, self._key, seconds)
        self._reached |= problem is not None and problem.status > 0
        return problem

    def _failure(
        self, problem: Problem, attempts: list[Attempt], left: float, model: str
    ) -> CallFailed | None:
        """The end of a call that another attempt can't save; ``left``: of its time, from 1 to 0."""
        endpoint = self._endpoint
        fatal = self.fatal(problem, model)
        turned_away = sum(attempt.status == 429 for attempt in attempts)
        spent = (
            left < _LEAST_LEFT
            or turned_away >= endpoint.turned_away
            or len(attempts) - turned_away >= endpoint.attempts
        )
        if not (fatal or spent or not problem.again):
            return None
        if problem.no_connection and not self._reached:
            fatal = problems.unreachable(problem, section=endpoint.section, host=endpoint.host)
        return CallFailed(problem, tuple(attempts), fatal)

    def fatal(self, problem: Problem, model: str) -> LlmUnavailable | None:
        """The error that ends the run, where no other call could do better."""
        where = self._endpoint
        return problems.fatal(
            problem,
            section=where.section,
            host=where.host,
            model=model,
            key_name=where.key_names[0],
            answered=self._answered,
        )

    def _back_off(self, attempts: int) -> float:
        """Seconds until the next attempt: exponential, with full jitter."""
        endpoint = self._endpoint
        most = min(endpoint.longest_pause, endpoint.shortest_pause * 2 ** (attempts - 1))
        return random.uniform(0.0, most)  # noqa: S311  spreads load, keeps no secret


def _stopped(attempts: list[Attempt]) -> CallFailed:
    return CallFailed(Problem("The run was stopped before this was sent."), tuple(attempts), None)


def _used(answer: Mapping[str, Any]) -> int:
    """Tokens that a call took, as far as the service says."""
    usage = answer.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and 0 <= total < 10**9 else 0


def _key(endpoint: Endpoint) -> str:
    """The key from environment or keyring; services on this machine may do without one."""
    key, _ = find_key(endpoint.key_names, endpoint.base_url)
    host = urlsplit(endpoint.base_url).hostname
    if key or host in {"127.0.0.1", "localhost", "::1"}:
        return key or "no-key-needed"
    hint = f"Set the environment variable {endpoint.key_names[0]}."
    if not is_confidential(endpoint.base_url):
        hint = f"Write https in {endpoint.section}.base_url: no vendor's key goes over plain http."
    raise LlmUnavailable(f"There is no key for {host}.", hint=hint)
