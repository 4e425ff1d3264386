"""Endpoints by name: where they are, whose key they take, and what they are known to support.

No model is named here: vendors retire them. ``openai`` is OpenAI itself while no address is set,
and any OpenAI-compatible endpoint with one.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.errors import UsageError

Form = Literal["schema", "json", "text"]
"""How an answer's form is asked for: a JSON schema, JSON mode, or the prompt's words alone."""


@dataclass(frozen=True)
class Preset:
    """What is known of a provider before it is asked; ``edt doctor`` asks."""

    address: str
    """Where it is unless ``base_url`` says otherwise; empty: it has to be said."""
    key_name: str
    """The variable that usually holds its key."""
    hosts: tuple[str, ...] = ()
    """The key of that variable goes to these domains alone; empty: to any address set."""
    form: Form = "schema"
    """The strongest form of an answer that it is known to support; see ``form_of``."""
    own_hardware: bool = False
    """It runs on the user's machines, where nobody sends a bill."""
    cuts_prompts: bool = False
    """Known to cut a prompt that is too long without a word."""
    batch_url: str = "/v1/chat/completions"
    """What the requests of a batch are addressed to."""
    batch_requests: int = 50_000
    """Most requests of one batch."""
    batch_bytes: int = 200_000_000
    """Most bytes of one batch's file."""


PRESETS = {
    "openai": Preset("https://api.openai.com/v1", "OPENAI_API_KEY", ("openai.com",)),
    "deepseek": Preset(
        "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", ("deepseek.com",), form="json"
    ),
    "azure": Preset(
        "",
        "AZURE_OPENAI_API_KEY",
        ("azure.com", "azure.us", "azure.cn"),
        batch_url="/chat/completions",
        batch_requests=100_000,
    ),
    "vllm": Preset("http://127.0.0.1:8000/v1", "VLLM_API_KEY", own_hardware=True),
    "ollama": Preset(
        "http://127.0.0.1:11434/v1", "OLLAMA_API_KEY", own_hardware=True, cuts_prompts=True
    ),
    "llama-cpp": Preset("http://127.0.0.1:8080/v1", "LLAMA_API_KEY", own_hardware=True),
}

_OWN_KEYS = {
    "llm": ("EDT_LLM_KEY", "EDT_LLM_API_KEY"),
    "embedding": ("EDT_EMBEDDING_KEY", "EDT_EMBEDDING_API_KEY"),
}
"""What a user sets for EDT goes to whatever address the project names."""


def form_of(settings: LlmSettings) -> Form:
    """The strongest form of answers that a run asks for: the settings', else the preset's."""
    return (
        PRESETS[settings.provider].form if settings.answer_form == "auto" else settings.answer_form
    )


def address_of(section: str, settings: LlmSettings | EmbeddingSettings) -> str:
    """The address that the settings mean.

    Raises:
        UsageError: the provider has no address of its own, or Azure's version is missing.
    """
    preset = PRESETS[settings.provider]
    address = settings.base_url or preset.address
    if not address:
        raise UsageError(
            f"{section}.base_url is not set.",
            hint="For Azure write https://RESOURCE.openai.azure.com.",
        )
    if settings.provider == "azure" and not (settings.api_version or address.endswith("/v1")):
        raise UsageError(
            f"{section}.api_version is not set.",
            hint="Azure asks for one, such as 2024-10-21; or end base_url in /openai/v1.",
        )
    return address


def key_names(section: str, provider: str, address: str) -> tuple[str, ...]:
    """The variables that may hold the key for ``address``; the first that is set counts.

    A vendor's variable is read for the vendor's own hosts alone, so that a project that names
    another address never sends OpenAI's key there, and never for one that is spoken to in the open.
    """
    preset = PRESETS[provider]
    fits = (not preset.hosts or _is_at(address, preset.hosts)) and is_confidential(address)
    return _OWN_KEYS[section] + ((preset.key_name,) if fits else ())


def is_openais(address: str) -> bool:
    """The address is one of OpenAI's own."""
    return _is_at(address, PRESETS["openai"].hosts)


def is_confidential(address: str) -> bool:
    """What is sent there is encrypted, or stays on this machine or in this network."""
    return urlsplit(address).scheme == "https" or is_near(address)


def _is_at(address: str, hosts: tuple[str, ...]) -> bool:
    host = urlsplit(address).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in hosts)


def is_own_hardware(provider: str, address: str) -> bool:
    """A server of one's own, by the preset's name, on this machine or in this network."""
    return PRESETS[provider].own_hardware and is_near(address)


def is_near(address: str) -> bool:
    """The address is on this machine or in a private network."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host
