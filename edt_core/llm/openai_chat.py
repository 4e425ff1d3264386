"""Chat through the ``openai`` SDK at any OpenAI-compatible endpoint (A.4)."""

import json
import time
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from edt_core.config import LlmSettings
from edt_core.llm.asking import RememberingModel
from edt_core.llm.in_flight import Reply, ServiceDesk
from edt_core.llm.ledger import Ledger
from edt_core.llm.presets import PRESETS, Form, address_of, key_names
from edt_core.llm.prices import Purse, price_of
from edt_core.llm.service import CallFailed, Endpoint, Send, Service
from edt_core.ports import Question

_LADDER: tuple[Form, ...] = ("schema", "json", "text")
"""How an answer's form is asked for, the strongest first; the prompt names the format anyway."""


def service_model(
    settings: LlmSettings, ledger: Ledger, purse: Purse | None = None
) -> RememberingModel:
    """The language model behind an OpenAI-compatible endpoint."""
    desk = ServiceDesk(
        OpenAIChat(endpoint(settings), PRESETS[settings.provider].form),
        ledger,
        concurrency=settings.concurrency,
        repair_attempts=settings.repair_attempts,
        price=price_of(settings),
        purse=purse,
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
    )


class OpenAIChat:
    """One chat service; learns which kind of structured answer it supports."""

    def __init__(self, where: Endpoint, form: Form = "schema") -> None:
        """A chat service at ``where`` that supports no stronger ``form`` of answers."""
        self._service = Service(where)
        self._rung = _LADDER.index(form)

    async def open(self) -> None:
        """Get ready inside the running event loop."""
        await self._service.open()

    async def close(self) -> None:
        """Let go of every connection."""
        await self._service.close()

    async def complete(self, body: dict[str, Any], question: Question) -> Reply:
        """A reply, or its failure as one. Steps down the ladder when the service refuses a form."""
        started = time.monotonic()
        attempts: tuple[Any, ...] = ()
        while True:
            rung = self._rung
            sent = _with_form(body, question.answer, _LADDER[rung])
            try:
                answer, latest = await self._service.exchange(_sender(sent), body["model"])
            except CallFailed as failed:
                attempts += failed.attempts
                if question.answer and rung < len(_LADDER) - 1 and _form_refused(failed):
                    self._rung = max(self._rung, rung + 1)
                    continue
                reply = Reply(error=failed.reason, fatal=failed.fatal)
            else:
                attempts += latest
                reply = _read_reply(answer)
            return replace(
                reply,
                sent=json.dumps(sent, sort_keys=True, ensure_ascii=False),
                latency=time.monotonic() - started,
                attempts=attempts,
            )


def _sender(sent: dict[str, Any]) -> Send:
    return lambda client: client.chat.completions.with_streaming_response.create(**sent)


def _with_form(body: dict[str, Any], answer: type[BaseModel] | None, form: str) -> dict[str, Any]:
    """The body with the form of its answer asked for."""
    if answer is None or form == "text":
        return body
    if form == "json":
        return {**body, "response_format": {"type": "json_object"}}
    schema = {"name": answer.__name__, "strict": True, "schema": strict_schema(answer)}
    return {**body, "response_format": {"type": "json_schema", "json_schema": schema}}


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
    return replace(reply, text=text)


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
