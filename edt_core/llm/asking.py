"""A language model that remembers: every call is in the ledger before its answer is used."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from pydantic import BaseModel

from edt_core.config import LlmChoice
from edt_core.llm.ledger import Call, Ledger, content_key
from edt_core.llm.prompts import format_instruction
from edt_core.llm.replies import clean, read, read_plain, unwrapped
from edt_core.ports import Answer, Question, Refusal, StandIn

CHUNK = 4096
"""Questions that are looked up together."""


@dataclass(frozen=True)
class Request:
    """One question, rendered: what is sent and what it is known by."""

    question: Question
    body: dict[str, Any]
    """Model, messages and sampling parameters, as an OpenAI-compatible endpoint takes them."""
    text: str
    """The body as canonical JSON."""
    key: str
    repair: int = 0


class Desk(Protocol):
    """Gets answers to requests that the ledger doesn't know, and writes each into the ledger."""

    provider: str
    identity: str
    """What else the answers depend on, beside the request."""
    at_once: int
    """Questions that are looked up, asked and held together."""

    def resolve(self, requests: Sequence[Request]) -> Iterator[tuple[str, Answer | Refusal]]:
        """Key and outcome of each, as they come; closing the iterator drains what is under way."""


class RememberingModel:
    """Asks each question once, ever: the ledger answers those that it knows."""

    def __init__(self, choice: LlmChoice, desk: Desk, ledger: Ledger) -> None:
        """A model of this ``choice`` whose new questions go to ``desk``."""
        self._choice = choice
        self._desk = desk
        self._ledger = ledger

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer | Refusal]:
        """One answer or refusal a question, in order; identical questions are asked once.

        Raises:
            LlmUnavailable: the service can't be reached, or refuses the key or the model.
            BudgetReached: the next call could pass the cost cap.
        """
        refused: dict[str, Answer | Refusal] = {}
        remaining = iter(questions)
        while chunk := list(islice(remaining, self._desk.at_once)):
            yield from self._ask_chunk([self.rendered(question) for question in chunk], refused)

    def _ask_chunk(
        self, requests: list[Request], refused: dict[str, Answer | Refusal]
    ) -> Iterator[Answer | Refusal]:
        distinct = {request.key: request for request in requests}
        outcomes = {key: refused[key] for key in distinct.keys() & refused.keys()}
        outcomes.update(self._remembered(distinct))
        unknown = [request for key, request in distinct.items() if key not in outcomes]
        arriving = self._desk.resolve(unknown) if unknown else iter(())
        try:
            for request in requests:
                while request.key not in outcomes:
                    key, outcome = next(arriving)
                    outcomes[key] = outcome
                    if isinstance(outcome, Refusal):
                        refused[key] = outcome
                yield outcomes[request.key]
        finally:
            close = getattr(arriving, "close", None)
            if close:
                close()

    def rendered(self, question: Question) -> Request:
        """The question as a request of this model."""
        return rendered(question, self._choice, self._desk.provider, self._desk.identity)

    def _remembered(self, requests: dict[str, Request]) -> dict[str, Answer | Refusal]:
        """Answers that the ledger knows and that still are valid.

        One that another project bought is written down here, at no cost, before it is used.
        """
        outcomes: dict[str, Answer | Refusal] = {}
        borrowed: dict[str, Call] = {}
        for key, stored in self._ledger.find(list(requests)).items():
            parsed, reason = validated(requests[key].question, stored.response)
            if reason:
                continue
            outcomes[key] = Answer(stored.response, parsed, stored.id)
            if stored.reused_from:
                borrowed[key] = replace(
                    opened(requests[key], self._desk.provider),
                    status="answered",
                    response=stored.response,
                    parsed=_dumped(parsed),
                    cost=0.0,
                    reused_from=stored.reused_from,
                )
        ids = self._ledger.record(list(borrowed.values())) if borrowed else []
        for key, number in zip(borrowed, ids, strict=True):
            answer = outcomes[key]
            assert isinstance(answer, Answer)
            outcomes[key] = replace(answer, call=number)
        return outcomes


