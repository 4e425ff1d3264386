"""One HTTP exchange with an OpenAI-compatible endpoint: attempts, deadline, size cap, clear errors.

The SDK's own retries are off: they hide attempts, and its timeout is per read, not per call. The
body is read under one deadline and a size cap and parsed here, because the SDK validates nothing.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edt_core.errors import LlmUnavailable
from edt_core.llm.keys import find_key
from edt_core.llm.ledger import Attempt
from edt_core.llm.replies import clean

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

LARGEST_BODY = 4 * 2**20
"""Bytes of one answer to a chat request that are read."""

_IN_FLIGHT_PER_CLIENT = 64
"""The SDK's transport searches its whole pool at every request: small pools stay quick."""

Send = Callable[["AsyncOpenAI"], AbstractAsyncContextManager[Any]]


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
    """Seconds for one call, all attempts together, without pauses that the service asks for."""
    concurrency: int = 8
    attempts: int = 5
    shortest_pause: float = 1.0
    """Seconds; doubled with each attempt, then drawn evenly from 0 to that (full jitter)."""
    longest_pause: float = 60.0
    longest_retry_after: float = 600.0
    """Seconds; a service that wants a longer pause is left for now."""
    largest_body: int = LARGEST_BODY


class CallFailed(Exception):
    """One call that got no answer. ``fatal`` when no other call could get one either."""

    def __init__(
        self, problem: "Problem", attempts: tuple[Attempt, ...], fatal: LlmUnavailable | None
    ) -> None:
        super().__init__(problem.text)
        self.reason = problem.text
        self.status = problem.status
        self.attempts = attempts
        self.fatal = fatal


@dataclass(frozen=True)
class Problem:
    """What went wrong in one attempt."""

    text: str
    """One sentence."""
    status: int = 0
    """The HTTP status; 0 where none came."""
    again: bool = False
    """Another attempt may go better."""
    retry_after: float | None = None
    """Seconds that the service asks to wait."""
    no_credit: bool = False
    no_connection: bool = False


