"""Chat through the ``openai`` SDK at any OpenAI-compatible endpoint (A.4)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from edt_core.config import LlmSettings
from edt_core.events import EventSink, silence
from edt_core.llm.asking import Desk, RememberingModel
from edt_core.llm.batch_book import BatchBook
from edt_core.llm.batch_desk import BatchDesk
from edt_core.llm.chat_bodies import Forms, cut_watch, read_reply
from edt_core.llm.in_flight import Reply, ServiceDesk
from edt_core.llm.ledger import Ledger
from edt_core.llm.presets import PRESETS, Form, address_of, key_names
from edt_core.llm.prices import Purse, price_of
from edt_core.llm.service import CallFailed, Endpoint, Service
from edt_core.ports import Question


def _go_on() -> None:
    """Never stop."""


def service_model(
    settings: LlmSettings,
    ledger: Ledger,
    purse: Purse | None = None,
    *,
    batches: BatchBook | None = None,
    emit: EventSink = silence,
    check: Callable[[], None] = _go_on,
) -> RememberingModel:
    """The language model behind an OpenAI-compatible endpoint.

    Args:
        settings: Which one, and how it is asked.
        ledger: Keeps every call.
        purse: Holds money back for every call.
        batches: Keeps what was given to the service as a file; ``llm.mode = batch`` needs it, and
            without it a live model does not know of such requests.
        emit: Told once of a form of answers that the service refuses, and of a prompt that it cut.
        check: Raises when the user asked to stop; the calls in flight come home first.
    """
    where, preset, price = endpoint(settings), PRESETS[settings.provider], price_of(settings)
    desk: Desk = ServiceDesk(
        OpenAIChat(where, preset.form, emit),
        ledger,
        concurrency=settings.concurrency,
        repair_attempts=settings.repair_attempts,
        price=price,
        purse=purse,
        check=check,
    )
    if batches is not None:
        desk = BatchDesk(
            where,
            preset,
            batches,
            model=settings.model,
            repair_attempts=settings.repair_attempts,
            price=price,
            purse=purse,
            emit=emit,
            check=check,
            live=desk if settings.mode == "live" else None,
        )
    return RememberingModel(settings.choice, desk, ledger)


def endpoint(settings: LlmSettings) -> Endpoint:
    """Where the settings' chat service is.

    Raises:
        UsageError: the settings name no address.
    """
    address = address_of("llm", settings)
    return Endpoint(
        section="llm",
        base_url=address,
        key_names=key_names("llm", settings.provider, address),
        api_version=settings.api_version if settings.provider == "azure" else "",
        timeout=settings.timeout,
        concurrency=settings.concurrency,
        requests_per_minute=settings.requests_per_minute,
        tokens_per_minute=settings.tokens_per_minute,
    )


class OpenAIChat:
    """One chat service; learns which kind of structured answer it supports."""

    def __init__(self, where: Endpoint, form: Form = "schema", emit: EventSink = silence) -> None:
        """A chat service at ``where`` that supports no stronger ``form`` of answers."""
        self._service = Service(where)
        self._forms = Forms(form, emit)
        self._form_tried = False
        self._trying = asyncio.Lock()
        self._watch_for_a_cut = cut_watch(emit)

    async def open(self) -> None:
        """Get ready inside the running event loop."""
        self._trying = asyncio.Lock()
        await self._service.open()

    def drain(self, *, at_once: bool = False) -> None:
        """Let what was begun come home and try nothing again; ``at_once``: send nothing more."""
        self._service.drain(at_once=at_once)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._service.close()

    async def complete(self, body: dict[str, Any], question: Question) -> Reply:
        """A reply, or its failure as one. Steps down the ladder when the service refuses a form."""
        if question.answer is None or self._form_tried:
            return await self._complete(body, question)
        async with self._first_alone():
            return await self._complete(body, question)

    @asynccontextmanager
    async def _first_alone(self) -> AsyncIterator[None]:
        """Let one call find out which form the service takes before others ask for it."""
        async with self._trying:
            if not self._form_tried:
                yield
                self._form_tried = True
                return
        yield

    async def _complete(self, body: dict[str, Any], question: Question) -> Reply:
        started = time.monotonic()
        attempts: tuple[Any, ...] = ()
        tokens = len(str(body["messages"])) // 4 + int(body["max_tokens"])
        while True:
            rung = self._forms.rung
            sent = self._forms.sent(body, question.answer)
            try:
                answer, latest = await self._service.exchange("/chat/completions", sent, tokens)
            except CallFailed as failed:
                attempts += failed.attempts
                refusal = (rung, failed.status, failed.reason, question.step)
                if question.answer and self._forms.refused(*refusal):
                    continue
                reply = Reply(error=failed.reason, fatal=failed.fatal)
            else:
                attempts += latest
                reply = read_reply(answer)
                self._watch_for_a_cut(body, reply, question.step)
            return replace(
                reply,
                sent=json.dumps(sent, sort_keys=True, ensure_ascii=False),
                latency=time.monotonic() - started,
                attempts=attempts,
            )
