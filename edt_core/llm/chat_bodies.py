"""What a chat request asks for, in the forms that servers take, and what an answer's body says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import BaseModel

from edt_core.events import EventSink, Noted
from edt_core.llm.in_flight import Reply
from edt_core.llm.presets import Form
from edt_core.llm.replies import read, unwrapped

LADDER: tuple[Form, ...] = ("schema", "json", "text")
"""How an answer's form is asked for, the strongest first; the prompt names the format anyway."""

_OURS = {
    *("model", "messages", "temperature", "response_format"),
    *("max_tokens", "max_completion_tokens"),
}

IGNORED = 5
"""So many answers in a row without the form that was asked for mean that it is ignored."""

SPOKEN: dict[Form, str] = {"schema": "JSON schema", "json": "JSON mode", "text": "plain text"}

_SHORTEST_CHECKED = 100
"""Words from which on a prompt is held against the service's own count of its tokens."""


class Forms:
    """The form in which answers are asked for: the strongest that the service takes and heeds."""

    def __init__(self, form: Form, emit: EventSink) -> None:
        """Begin with ``form``; ``emit`` is told of each step down."""
        self.rung = LADDER.index(form)
        self._emit = emit
        self._ignored = 0

    def sent(self, body: dict[str, Any], answer: type[BaseModel] | None) -> dict[str, Any]:
        """The body as it is to be sent now."""
        return with_form(body, answer, LADDER[self.rung])

    def refused(self, rung: int, status: int, reason: str, step: str) -> bool:
        """Whether a request sent at ``rung`` was turned down for its form, and can do with less.

        A weaker form is asked for from then on.
        """
        words = ("response_format", "json_schema", "json_object", "schema", "grammar", "json mode")
        said = reason.casefold()
        if status not in {400, 415, 422, 501} or not any(word in said for word in words):
            return False
        if rung == self.rung < len(LADDER) - 1:
            self._step_down("takes no {}", step)
        return rung < self.rung

    def heard(self, rung: int, reply: Reply, answer: type[BaseModel], step: str) -> None:
        """Take note of an answer to a request sent at ``rung``.

        After ``IGNORED`` in a row that are not the JSON that was asked for, a service that takes
        the form is known to ignore it, and each repair to be paid for nothing.
        """
        if rung != self.rung or rung == len(LADDER) - 1 or reply.error or reply.cut:
            return
        if unwrapped(reply.text).startswith("{") or not isinstance(read(reply.text, answer), str):
            self._ignored = 0
            return
        self._ignored += 1
        if self._ignored == IGNORED:
            self._step_down("takes {} and ignores it", step)

    def _step_down(self, how: str, step: str) -> None:
        before, instead = (SPOKEN[LADDER[n]] for n in (self.rung, self.rung + 1))
        self.rung += 1
        self._ignored = 0
        note = f"The service {how.format(before)}; it is asked for {instead}."
        self._emit(Noted(step, note))


class Parameters:
    """How the parameters of a request are spelt: as the model takes them, found by its refusals.

    Choice: reasoning models take neither ``max_tokens`` nor a temperature; what is not taken is
    left out and said, because an answer at another temperature is still the model's answer.
    """

    def __init__(self, emit: EventSink) -> None:
        """Begin with the usual names; ``emit`` is told of each change."""
        self._emit = emit
        self.renamed = False
        """``max_tokens`` is called ``max_completion_tokens``."""
        self.untempered = False
        """No temperature is sent."""

    def sent(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as it is to be sent now."""
        if not (self.renamed or self.untempered):
            return body
        left = {k: v for k, v in body.items() if k != "temperature" or not self.untempered}
        if self.renamed:
            left["max_completion_tokens"] = left.pop("max_tokens")
        return left

    def refused(self, sent: Mapping[str, Any], status: int, reason: str, step: str) -> bool:
        """Whether ``sent`` was turned down for a parameter that can be spelt otherwise."""
        if status not in {400, 422}:
            return False
        said = reason.casefold()
        if "max_tokens" in sent and "max_completion_tokens" in said:
            if not self.renamed:
                self.renamed = True
                note = "The model takes no max_tokens; it is sent max_completion_tokens."
                self._emit(Noted(step, note))
            return True
        unwelcome = any(word in said for word in ("support", "unknown", "unrecogni", "deprecated"))
        if "temperature" in sent and "temperature" in said and unwelcome:
            if not self.untempered:
                self.untempered = True
                note = "The model takes no temperature of ours: llm.temperature is not sent."
                self._emit(Noted(step, note))
            return True
        return False


def extra_named(sent: Mapping[str, Any], reason: str) -> str:
    """The field of the user's own (``llm.extra``) that a refusal names; empty for none."""
    for name in sorted(sent.keys() - _OURS):
        if re.search(rf"(?:['\"`(]|supplied: ){re.escape(name)}\b", reason):
            return name
    return ""


def cut_watch(emit: EventSink) -> Callable[[dict[str, Any], Reply, str], None]:
    """Says once that the service reads less of a prompt than was sent, by its own count.

    Choice: every tokenizer in use makes at least one token of a word; a count well below the
    number of words is proof, whatever the model.
    """
    told = False

    def watch(body: dict[str, Any], reply: Reply, step: str) -> None:
        nonlocal told
        words = sum(len(message["content"].split()) for message in body["messages"])
        seen = reply.prompt_tokens
        if told or words < _SHORTEST_CHECKED or not 0 < seen < 0.8 * words:
            return
        told = True
        note = (
            f"The service counts {seen:,} tokens in a prompt of {words:,} words: it seems to cut"
            " prompts. Give it a larger context, or ask for less."
        )
        emit(Noted(step, note))

    return watch


def with_form(body: dict[str, Any], answer: type[BaseModel] | None, form: Form) -> dict[str, Any]:
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


def read_reply(answer: dict[str, Any]) -> Reply:
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
        error = "The service's content filter stopped the answer."
        return replace(reply, text=text, error=error, refused=True)
    if not text and message.get("refusal"):
        return replace(reply, error="The model refuses to answer.", refused=True)
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
