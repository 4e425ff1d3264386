"""The settings of language models and embedders, part of the configuration."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from edt_core.params import Params

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


class EmbeddingSettings(Params):
    """Text embeddings (3.2.2)."""

    provider: Literal["embedded", "minilm", "openai", "azure", "vllm", "ollama", "llama-cpp"] = (
        "embedded"
    )
    """TF-IDF with truncated SVD, the bundled MiniLM model, or an endpoint (openai: any)."""

    model: str = Field(default="tfidf-svd", max_length=200)
    """The model's name, as the endpoint knows it."""

    dimensions: int = Field(default=512, ge=2, le=8192)
    """d_L of the embedded default; an endpoint is asked for its own."""

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

    requests_per_minute: int = Field(default=0, ge=0)
    """Most requests a minute; 0 for no limit of ours."""

    tokens_per_minute: int = Field(default=0, ge=0)
    """Most tokens a minute; 0 for no limit of ours."""

    price_input: Dollars = None
    """US dollars per million tokens, where the table of prices is wrong or silent."""

    reuse_from: str = Field(default="", max_length=64)
    """A project whose bought vectors are used before any is bought here."""

    @property
    def choice(self) -> "EmbeddingChoice":
        """What can change a vector; the endpoint's address and the batch size can't."""
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

    temperature: float = Field(default=0.5, ge=0.0, le=2.0)
    """Sampling temperature."""

    max_tokens: int = Field(default=1024, ge=16)
    """Longest answer."""

    repair_attempts: int = Field(default=2, ge=0, le=10)
    """How often an answer that fails validation is asked for again, with the error named."""

    concurrency: int = Field(default=8, ge=1, le=1024)
    """Calls in flight."""

    timeout: float = Field(default=120.0, gt=0.0)
    """Seconds for one call with its retries, without waits that a limit or the service asks."""

    requests_per_minute: int = Field(default=0, ge=0)
    """Most requests a minute; 0 for no limit of ours."""

    tokens_per_minute: int = Field(default=0, ge=0)
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
        """What can change an answer; the endpoint's address, limits and prices can't."""
        return LlmChoice(
            provider="stand-in" if self.provider == "stand-in" else "openai",  # one language
            model=self.model,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            repair_attempts=self.repair_attempts,
        )


class EmbeddingChoice(Params):
    """The part of the embedding settings that can change a vector."""

    provider: Literal["embedded", "minilm", "openai"]
    model: str
    dimensions: int


class LlmChoice(Params):
    """The part of the language-model settings that can change an answer."""

    provider: Literal["stand-in", "openai"]
    model: str
    temperature: float
    max_tokens: int
    repair_attempts: int