class StandInDesk:
    """The embedded stand-in's desk: no network, one transaction for a whole chunk."""

    provider = "stand-in"
    at_once = 1024

    def __init__(self, stand_in: StandIn, ledger: Ledger) -> None:
        """A desk where ``stand_in`` answers.

        A stand-in may carry an attribute ``identity``, a digest of the data that it answers from:
        what it said of other data is then no answer.
        """
        self._stand_in = stand_in
        self._ledger = ledger
        self.identity: str = getattr(stand_in, "identity", "")

    def resolve(self, requests: Sequence[Request]) -> Iterator[tuple[str, Answer | Refusal]]:
        """Answer and record all, then hand them out. A refused answer is not asked for again."""
        started = time.monotonic()
        texts = list(self._stand_in([request.question for request in requests]))
        texts += [""] * (len(requests) - len(texts))
        seconds = (time.monotonic() - started) / len(requests)
        judged = [
            (text, *validated(request.question, text))
            for request, text in zip(requests, texts, strict=True)
        ]
        ids = self._ledger.record(
            [
                replace(
                    opened(request, self.provider),
                    status="invalid" if reason else "answered",
                    response=text,
                    parsed=_dumped(parsed),
                    reason=reason,
                    model_answered=self.provider,
                    cost=0.0,
                    latency=seconds,
                )
                for request, (text, parsed, reason) in zip(requests, judged, strict=True)
            ]
        )
        for request, (text, parsed, reason), call in zip(requests, judged, ids, strict=True):
            yield request.key, Refusal(reason, call) if reason else Answer(text, parsed, call)


def rendered(
    question: Question, choice: LlmChoice, provider: str = "openai", identity: str = ""
) -> Request:
    """A question as the request that a model of this ``choice`` is sent.

    Args:
        question: What is asked.
        choice: Model and sampling parameters.
        provider: The desk's.
        identity: The desk's; what else the answers depend on.
    """
    messages = [{"role": "user", "content": question.prompt}]
    if question.system:
        messages.insert(0, {"role": "system", "content": question.system})
    body = {
        "model": choice.model,
        "messages": messages,
        "temperature": choice.temperature,
        "max_tokens": choice.max_tokens,
        **choice.fields,
    }
    text = canonical(body)
    return Request(question, body, text, content_key(provider, text, identity))


def opened(request: Request, provider: str) -> Call:
    """The ledger's line for a request that is about to be sent."""
    return Call(
        key=request.key,
        step=request.question.step,
        template=request.question.template,
        user=request.question.user,
        provider=provider,
        model=request.body["model"],
        request=request.text,
        repair=request.repair,
    )


def validated(question: Question, text: str) -> tuple[BaseModel | None, str]:
    """The object that the question asked for (None for plain text), and why there is none."""
    if question.answer is None:
        return None, "" if read_plain(text) else "The answer is empty."
    found = read(text, question.answer)
    return (None, found) if isinstance(found, str) else (found, "")


def repaired(request: Request, text: str, reason: str) -> Request:
    """The same question once more, with the refused answer and the error named."""
    wish = "Answer again"
    if request.question.answer is not None:
        wish += ", strictly in this JSON format: " + format_instruction(request.question.answer)
    messages = [
        *request.body["messages"],
        {"role": "assistant", "content": clean(unwrapped(text), 4000) or "(nothing)"},
        {"role": "user", "content": f"That answer can't be used. {reason} {wish}"},
    ]
    body = {**request.body, "messages": messages}
    return replace(request, body=body, text=canonical(body), repair=request.repair + 1)


def canonical(body: dict[str, Any]) -> str:
    """A body as JSON: equal bodies, equal texts."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _dumped(parsed: BaseModel | None) -> str:
    return "" if parsed is None else parsed.model_dump_json()
