"""Chat through the ``openai`` SDK at any OpenAI-compatible endpoint (A.4)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from edt_core.config import LlmSettings
from edt_core.errors import LlmUnavailable
from edt_core.events import EventSink, silence
from edt_core.llm.asking import Desk, RememberingModel
from edt_core.llm.batch_book import BatchBook
from edt_core.llm.batch_desk import BatchDesk
from edt_core.llm.chat_bodies import Forms, Parameters, cut_watch, extra_named, read_reply
from edt_core.llm.in_flight import Reply, ServiceDesk
from edt_core.llm.ledger import Ledger
from edt_core.llm.presets import PRESETS, Form, address_of, form_of, key_names
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
    where, price = endpoint(settings), price_of(settings)
    preset = replace(PRESETS[settings.provider], form=form_of(settings))
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
    """One chat service; learns which parameters and which forms of answers it takes."""

    def __init__(
        self,
        where: Endpoint,
        form: Form = "schema",
        emit: EventSink = silence,
        parameters: Parameters | None = None,
    ) -> None:
        """A chat service at ``where`` that supports no stronger ``form`` of answers.

        ``parameters`` are what is known already of how it wants them.
        """
        self._service = Service(where)
        self._forms = Forms(form, emit)
        self._parameters = parameters or Parameters(emit)
        self._tried = 0
        self._answered = False
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
        """A reply, or its failure as one. Asks again in other words where the service refuses some.

        The first question goes alone, and so does the first whose answer has a form.
        """
        new = 1 if question.answer is None else 2
        if self._tried >= new:
            return await self._complete(body, question)
        async with self._first_alone(new):
            return await self._complete(body, question)

    @asynccontextmanager
    async def _first_alone(self, new: int) -> AsyncIterator[None]:
        """Let one call find out what the service takes before others ask for it."""
        async with self._trying:
            if self._tried < new:
                yield
                self._tried = new
                return
        yield

    async def _complete(self, body: dict[str, Any], question: Question) -> Reply:
        started = time.monotonic()
        attempts: tuple[Any, ...] = ()
        tokens = len(str(body["messages"])) // 4 + int(body["max_tokens"])
        while True:
            rung = self._forms.rung
            sent = self._parameters.sent(self._forms.sent(body, question.answer))
            try:
                answer, latest = await self._service.exchange("/chat/completions", sent, tokens)
            except CallFailed as failed:
                attempts += failed.attempts
                told = (failed.status, failed.reason, question.step)
                if self._parameters.refused(sent, *told):
                    continue
                if question.answer and self._forms.refused(rung, *told):
                    continue
                reply = Reply(
                    error=failed.reason, refused=failed.for_good, fatal=self._fatal(sent, failed)
                )
            else:
                self._answered = True
                attempts += latest
                reply = read_reply(answer)
                self._watch_for_a_cut(body, reply, question.step)
                if question.answer:
                    self._forms.heard(rung, reply, question.answer, question.step)
            return replace(
                reply,
                sent=json.dumps(sent, sort_keys=True, ensure_ascii=False),
                latency=time.monotonic() - started,
                attempts=attempts,
            )

    def _fatal(self, sent: dict[str, Any], failed: CallFailed) -> LlmUnavailable | None:
        """The error that ends the run; a field of the user's that was never taken is one."""
        name = "" if failed.fatal or self._answered else extra_named(sent, failed.reason)
        if not name:
            return failed.fatal
        hint = f"Take {name!r} out of llm.extra, or give it another value."
        return LlmUnavailable(
            f"The service refuses a field of llm.extra. {failed.reason}", hint=hint
        )
