"""Chat through the ``openai`` SDK at any OpenAI-compatible endpoint (A.4)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import BaseModel

from edt_core.config import LlmSettings
from edt_core.events import EventSink, Noted, silence
from edt_core.llm.asking import RememberingModel
from edt_core.llm.in_flight import Reply, ServiceDesk
from edt_core.llm.ledger import Ledger
from edt_core.llm.presets import PRESETS, Form, address_of, key_names
from edt_core.llm.prices import Purse, price_of
from edt_core.llm.service import CallFailed, Endpoint, Service
from edt_core.ports import Question

_LADDER: tuple[Form, ...] = ("schema", "json", "text")
"""How an answer's form is asked for, the strongest first; the prompt names the format anyway."""


_SHORTEST_CHECKED = 100
"""Words from which on a prompt is held against the service's own count of its tokens."""


def _go_on() -> None:
    """Never stop."""


def service_model(
    settings: LlmSettings,
    ledger: Ledger,
    purse: Purse | None = None,
    *,
    emit: EventSink = silence,
    check: Callable[[], None] = _go_on,
) -> RememberingModel:
    """The language model behind an OpenAI-compatible endpoint.

    Args:
        settings: Which one, and how it is asked.
        ledger: Keeps every call.
        purse: Holds money back for every call.
        emit: Told once of a form of answers that the service refuses, and of a prompt that it cut.
        check: Raises when the user asked to stop; the calls in flight come home first.
    """
    desk = ServiceDesk(
        OpenAIChat(endpoint(settings), PRESETS[settings.provider].form, emit),
        ledger,
        concurrency=settings.concurrency,
        repair_attempts=settings.repair_attempts,
        price=price_of(settings),
        purse=purse,
        check=check,
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
        self._rung = _LADDER.index(form)
        self._form_tried = False
        self._trying = asyncio.Lock()
        self._cut_told = False
        self._emit = emit

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
            rung = self._rung
            sent = _with_form(body, question.answer, _LADDER[rung])
            try:
                answer, latest = await self._service.exchange("/chat/completions", sent, tokens)
            except CallFailed as failed:
                attempts += failed.attempts
                if question.answer and rung < len(_LADDER) - 1 and _form_refused(failed):
                    self._step_down(rung, question.step)
                    continue
                reply = Reply(error=failed.reason, fatal=failed.fatal)
            else:
                attempts += latest
                reply = _read_reply(answer)
                self._watch_for_a_cut(body, reply, question.step)
            return replace(
                reply,
                sent=json.dumps(sent, sort_keys=True, ensure_ascii=False),
                latency=time.monotonic() - started,
                attempts=attempts,
            )

    def _step_down(self, rung: int, step: str) -> None:
        """Ask for the next weaker form from now on."""
        if self._rung == rung:
            self._rung = rung + 1
            refused, instead = (_SPOKEN[_LADDER[n]] for n in (rung, rung + 1))
            self._emit(Noted(step, f"The service takes no {refused}; it is asked for {instead}."))

    def _watch_for_a_cut(self, body: dict[str, Any], reply: Reply, step: str) -> None:
        """Say once that the service reads less of a prompt than was sent, by its own count.

        Choice: every tokenizer in use makes at least one token of a word; a count well below the
        number of words is proof, whatever the model.
        """
        words = sum(len(message["content"].split()) for message in body["messages"])
        seen = reply.prompt_tokens
        if self._cut_told or words < _SHORTEST_CHECKED or not 0 < seen < 0.8 * words:
            return
        self._cut_told = True
        note = (
            f"The service counts {seen:,} tokens in a prompt of {words:,} words: it seems to cut"
            " prompts. Give it a larger context, or ask for less."
        )
        self._emit(Noted(step, note))


_SPOKEN: dict[Form, str] = {"schema": "JSON schema", "json": "JSON mode", "text": "plain text"}


def _with_form(body: dict[str, Any], answer: type[BaseModel] | None, form: str) -> dict[str, Any]:
    """The body with the form of its answer asked for."""
    if answer is None or form == "text":
        return body
    if form == "json":
        return {**body, "response_format": {"type": "json_object"}}
    schema = {"name": answer.__name__, "strict": True, "schema": strict_schema(answer)}
    return {**body, "response_format": {"type": "json_schema", "json_schema": schema}}


@cache
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema in the subset that servers enforce: every key needed, no other."""
    schema = answer.model_json_schema()
    definitions = schema.pop("$defs", {})

    def strict(part: Any) -> Any:
        if isinstance(part, list):
            return [strict(entry) for entry in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return strict(definitions[part["$ref"].rpartition("/")[2]])
        kept = {key: strict(value) for key, value in part.items() if key in _KEPT_IN_SCHEMA}
        if "properties" in part:
            kept["properties"] = {key: strict(value) for key, value in part["properties"].items()}
            kept["required"] = list(part["properties"])
            kept["additionalProperties"] = False
        return kept

    found: dict[str, Any] = strict(schema)
    return found


_KEPT_IN_SCHEMA = {"type", "items", "description", "enum", "anyOf"}


def _form_refused(failed: CallFailed) -> bool:
    """The service turned the request down because of how the answer's form was asked for."""
    words = ("response_format", "json_schema", "json_object", "schema", "grammar", "json mode")
    said = failed.reason.casefold()
    return failed.status in {400, 415, 422, 501} and any(word in said for word in words)


def _read_reply(answer: dict[str, Any]) -> Reply:
    """What an answer says; every type is checked, because nobody else did."""
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    reply = Reply(
        model=_text(answer.get("model"))[:200],
        prompt_tokens=_count(counts.get("prompt_tokens")),
        cached_tokens=_cached(counts),
        completion_tokens=_count(counts.get("completion_tokens")),
    )
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return replace(reply, error="The service's answer holds no message.")
    text = _text(message.get("content"))
    if choice.get("finish_reason") == "content_filter":
        return replace(reply, text=text, error="The service's content filter stopped the answer.")
    if not text and message.get("refusal"):
        return replace(reply, error="The model refuses to answer.")
    return replace(reply, text=text, cut=choice.get("finish_reason") == "length")


def _cached(usage: dict[str, Any]) -> int:
    """Prompt tokens from the service's cache, as OpenAI and vLLM or as DeepSeek report them."""
    details = usage.get("prompt_tokens_details")
    if isinstance(details, dict) and "cached_tokens" in details:
        return _count(details["cached_tokens"])
    return _count(usage.get("prompt_cache_hit_tokens"))


def _text(value: Any) -> str:
    """A text without lone surrogates, which no database takes."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(value: Any) -> int:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    return int(value) if sound else 0
