"""The settings of language models and embedders, part of the configuration."""

import json
from typing import Annotated, Any, ClassVar, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer

from edt_core.local_models import digest_of
from edt_core.params import MOST, Params

Dollars = Annotated[float, Field(ge=0.0, le=1e6)] | None
"""US dollars per million tokens; None: as the table of prices says."""


def _address(text: str) -> str:
    """An endpoint's address: no place for a secret, because settings are stored and exported."""
    parts = urlsplit(text.strip())
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            "An address with a user name, a password or a '?' could hold a key; "
            "leave them out, keys come from the environment"
        )
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValueError("This is no address; write it like http://127.0.0.1:8000/v1")
    return text.strip()


Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]

_OWN_SETTINGS = {"model": "model", "temperature": "temperature", "max_tokens": "max_tokens"}
_NOT_TO_BE_SET = {
    *("messages", "response_format", "max_completion_tokens", "stream", "stream_options"),
    *("n", "best_of", "tools", "functions"),
}
"""What EDT says itself, and what would bring or cost more than one answer."""
_SECRET = {"apikey", "authorization", "password", "secret", "accesstoken"}


def _fields(text: str) -> str:
    """Fields of a request as canonical JSON; nothing for none."""
    if not text.strip():
        return ""
    try:
        given = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ValueError('This is no JSON object; write it like {"reasoning_effort": "low"}')
    for name in sorted(given):
        if name in _OWN_SETTINGS:
            raise ValueError(f"{name} is a setting of its own, llm.{_OWN_SETTINGS[name]}")
        if name in _NOT_TO_BE_SET:
            raise ValueError(f"{name} is not to be set here: a request asks for one answer")
    if any(name in _SECRET for name in _names(given)):
        raise ValueError("A key is never kept in a project; keys come from the environment")
    return json.dumps(given, sort_keys=True, ensure_ascii=False) if given else ""


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _names(value: Any) -> set[str]:
    """Every key at any depth, without case and punctuation."""
    if isinstance(value, list):
        return set().union(*map(_names, value))
    if not isinstance(value, dict):
        return set()
    here = {"".join(filter(str.isalnum, name.casefold())) for name in value}
    return here.union(*map(_names, value.values()))


Fields = Annotated[str, Field(max_length=2000), AfterValidator(_fields)]


class EmbeddingSettings(Params):
    """Text embeddings (3.2.2)."""

    provider: Literal[
        "embedded",
        "minilm",
        "sentence-transformers",
        "openai",
        "azure",
        "vllm",
        "ollama",
        "llama-cpp",
    ] = "embedded"
    """TF-IDF with SVD, the bundled MiniLM, another local model, or an endpoint (openai: any)."""

    model: str = Field(default="tfidf-svd", max_length=1000)
    """The model's name at the endpoint; for sentence-transformers its folder or its name here."""

    dimensions: int = Field(default=1536, ge=2, le=8192)
    """d_L of the embedded default (that of text-embedding-ada-002); endpoints have their own."""

    base_url: Address = ""
    """The endpoint, such as http://127.0.0.1:8000/v1; empty: the provider's own."""

    api_version: str = Field(default="", max_length=50)
    """Azure's version of its interface, such as 2024-10-21."""

    batch_size: int = Field(default=64, ge=1, le=4096)
    """Texts per request; fewer where the service takes no more."""

    concurrency: int = Field(default=8, ge=1, le=1024)
    """Requests in flight."""

    timeout: float = Field(default=120.0, gt=0.0)
    """Seconds for one request with its retries, without waits that a limit or the service asks."""

    requests_per_minute: int = Field(default=0, ge=0, le=MOST)
    """Most requests a minute; 0 for no limit of ours."""

    tokens_per_minute: int = Field(default=0, ge=0, le=MOST)
    """Most tokens a minute; 0 for no limit of ours."""

    price_input: Dollars = None
    """US dollars per million tokens, where the table of prices is wrong or silent."""

    reuse_from: str = Field(default="", max_length=64)
    """A project whose bought vectors are used before any is bought here."""

    @property
    def choice(self) -> "EmbeddingChoice":
        """What can change a vector; the endpoint's address and the batch size can't."""
        if self.provider == "sentence-transformers":  # the digest says which, wherever it lies
            digest = digest_of(self.model)
            return EmbeddingChoice(provider=self.provider, model="", dimensions=0, digest=digest)
        local = self.provider in {"embedded", "minilm"}
        return EmbeddingChoice(
            provider=self.provider if local else "openai",  # they all speak one language
            model=self.model,
            dimensions=self.dimensions if self.provider == "embedded" else 0,  # else the model's
        )


