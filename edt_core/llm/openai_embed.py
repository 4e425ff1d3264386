"""Text embeddings through the ``openai`` SDK at any OpenAI-compatible endpoint (3.2.2)."""

import asyncio
import base64
import hashlib
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from edt_core.config import EmbeddingSettings
from edt_core.data.sequences import Floats
from edt_core.errors import LlmError, LlmUnavailable
from edt_core.llm.books import Books
from edt_core.llm.ledger import Attempt, Call, Ledger, content_key
from edt_core.llm.presets import address_of, key_names
from edt_core.llm.prices import Price, Purse, price_of, settle_lost
from edt_core.llm.service import CallFailed, Endpoint, Service

_TRIES = 3
"""How often a batch is asked for whose vectors are no good."""
_TOO_MUCH = {400, 413, 422}
"""What services say to a batch that is larger than they take."""


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
        keeps_answers=False,
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
    ) -> None:
        """An embedder that looks into ``memory`` first and writes its requests into ``ledger``."""
        self._model = settings.model
        self._at_most = settings.batch_size
        self._memory = memory
        self._endpoint = where or endpoint(settings)
        self._service = Service(self._endpoint)
        self._book = _Book(settings.model, price_of(settings), ledger, purse)
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
        """
        keys = [self._key(text) for text in texts]
        distinct = dict(zip(keys, texts, strict=True))
        vectors = dict(self._memory.find(list(distinct)))
        for vector in vectors.values():
            if odd := self._odd(vector):
                raise odd
            self._dimensions = len(vector)
        missing = {key: text for key, text in distinct.items() if key not in vectors}
        if missing:
            asyncio.run(self._fetch(missing, vectors))
        if not keys:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([vectors[key] for key in keys]).astype(np.float32, copy=False)

    async def _fetch(self, missing: Mapping[str, str], vectors: dict[str, Floats]) -> None:
        """Ask for all, some batches at a time; after a failure those in flight come home."""
        waiting = deque(missing.items())
        failures: list[BaseException] = []

        async def work() -> None:
            try:
                while waiting:
                    some = min(len(waiting), self._at_most)
                    vectors.update(await self._bought([waiting.popleft() for _ in range(some)]))
            except BaseException as error:
                failures.append(error)  # in time: what stops the others is no cause
                waiting.clear()
                self._service.drain(at_once=True)
                raise

        await self._service.open()
        try:
            workers = [work() for _ in range(self._endpoint.concurrency)]
            await asyncio.gather(*workers, return_exceptions=True)
        finally:
            await self._service.close()
        if failures:
            raise failures[0]

    async def _bought(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Floats]:
        """The vectors of one batch of keys and texts, kept; one that is refused is halved.

        When both halves are taken, the size was to blame, and no later batch is larger than that.
        """
        texts = [text for _, text in wanted]
        body = {"model": self._model, "input": texts, "encoding_format": "base64"}
        tokens = sum(map(len, texts)) // 4
        reason, odd = "", None
        for _ in range(_TRIES):
            page = await self._book.opened(texts)
            try:
                answer, attempts = await self._service.exchange("/embeddings", body, tokens)
            except CallFailed as failed:
                await self._book.closed(page, {}, failed.attempts, failed.reason)
                if failed.status not in _TOO_MUCH or len(texts) == 1:
                    raise failed.fatal or LlmUnavailable(
                        f"Embedding failed: {failed.reason}",
                        hint="Run again: the vectors that came are kept.",
                    ) from None
                half = (len(texts) + 1) // 2
                found = await self._bought(wanted[:half]) | await self._bought(wanted[half:])
                self._at_most = min(self._at_most, half)
                return found
            ordered, reason = checked(answer, len(texts))
            odd = None if reason else self._odd(ordered[0])
            found = {}
            if not reason and not odd:
                found = {key: vector for (key, _), vector in zip(wanted, ordered, strict=True)}
                self._memory.keep(found)  # first: a call that counts as answered is not repeated
            await self._book.closed(page, answer, attempts, odd.message if odd else reason)
            if found:
                self._dimensions = len(ordered[0])
                return found
        if odd:
            raise odd
        raise LlmError(
            f"The model {self._model!r} gives no sound vectors: {reason}"
            f" The batch begins with {texts[0][:80]!r}.",
            hint="Check embedding.model, or try a smaller embedding.batch_size.",
        )

    def _odd(self, vector: Floats) -> LlmError | None:
        """What is wrong with a vector of another length than those before."""
        if self._dimensions in (0, len(vector)):
            return None
        return LlmError(
            f"The model {self._model!r} gives vectors of {len(vector)} numbers"
            f" where it gave {self._dimensions} before.",
            hint="Check that embedding.base_url still serves the same model.",
        )

    def _key(self, text: str) -> str:
        return vector_key(self._model, text)


@dataclass(frozen=True)
class _Page:
    """One request that is under way."""

    call_id: int
    call: Call
    text: str
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

    async def opened(self, texts: Sequence[str]) -> _Page:
        """Hold money back and start a line in the ledger; raises BudgetReached."""
        text = "".join(texts)
        reserved = await self._purse.reserve(text, 0) if self._purse else 0.0
        request = json.dumps(
            {"model": self._model, "texts": len(texts), "letters": sum(map(len, texts))}
        )
        key = content_key("openai", "\0".join((self._model, *texts)), "embedding")
        call = Call(key, "embed", "embedding", None, "openai", self._model, request)
        call_id = await self._books.begin(call) if self._books else 0
        return _Page(call_id, call, text, reserved, time.monotonic())

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
            settle_lost(self._purse, attempts, page.text, 0)
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


def checked(answer: Mapping[str, Any], n_texts: int) -> tuple[list[Floats], str]:
    """The vectors in the order of their texts, or one sentence on what is wrong with them."""
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != n_texts:
        return [], f"{n_texts} texts were sent, and not as many vectors came back."
    found: dict[int, Floats] = {}
    for entry in data:
        position = entry.get("index") if isinstance(entry, dict) else None
        if isinstance(position, int):
            found[position] = _vector(entry.get("embedding"))
    if sorted(found) != list(range(n_texts)):
        return [], "The vectors' indices are not those of the texts."
    vectors = [found[position] for position in range(n_texts)]
    if len({len(vector) for vector in vectors}) != 1:
        return [], "The vectors have different lengths."
    for vector in vectors:
        if len(vector) < 2 or not np.isfinite(vector).all() or not vector.any():
            return [], "A vector is empty, all zero, or holds something that is no number."
    return vectors, ""


def _vector(value: Any) -> Floats:
    """A vector from base64 (what the SDK asks for) or from a list; empty for anything else."""
    try:
        if isinstance(value, str):
            return np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4")
        if isinstance(value, list):
            return np.array(value, dtype=np.float32)
    except (ValueError, TypeError, OverflowError):
        pass
    return np.zeros(0, dtype=np.float32)


def vector_key(model: str, text: str) -> str:
    """40 hex digits by which the vector of ``text`` is remembered."""
    return hashlib.sha256(f"openai\0{model}\0{text}".encode()).hexdigest()[:40]
