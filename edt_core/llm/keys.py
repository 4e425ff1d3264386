"""A service's key: from the environment or the system's keyring, and never anywhere else."""

import os
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlsplit

from edt_core.llm.presets import is_confidential

KEYRING_SERVICE = "edt"


def find_key(names: Sequence[str], address: str) -> tuple[str, str]:
    """A key for ``address`` and where it was found, or two empty texts.

    Args:
        names: Environment variables, the first that is set counts.
        address: The endpoint's; the keyring holds keys by host, so that none goes to another, and
            gives none to one that is spoken to in the open.
    """
    for name in names:
        if key := os.environ.get(name, "").strip():
            return key, name
    host = urlsplit(address).hostname or ""
    if host and is_confidential(address) and (key := _from_keyring(host)):
        return key, f"the keyring ({KEYRING_SERVICE}, {host})"
    return "", ""


def has_keyring() -> bool:
    """The extra ``edt[keyring]`` is installed."""
    return find_spec("keyring") is not None


def _from_keyring(host: str) -> str:
    """The keyring's password for ``edt`` at ``host``; empty where there is no keyring at all."""
    if not has_keyring():
        return ""
    try:
        return str(import_module("keyring").get_password(KEYRING_SERVICE, host) or "").strip()
    except Exception:  # noqa: BLE001  backends raise classes of their own; none of them has a key
        return ""
