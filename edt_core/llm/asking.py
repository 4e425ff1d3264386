"""A language model that remembers: every call is in the ledger before its answer is used."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from pydantic import BaseModel

from edt_core.config import LlmChoice
from edt_core.errors import LlmError
from edt_core.llm.ledger import Call, Ledger, content_key
from edt_core.llm.prompts import format_instruction
from edt_core.llm.replies import clean, read, read_plain, unwrapped
from edt_core.ports import Answer, Question, Refusal, StandIn

CHUNK = 128
"""Questions that are rendered and looked up together."""


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
    """Questions that are held at a time, from the oldest without an outcome to the newest."""

    def resolve(self, supply: "Supply") -> Iterator[tuple[str, Answer | Refusal]]:
        """Key and outcome of each, as they come; closing the iterator drains what is under way.

        It takes what it has use for whenever it likes, and may end before the supply does.
        """


class Supply(Protocol):
    """Requests that wait to be asked."""

    @property
    def ended(self) -> bool:
        """Nothing will come any more."""

    def take(self, most: int) -> list[Request]:
        """The next ones, at most so many; none while too many wait for their outcomes, or for good.

        The two are told apart by ``ended``.
        """


class Given:
    """Requests that are all at hand."""

    def __init__(self, requests: Iterable[Request]) -> None:
        """A supply of ``requests``."""
        self._left = deque(requests)

    @property
    def ended(self) -> bool:
        """All were taken."""
        return not self._left

    def take(self, most: int) -> list[Request]:
        """The next ones, at most so many."""
        return [self._left.popleft() for _ in range(min(most, len(self._left)))]


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
            LlmError: the desk ended without an outcome of what it was given.
        """
        ahead = _Ahead(questions, self.rendered, self._remembered, self._desk.at_once)
        arriving: Iterator[tuple[str, Answer | Refusal]] = iter(())
        try:
            while ahead.next_known() is not None:
                while (outcome := ahead.given_out()) is None:
                    found = next(arriving, None)
                    if found is None:  # the desk has not begun, or gave up a round
                        arriving = self._desk.resolve(ahead)
                        found = next(arriving, None)
                    if found is None:
                        raise _silent()
                    ahead.settle(*found)
                yield outcome
        finally:
            close = getattr(arriving, "close", None)
            if close:
                close()

    def ask_again(self, question: Question) -> Answer | Refusal:
        """Ask a question that the ledger may know the answer to.

        A new answer is found from then on; without one the old answer stands.

        Raises:
            LlmUnavailable, BudgetReached, LlmError: as for ``ask``.
        """
        request = self.rendered(question)
        outcomes = dict(self._desk.resolve(Given([request])))
        if request.key not in outcomes:
            raise _silent()
        return outcomes[request.key]

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


class _Ahead:
    """Questions from the oldest that waits for its outcome to the newest that was looked up.

    A slow answer holds back those behind it, which are asked meanwhile; how many is bounded, and so
    is what is in memory.
    """

    def __init__(
        self,
        questions: Iterable[Question],
        rendered: Callable[[Question], Request],
        remembered: Callable[[dict[str, Request]], dict[str, Answer | Refusal]],
        at_once: int,
    ) -> None:
        """Looks ``at_once`` questions ahead."""
        self._questions = iter(questions)
        self._rendered = rendered
        self._remembered = remembered
        self._at_once = at_once
        self._order: deque[str] = deque()
        self._waiting: Counter[str] = Counter()
        """How often each key stands in the order."""
        self._unknown: deque[Request] = deque()
        """Looked up in vain and not yet taken."""
        self._outcomes: dict[str, Answer | Refusal] = {}
        self._refused: dict[str, Answer | Refusal] = {}
        """Refusals of all questions so far: the ledger gives out answers alone."""
        self._all = False

    @property
    def ended(self) -> bool:
        """Nothing will be taken any more."""
        return self._all and not self._unknown

    def take(self, most: int) -> list[Request]:
        """The next requests that the ledger doesn't know, as far as the window reaches."""
        while len(self._unknown) < most and len(self._order) < self._at_once and self._look():
            pass
        return [self._unknown.popleft() for _ in range(min(most, len(self._unknown)))]

    def settle(self, key: str, outcome: Answer | Refusal) -> None:
        """An outcome has come."""
        self._outcomes[key] = outcome
        if isinstance(outcome, Refusal):
            self._refused[key] = outcome

    def next_known(self) -> str | None:
        """The oldest question's key; None when there is no question left."""
        if not self._order:
            self._look()
        return self._order[0] if self._order else None

    def given_out(self) -> Answer | Refusal | None:
        """The oldest question's outcome, once; None while it has none."""
        key = self._order[0]
        outcome = self._outcomes.get(key)
        if outcome is not None:
            self._order.popleft()
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._outcomes[key]
        return outcome

    def _look(self) -> bool:
        """Render and look up some more; whether there were any."""
        requests = [self._rendered(q) for q in islice(self._questions, CHUNK)]
        self._all = len(requests) < CHUNK
        new = {r.key: r for r in requests if r.key not in self._waiting}
        self._order.extend(request.key for request in requests)
        self._waiting.update(request.key for request in requests)
        known = {key: self._refused[key] for key in new.keys() & self._refused.keys()}
        known.update(self._remembered({key: r for key, r in new.items() if key not in known}))
        self._outcomes.update(known)
        self._unknown.extend(request for key, request in new.items() if key not in known)
        return bool(requests)


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

    def resolve(self, supply: Supply) -> Iterator[tuple[str, Answer | Refusal]]:
        """Answer and record many, then hand them out. A refused answer is not asked for again."""
        while requests := supply.take(self.at_once):
            yield from self._answered(requests)

    def _answered(self, requests: Sequence[Request]) -> Iterator[tuple[str, Answer | Refusal]]:
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
    reason = found if isinstance(found, str) else question.check(found)
    return (None, reason) if isinstance(found, str) or reason else (found, "")


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


def _silent() -> LlmError:
    return LlmError(
        "The language model's desk ended without an outcome of a question that it was given.",
        hint="Run again: what is answered is kept.",
    )


def _dumped(parsed: BaseModel | None) -> str:
    return "" if parsed is None else parsed.model_dump_json()