class LlmSettings(Params):
    """The language model that generates and summarizes (A.4)."""

    provider: Literal["stand-in", "openai", "deepseek", "azure", "vllm", "ollama", "llama-cpp"] = (
        "stand-in"
    )
    """The embedded retrieval stand-in (no LLM), or an endpoint (openai: any compatible one)."""

    model: str = Field(default="stand-in", max_length=200)
    """The model's name, as the endpoint knows it."""

    base_url: Address = ""
    """The endpoint, such as http://127.0.0.1:8000/v1; empty: the provider's own."""

    api_version: str = Field(default="", max_length=50)
    """Azure's version of its interface, such as 2024-10-21."""

    mode: Literal["live", "batch"] = "live"
    """Call by call, or as files of requests that the service answers within a day, for less."""

    temperature: float = Field(default=0.5, ge=0.0, le=2.0)
    """Sampling temperature."""

    max_tokens: int = Field(default=1024, ge=16, le=MOST)
    """Longest answer."""

    extra: Fields = ""
    """More fields of every request, as a JSON object such as {"reasoning_effort": "low"}."""

    answer_form: Literal["auto", "schema", "json", "text"] = "auto"
    """The strongest form that answers are asked for in; auto: as the provider is known to take."""

    repair_attempts: int = Field(default=2, ge=0, le=10)
    """How often an answer that fails validation is asked for again, with the error named."""

    concurrency: int = Field(default=8, ge=1, le=1024)
    """Calls in flight."""

    timeout: float = Field(default=120.0, gt=0.0)
    """Seconds for one call with its retries, without waits that a limit or the service asks."""

    requests_per_minute: int = Field(default=0, ge=0, le=MOST)
    """Most requests a minute; 0 for no limit of ours."""

    tokens_per_minute: int = Field(default=0, ge=0, le=MOST)
    """Most tokens a minute, answers included; 0 for no limit of ours."""

    price_input: Dollars = None
    """US dollars per million prompt tokens, where the table of prices is wrong or silent."""

    price_cached_input: Dollars = None
    """US dollars per million prompt tokens that the service read from its cache."""

    price_output: Dollars = None
    """US dollars per million answer tokens, where the table of prices is wrong or silent."""

    max_cost: Annotated[float, Field(ge=0.0)] | None = None
    """US dollars that one run may spend on chat and embeddings; a run's --max-cost outweighs it."""

    reuse_from: str = Field(default="", max_length=64)
    """A project whose answers to identical requests are used before any is bought here."""

    @property
    def choice(self) -> "LlmChoice":
        """What can change an answer; the endpoint's address, mode, limits and prices can't."""
        return LlmChoice(
            provider="stand-in" if self.provider == "stand-in" else "openai",  # one language
            model=self.model,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            repair_attempts=self.repair_attempts,
            extra="" if self.provider == "stand-in" else self.extra,
        )


class _Choice(Params):
    """A part of the settings that a stage's fingerprint holds."""

    later: ClassVar[frozenset[str]] = frozenset()
    """Fields of a later version: left out while empty, so that what was made without them stays."""

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        told: dict[str, Any] = dump(self)
        return {name: value for name, value in told.items() if value or name not in self.later}


class EmbeddingChoice(_Choice):
    """The part of the embedding settings that can change a vector."""

    later = frozenset({"digest"})

    provider: Literal["embedded", "minilm", "sentence-transformers", "openai"]
    model: str
    dimensions: int
    digest: str = ""
    """Of a local model's files."""


class LlmChoice(_Choice):
    """The part of the language-model settings that can change an answer."""

    later = frozenset({"extra"})

    provider: Literal["stand-in", "openai"]
    model: str
    temperature: float
    max_tokens: int
    repair_attempts: int
    extra: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """What a request says beside EDT's own fields."""
        found: dict[str, Any] = json.loads(self.extra or "{}")
        return found
