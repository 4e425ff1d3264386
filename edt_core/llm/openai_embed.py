"""Text embeddings through the ``openai`` SDK at any OpenAI-compatible endpoint (3.2.2)."""

import asyncio
import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from edt_core.config import EmbeddingSettings
from edt_core.data.sequences import Floats
from edt_core.llm import vector_replies
from edt_core.llm.books import Books
from edt_core.llm.ledger import Attempt, Call, Ledger, content_key
from edt_core.llm.pace import Stopped
from edt_core.llm.presets import address_of, key_names
from edt_core.llm.prices import Price, Purse, price_of
from edt_core.llm.service import CallFailed, Endpoint, Service
from edt_core.llm.vector_replies import VectorReply, read_vectors

_TRIES = 3
"""How often a text is asked for whose vector is no good."""
_LOOK_UP = 0.2
"""Seconds after which the user's wish to stop is looked at."""
_TOO_MUCH = {400, 403, 413, 422}
"""What services say to a batch that is larger than they take, or holds a text that they refuse."""


class VectorMemory(Protocol):
    """Keeps vectors by the key of their text and model."""

    def find(self, keys: Sequence[str]) -> Mapping[str, Floats]:
        """The known ones among ``keys``, ``[E]`` each."""

    def keep(self, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors; on return they survive the process."""


def endpoint(settings: EmbeddingSettings) -> Endpoint:
    """Where the settings' embedding service is.

    Raises:
        UsageError: the settings name no address.
    """
    address = address_of("embedding", settings)
    return Endpoint(
        section="embedding",
        base_url=address,
        key_names=key_names("embedding", settings.provider, address),
        api_version=settings.api_version if settings.provider == "azure" else "",
        timeout=settings.timeout,
        concurrency=settings.concurrency,
        requests_per_minute=settings.requests_per_minute,
        tokens_per_minute=settings.tokens_per_minute,
        largest_body=64 * 2**20,
    )


class OpenAIEmbedder:
    """Embeds through a service; a text is paid for once."""

    def __init__(
        self,
        settings: EmbeddingSettings,
        memory: VectorMemory,
        where: Endpoint | None = None,
        *,
        ledger: Ledger | None = None,
        purse: Purse | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """An embedder that looks into ``memory`` first and writes its requests into ``ledger``.

        ``check`` raises when the user asked to stop; the requests in flight come home first.
        """
        self._model = settings.model
        self._at_most = settings.batch_size
        self._memory = memory
        self._endpoint = where or endpoint(settings)
        self._service = Service(self._endpoint)
        self._book = _Book(settings.model, price_of(settings), ledger, purse)
        self._check = check
        self._dimensions = 0

    @property
    def dimensions(self) -> int:
        """E, as the service answers; asked with one short text when nothing was embedded yet."""
        if not self._dimensions:
            self.embed(["dimensions"])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Floats:
        """Raw embeddings ``[n, E]``; known and repeated texts are not sent.

        Raises:
            LlmUnavailable: the service can't be reached, or refuses the key or the model.
            LlmError: the service has no sound vector for a text, which is named.
            RunCancelled: the user asked to stop; what was bought is kept.
        """
        keys = [self._key(text) for text in texts]
        distinct = dict(zip(keys, texts, strict=True))
        vectors = dict(self._memory.find(list(distinct)))
        for vector in vectors.values():
            if self._dimensions not in (0, len(vector)):
                odd = vector_replies.other_length(len(vector), self._dimensions)
                raise vector_replies.unsound(self._model, odd)
            self._dimensions = len(vector)
        missing = {key: text for key, text in distinct.items() if key not in vectors}
        if missing:
            self._fetch(missing, vectors)
        if not keys:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([vectors[key] for key in keys]).astype(np.float32, copy=False)

    def _fetch(self, missing: Mapping[str, str], vectors: dict[str, Floats]) -> None:
        """Ask for all, some batches at a time; when it has to end, those in flight come home."""
        flight = _Flight(deque(missing.items()), vectors)
        self._book.shut = False
        with asyncio.Runner() as runner:
            try:
                runner.run(self._take_off(flight))
                while runner.run(flight.under_way()):
                    self._check()
            except KeyboardInterrupt:
                for worker in flight.workers:
                    worker.cancel()
                raise
            finally:
                self._drain(flight)
                runner.run(self._land(flight))
        if flight.failures:
            raise flight.failures[0]  # in time: what stopped the others is no cause

    async def _take_off(self, flight: "_Flight") -> None:
        await self._service.open()
        workers = range(self._endpoint.concurrency)
        flight.workers = [asyncio.create_task(self._work(flight)) for _ in workers]

    async def _work(self, flight: "_Flight") -> None:
        waiting = flight.waiting
        try:
            while waiting:
                some = min(len(waiting), self._at_most)
                batch = [waiting.popleft() for _ in range(some)]
                flight.vectors.update(await self._bought(batch))
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001  carried to the caller's thread of control
            flight.failures.append(error)
            self._drain(flight, at_once=True)

    def _drain(self, flight: "_Flight", *, at_once: bool = False) -> None:
        """Begin nothing more; ``at_once``: send nothing more either."""
        flight.waiting.clear()
        self._book.shut = True
        self._service.drain(at_once=at_once)

    async def _land(self, flight: "_Flight") -> None:
        await asyncio.gather(*flight.workers, return_exceptions=True)
        await self._service.close()

    async def _bought(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Floats]:
        """The vectors of one batch of keys and texts, kept.

        A batch that is refused is halved; when both halves are taken, the size was to blame, and no
        later batch is larger. Of one that is answered, only what was no good is asked for again.
        """
        found: dict[str, Floats] = {}
        reply = VectorReply()
        for _ in range(_TRIES):
            try:
                reply = await self._asked(wanted)
            except CallFailed as failed:
                if failed.fatal or failed.status not in _TOO_MUCH or len(wanted) == 1:
                    text = wanted[0][1] if failed.status in _TOO_MUCH else ""
                    raise failed.fatal or vector_replies.no_vector(failed.reason, text) from None
                found |= await self._halves(wanted)
                self._at_most = min(self._at_most, (len(wanted) + 1) // 2)
                return found
            found |= reply.sound
            wanted = [(key, text) for key, text in wanted if key not in reply.sound]
            if not wanted:
                return found
        if not reply.placed and len(wanted) > 1 and self._dimensions:
            return found | await self._halves(wanted)  # perhaps one of them spoils it for all
        named = wanted[0][1] if reply.placed or len(wanted) == 1 else ""
        raise vector_replies.unsound(self._model, reply.reason, named)

    async def _halves(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Floats]:
        half = (len(wanted) + 1) // 2
        return await self._bought(wanted[:half]) | await self._bought(wanted[half:])

    async def _asked(self, wanted: Sequence[tuple[str, str]]) -> VectorReply:
        """What one request brings; its sound vectors are kept."""
        texts = [text for _, text in wanted]
        body = {"model": self._model, "input": texts, "encoding_format": "base64"}
        tokens = sum(map(len, texts)) // 4
        page = await self._book.opened(texts)
        try:
            answer, attempts = await self._service.exchange("/embeddings", body, tokens)
        except CallFailed as failed:
            await self._book.closed(page, {}, failed.attempts, failed.reason)
            raise
        reply = read_vectors(answer, wanted, self._dimensions)
        if reply.sound:
            self._dimensions = len(next(iter(reply.sound.values())))
            self._memory.keep(reply.sound)  # first: what counts as answered is not repeated
        await self._book.closed(page, answer, attempts, reply.reason)
        return reply

    def _key(self, text: str) -> str:
        return vector_key(self._model, text)


@dataclass
class _Flight:
    """What one ``embed`` has under way."""

    waiting: deque[tuple[str, str]]
    vectors: dict[str, Floats]
    workers: list["asyncio.Task[None]"] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def under_way(self) -> bool:
        """Whether something still is, at the end of it or after a short while."""
        _, pending = await asyncio.wait(self.workers, timeout=_LOOK_UP)
        return bool(pending)


@dataclass(frozen=True)
class _Page:
    """One request that is under way."""

    call_id: int
    call: Call
    reserved: float
    started: float


class _Book:
    """Writes down every request for vectors before it is sent, and what it cost after.

    Choice: a request's line says how many texts it held, not which: the texts are the catalogue's,
    the generated items' and the profiles', and stand there.
    """

    def __init__(
        self, model: str, price: Price | None, ledger: Ledger | None, purse: Purse | None
    ) -> None:
        self._model = model
        self._price = price
        self._books = Books(ledger) if ledger else None
        self._purse = purse
        self.shut = False
        """Nothing is asked for any more."""

    async def opened(self, texts: Sequence[str]) -> _Page:
        """Hold money back and start a line in the ledger; raises BudgetReached and Stopped."""
        reserved = await self._purse.reserve("".join(texts), 0) if self._purse else 0.0
        if self.shut:
            if self._purse:
                self._purse.settle(reserved, 0.0)
            raise Stopped
        request = json.dumps(
            {"model": self._model, "texts": len(texts), "letters": sum(map(len, texts))}
        )
        key = content_key("openai", "\0".join((self._model, *texts)), "embedding")
        call = Call(key, "embed", "embedding", None, "openai", self._model, request)
        call_id = await self._books.begin(call) if self._books else 0
        return _Page(call_id, call, reserved, time.monotonic())

    async def closed(
        self, page: _Page, answer: Mapping[str, Any], attempts: tuple[Attempt, ...], reason: str
    ) -> None:
        """Settle what the request cost and write it down."""
        usage = answer.get("usage")
        told = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        tokens = told if isinstance(told, int) and 0 <= told < 10**9 else 0
        paid = self._price.of(tokens) if tokens and self._price else None
        if not answer and all(attempt.turned_away for attempt in attempts):
            paid = 0.0
        if self._purse:
            self._purse.settle(page.reserved, paid)
        if self._books:
            done = replace(
                page.call,
                status="failed" if not answer else "invalid" if reason else "answered",
                reason=reason,
                model_answered=str(answer.get("model") or "")[:200],
                prompt_tokens=tokens,
                cost=paid,
                latency=time.monotonic() - page.started,
                attempts=attempts,
            )
            await self._books.end(page.call_id, done)


def vector_key(model: str, text: str) -> str:
    """40 hex digits by which the vector of ``text`` is remembered."""
    return hashlib.sha256(f"openai\0{model}\0{text}".encode()).hexdigest()[:40]
