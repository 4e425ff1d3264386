"""One cheap question of each kind to an endpoint, and what the answers say of it."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from pydantic import BaseModel

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.data.sequences import Floats
from edt_core.errors import EdtError
from edt_core.events import silence
from edt_core.llm.asking import canonical, rendered
from edt_core.llm.batch_api import batches_offered
from edt_core.llm.chat_bodies import IGNORED, LADDER, SPOKEN, Parameters
from edt_core.llm.in_flight import Reply
from edt_core.llm.ledger import Call, Ledger, content_key
from edt_core.llm.openai_chat import OpenAIChat, endpoint
from edt_core.llm.openai_embed import OpenAIEmbedder
from edt_core.llm.openai_embed import endpoint as embedding_endpoint
from edt_core.llm.presets import Form, address_of, form_of
from edt_core.llm.prices import Price, price_of
from edt_core.llm.replies import clean, read
from edt_core.llm.service import CallFailed, Endpoint, Service
from edt_core.ports import Question

STEP = "doctor"
"""Under what the ledger keeps the questions."""
LONG_PROMPT = 5_500
"""Words of the long question: about the longest prompt of a run with ten clusters a domain. No
tokenizer of today makes one token of two words, so fewer tokens than words mean a cut prompt."""
_LONGEST_ANSWER = 1024
_WORDS = ("tea", "jam", "pot", "red", "sun", "map", "ink", "oak", "bag", "cup")
_TEXTS = ("green tea in a tin", "a steel kettle", "running shoes for the mountains")
_LIST_SECONDS = 15.0
_REFUSED = "refused by the service"


@dataclass(frozen=True)
class Probed:
    """One thing that was asked."""

    what: str
    state: Literal["good", "note", "bad"]
    detail: str


class Colour(BaseModel):
    """The answer to the short question."""

    colour: str


def dearest(settings: LlmSettings | EmbeddingSettings) -> float | None:
    """The most that asking about these settings can cost, US dollars; None if nobody knows."""
    price = price_of(settings)
    if price is None:
        return None
    if isinstance(settings, EmbeddingSettings):
        return price.of(4 * len(" ".join(_TEXTS)))
    return price.of(2 * LONG_PROMPT + 3 * 200, 4 * _LONGEST_ANSWER)


def probe_chat(settings: LlmSettings, ledger: Ledger) -> Iterator[Probed]:
    """Ask the chat endpoint: forms of answers, a long prompt, its models. Every call is recorded.

    An endpoint that can't be used at all is one finding, and nothing more is asked.
    """
    try:
        yield from _probe_chat(_Asker(settings, ledger), settings)
    except EdtError as error:
        yield Probed("chat", "bad", str(error))


def _probe_chat(asker: "_Asker", settings: LlmSettings) -> Iterator[Probed]:
    yield Probed("chat endpoint", "good", f"{settings.model} at {_host(asker.where.base_url)}")
    yield priced("chat price", asker.price)
    found = {form: _form(form, asker.short(form)) for form in LADDER}
    yield from found.values()
    yield _asked_for(form_of(settings), found)
    if not asker.seconds:  # it never answered
        return
    yield _parameters(asker.parameters, settings)
    yield _long(asker.long())
    seconds = f"{median(asker.seconds):.2f} s a short question"
    yield Probed("latency", "note", f"{seconds}, {settings.concurrency} at a time")
    yield _models(asker.where, settings.model)
    yield _batches(asker.where, settings)


def probe_embeddings(settings: EmbeddingSettings, ledger: Ledger) -> Iterator[Probed]:
    """Ask the embedding endpoint for three short texts. Every request is recorded."""
    try:
        where = _briefly(embedding_endpoint(settings))
        host = _host(where.base_url)
        yield Probed("embedding endpoint", "good", f"{settings.model} at {host}")
        yield priced("embedding price", price_of(settings))
        together = OpenAIEmbedder(settings, _Forgetful(), where, ledger=ledger).embed(_TEXTS)
        last = OpenAIEmbedder(settings, _Forgetful(), where, ledger=ledger).embed(_TEXTS[-1:])
    except EdtError as error:
        yield Probed("embeddings", "bad", str(error))
        return
    yield Probed("dimension", "good", str(together.shape[1]))
    nearest = int(np.argmax(_unit(together) @ _unit(last)[0]))
    in_order = nearest == len(_TEXTS) - 1
    detail = "as the texts were sent" if in_order else "NOT that of the texts: don't use it"
    yield Probed("order of vectors", "good" if in_order else "bad", detail)


def priced(what: str, price: Price | None) -> Probed:
    """What is known of a price."""
    if price is None:
        detail = "not known: costs are counted as unknown, and --max-cost is refused"
        return Probed(what, "note", detail)
    parts = [f"${price.input:g} in"]
    parts += [f"${price.cached_input:g} cached"] if price.cached_input is not None else []
    parts += [f"${price.output:g} out"] if price.output else []
    parts += [f"{price.batch_discount:.0%} off in batches"] if price.batch_discount else []
    says = ", ".join(part for part in (price.source, price.as_of) if part)
    return Probed(what, "good", f"{', '.join(parts)} per million tokens ({says})")


class _Asker:
    """Asks single questions and writes each into the ledger."""

    def __init__(self, settings: LlmSettings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger
        self.where = _briefly(endpoint(settings))
        self.price = price_of(settings)
        self.parameters = Parameters(silence)
        self.seconds: list[float] = []

    def short(self, form: Form) -> Reply:
        """The short question, its answer's form asked for as ``form``."""
        prompt = 'Name a colour. Answer with this JSON object alone: {"colour": "<name>"}'
        reply = self._ask(prompt, Colour, form)
        self.seconds += [] if reply.error else [reply.latency]
        return reply

    def long(self) -> Reply:
        """A question of many words."""
        words = " ".join(_WORDS[n % len(_WORDS)] for n in range(LONG_PROMPT))
        return self._ask(f"{words}\nWhich word came first? Answer with it alone.", None, "text")

    def _ask(self, prompt: str, answer: type[BaseModel] | None, form: Form) -> Reply:
        question = Question(STEP, "probe", None, "", prompt, answer)
        most = min(self._settings.max_tokens, _LONGEST_ANSWER)
        body = rendered(
            question, self._settings.choice.model_copy(update={"max_tokens": most})
        ).body

        async def asked() -> Reply:
            chat = OpenAIChat(self.where, form, parameters=self.parameters)
            await chat.open()
            try:
                return await chat.complete(body, question)
            finally:
                await chat.close()

        reply = asyncio.run(asked())
        self._ledger.record([self._line(body, reply)])
        if reply.fatal:
            raise reply.fatal
        return reply

    def _line(self, body: dict[str, Any], reply: Reply) -> Call:
        paid = None
        if self.price and reply.prompt_tokens:
            paid = self.price.of(reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
        elif reply.error and all(attempt.turned_away for attempt in reply.attempts):
            paid = 0.0
        text = canonical(body)
        return Call(
            key=content_key("openai", text, STEP),
            step=STEP,
            template="probe",
            user=None,
            provider="openai",
            model=self._settings.model,
            request=reply.sent or text,
            status="failed" if reply.error else "answered",
            response=reply.text,
            reason=reply.error,
            model_answered=reply.model,
            prompt_tokens=reply.prompt_tokens,
            cached_tokens=reply.cached_tokens,
            completion_tokens=reply.completion_tokens,
            cost=paid,
            latency=reply.latency,
            attempts=reply.attempts,
        )


class _Forgetful:
    """A memory of vectors that knows nothing: what is asked for is asked of the service."""

    def find(self, keys: Sequence[str]) -> Mapping[str, Floats]:
        return {}

    def keep(self, vectors: Mapping[str, Floats]) -> None:
        pass


def _form(form: Form, reply: Reply) -> Probed:
    """Whether an answer of this form came: what a run could read of it."""
    name = SPOKEN[form]
    if reply.error:
        return Probed(name, "bad", clean(reply.error, 200))
    types = {"schema": "json_schema", "json": "json_object", "text": "text"}
    if json.loads(reply.sent).get("response_format", {}).get("type", "text") != types[form]:
        return Probed(name, "note", _REFUSED)
    if not isinstance(read(reply.text, Colour), str):
        return Probed(name, "good", "answers as asked")
    if reply.cut:
        return Probed(name, "note", "breaks off: llm.max_tokens is too small for this model")
    return Probed(name, "note", "taken, but the answer is not the JSON asked for")


def _asked_for(first: Form, found: Mapping[Form, Probed]) -> Probed:
    """What a run would ask for: it begins at ``first`` and goes down where the service makes it."""
    what = "form of answers"
    taken = [form for form in LADDER if found[form].detail != _REFUSED]
    here = [form for form in taken if LADDER.index(form) >= LADDER.index(first)]
    good = [form for form in taken if found[form].state == "good"]
    begins = SPOKEN[here[0]] if here else "nothing"
    later = next((form for form in here if form in good), None)
    if not good:
        return Probed(what, "bad", "no form brings the JSON that a run needs")
    if later is None or found[here[0]].state == "bad":
        return Probed(what, "bad", f"a run would ask for {begins}, which brings nothing")
    if here[0] != later:
        says = f"a run would ask for {begins}, and for {SPOKEN[later]} after {IGNORED} answers"
        says += f" without it; with llm.answer_form = {later} at once"
        return Probed(what, "note", says)
    says = f"{begins} is what a run would ask for"
    if good[0] not in here:
        says += f"; with llm.answer_form = {good[0]} it would be {SPOKEN[good[0]]}"
    return Probed(what, "good", says)


def _parameters(parameters: Parameters, settings: LlmSettings) -> Probed:
    """How the model wants its parameters."""
    said = ["max_completion_tokens instead of max_tokens"] if parameters.renamed else []
    said += ["no temperature (llm.temperature is not sent)"] if parameters.untempered else []
    said += [f"llm.extra ({', '.join(settings.choice.fields)})"] if settings.extra else []
    usual = "max_tokens and temperature, as usual"
    return Probed("parameters", "note" if said else "good", "; ".join(said) or usual)


def _long(reply: Reply) -> Probed:
    """Whether the long prompt was read whole, by the service's own count."""
    what = "long prompts"
    if reply.error:
        return Probed(what, "note", f"{LONG_PROMPT:,} words: {clean(reply.error, 200)}")
    if not reply.prompt_tokens:
        return Probed(what, "bad", "the service counts no tokens: cost and cut prompts go unseen")
    counted = f"{reply.prompt_tokens:,} tokens counted for {LONG_PROMPT:,} words"
    if reply.prompt_tokens < LONG_PROMPT:
        return Probed(what, "bad", f"CUT without a word: {counted}; raise the server's context")
    return Probed(what, "good", f"read whole: {counted}")


def _models(where: Endpoint, model: str) -> Probed:
    """The list of models, where one is offered; most services name the asked one in it."""

    async def asked() -> dict[str, Any]:
        service = Service(where)
        await service.open()
        try:
            answer, _ = await service.tried(
                lambda client: client.get("/models", cast_to=bytes), seconds=_LIST_SECONDS
            )
        finally:
            await service.close()
        return answer

    try:
        names = [str(entry["id"]) for entry in asyncio.run(asked())["data"]]
    except (CallFailed, KeyError, TypeError):
        return Probed("list of models", "note", "none offered")
    if model in names:
        return Probed("list of models", "good", f"{len(names):,}, {clean(model, 100)} among them")
    some = ", ".join(clean(name, 60) for name in names[:5])
    return Probed("list of models", "note", f"{clean(model, 100)} is not among: {some}")


def _batches(where: Endpoint, settings: LlmSettings) -> Probed:
    """Whether the endpoint answers files of requests, which nothing but asking tells."""
    why_not = asyncio.run(batches_offered(where))
    if why_not:
        return Probed("batches", "bad" if settings.mode == "batch" else "note", why_not)
    deployment = " where the deployment is one for batches" if settings.provider == "azure" else ""
    return Probed("batches", "good", f"offered: llm.mode = batch can be used{deployment}")


def _briefly(where: Endpoint) -> Endpoint:
    """The endpoint with little patience: somebody waits for the answer."""
    return replace(where, attempts=2, concurrency=1)


def _host(address: str) -> str:
    return urlsplit(address).netloc


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def asked_about(settings: LlmSettings | EmbeddingSettings) -> str:
    """The endpoint's host, for a sentence that asks for consent."""
    section = "llm" if isinstance(settings, LlmSettings) else "embedding"
    return _host(address_of(section, settings))