class Service:
    """Sends requests through the ``openai`` SDK, one attempt after another."""

    def __init__(self, endpoint: Endpoint) -> None:
        """A service at ``endpoint``; nothing is sent before ``open``."""
        self._endpoint = endpoint
        self._clients: list[AsyncOpenAI] = []
        self._key = ""
        self._turn = 0
        self._reached = False
        self._not_before = 0.0

    async def open(self) -> None:
        """Make the clients, inside the running event loop.

        Raises:
            LlmUnavailable: neither environment nor keyring holds a key.
        """
        endpoint = self._endpoint
        self._key = _key(endpoint)
        self._clients = [
            _client(endpoint, self._key)
            for _ in range(-(-endpoint.concurrency // _IN_FLIGHT_PER_CLIENT))
        ]

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.close()
        self._clients = []

    async def exchange(self, send: Send, model: str) -> tuple[dict[str, Any], tuple[Attempt, ...]]:
        """The answer's JSON object and every attempt at it.

        Args:
            send: Starts the request on a client, with ``with_streaming_response``.
            model: The model's name, for error messages.

        Raises:
            CallFailed: no answer after all attempts, or one that another attempt can't better.
        """
        attempts: list[Attempt] = []
        left = self._endpoint.timeout
        while True:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            started = time.monotonic()
            try:
                async with asyncio.timeout(left):
                    answer = await self._answer(send)
            except Exception as error:
                problem = self._problem(error)
                if problem is None:
                    raise
            else:
                self._reached = True
                attempts.append(Attempt(time.monotonic() - started, status=200))
                return answer, tuple(attempts)
            seconds = time.monotonic() - started
            left -= seconds
            attempts.append(Attempt(seconds, problem.text, problem.status))
            self._reached |= problem.status > 0
            fatal = self._fatal(problem, model)
            if fatal or not problem.again or left <= 0 or len(attempts) == self._endpoint.attempts:
                if problem.no_connection and not self._reached:
                    fatal = self._unreachable(problem)
                raise CallFailed(problem, tuple(attempts), fatal)
            await self._pause(problem, len(attempts))

    async def _answer(self, send: Send) -> dict[str, Any]:
        """Send once and read a JSON object of bounded size."""
        self._turn += 1
        client = self._clients[self._turn % len(self._clients)]
        body = bytearray()
        async with send(client) as response:
            async for part in response.iter_bytes():
                body += part
                if len(body) > self._endpoint.largest_body:
                    raise _BadAnswerError("The service's answer is too large.")
        try:
            answer = json.loads(self._without_key(body.decode()))
        except (ValueError, RecursionError):
            raise _BadAnswerError("The service's answer is no JSON, or breaks off.") from None
        if not isinstance(answer, dict):
            raise _BadAnswerError("The service's answer is no JSON object.")
        return answer

    def _without_key(self, text: str) -> str:
        """What a service says, even where it repeats the key."""
        return text.replace(self._key, "***") if len(self._key) >= 8 else text

    async def _pause(self, problem: Problem, attempt: int) -> None:
        """Wait as the service asks (then every other call waits too), else with full jitter."""
        endpoint = self._endpoint
        if problem.retry_after is not None:
            self._not_before = max(self._not_before, time.monotonic() + problem.retry_after)
            return
        most = min(endpoint.longest_pause, endpoint.shortest_pause * 2 ** (attempt - 1))
        await asyncio.sleep(random.uniform(0.0, most))  # noqa: S311  spreads load, keeps no secret

    def _problem(self, error: Exception) -> Problem | None:
        """An attempt's error in one sentence; None for one that is no failure of the service."""
        from openai import APIConnectionError, APIStatusError

        if isinstance(error, APIStatusError):
            return self._refused(error)
        if isinstance(error, _BadAnswerError):
            return Problem(str(error), status=0, again=True)
        if isinstance(error, TimeoutError):
            return Problem(f"No answer within {self._endpoint.timeout:g} seconds.", again=True)
        if isinstance(error, APIConnectionError | OSError | _transport_error()):
            cause = error.__cause__ or error
            text = f"The connection failed ({type(cause).__name__})."
            return Problem(text, again=True, no_connection=True)
        return None

    def _refused(self, error: "APIStatusError") -> Problem:
        body = error.body if isinstance(error.body, dict) else {}
        said = clean(self._without_key(str(body.get("message") or error.body or "")), 300)
        code = f"{body.get('code')} {body.get('type')}"
        status = error.status_code
        return Problem(
            text=f"The service answers {status}: {said or 'no reason given'}",
            status=status,
            again=status in {408, 409, 425, 429} or status >= 500,
            retry_after=_retry_after(error.response.headers.get("retry-after")),
            no_credit=status == 402 or "insufficient_quota" in code or "billing" in code,
        )

    def _fatal(self, problem: Problem, model: str) -> LlmUnavailable | None:
        """The error that ends the run, where no other call could do better."""
        section, host = self._endpoint.section, self._host
        if problem.status in {401, 403}:
            hint = f"Set the environment variable {self._endpoint.key_names[0]}."
            return LlmUnavailable(f"{host} refuses the key ({problem.status}).", hint=hint)
        if problem.status == 404:
            hint = f"Check {section}.model and {section}.base_url."
            return LlmUnavailable(f"{host} does not know the model {model!r} (404).", hint=hint)
        if problem.no_credit:
            hint = "Top up the account and run again: what is answered is kept."
            return LlmUnavailable(f"The account at {host} has no credit left.", hint=hint)
        wait = problem.retry_after or 0.0
        if problem.again and wait > self._endpoint.longest_retry_after:
            hint = "Run again later: what is answered is kept."
            return LlmUnavailable(f"{host} asks to wait {wait:.0f} seconds.", hint=hint)
        return None

    def _unreachable(self, problem: Problem) -> LlmUnavailable:
        hint = f"Check {self._endpoint.section}.base_url and that the service runs."
        return LlmUnavailable(f"{self._host} can't be reached: {problem.text}", hint=hint)

    @property
    def _host(self) -> str:
        return urlsplit(self._endpoint.base_url).hostname or "The endpoint"


class _BadAnswerError(Exception):
    """A body that is no answer."""


def _transport_error() -> type[Exception]:
    """What the SDK's HTTP library raises while a body is read (the SDK does not wrap it)."""
    for name in ("httpx2", "httpx"):
        try:
            found: type[Exception] = import_module(name).HTTPError
        except ImportError:
            continue
        return found
    return OSError


def _retry_after(header: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header; a date is not read, as chat services send none."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e6 else None


def _client(endpoint: Endpoint, key: str) -> "AsyncOpenAI":
    """A client without retries of its own; it follows no redirect, which could carry the key."""
    from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAsyncHttpxClient

    transport = DefaultAsyncHttpxClient(follow_redirects=False)
    if endpoint.api_version:
        return AsyncAzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_version=endpoint.api_version,
            api_key=key,
            max_retries=0,
            timeout=endpoint.timeout,
            http_client=transport,
        )
    return AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=key,
        max_retries=0,
        timeout=endpoint.timeout,
        http_client=transport,
    )


def _key(endpoint: Endpoint) -> str:
    """The key from environment or keyring; services on this machine may do without one."""
    key, _ = find_key(endpoint.key_names, endpoint.base_url)
    host = urlsplit(endpoint.base_url).hostname
    if key or host in {"127.0.0.1", "localhost", "::1"}:
        return key or "no-key-needed"
    raise LlmUnavailable(
        f"There is no key for {host}.",
        hint=f"Set the environment variable {endpoint.key_names[0]}.",
    )
