"""Names of projects: what may be one, and how a text of unknown origin is shown in a message."""

import re
import unicodedata

from edt_core.errors import UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)
}  # names that Windows keeps for itself, whatever stands behind the first dot


def project_name(text: str) -> str:
    """``text`` as a project's name, which is also its folder's.

    Raises:
        UsageError: it is no name: anything but 1 to 64 of a-z, 0-9, dot, dash and underline,
            starting with a letter or digit, not ending with a dot, and no device of Windows.
    """
    name = unicodedata.normalize("NFC", text)
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise UsageError(
            f"{shown(text)} can't be a project's name.",
            hint="Use a to z, 0 to 9, dot, dash and underline; begin with a letter or a digit.",
        )
    if name.split(".")[0] in _DEVICES:
        raise UsageError(
            f"{shown(text)} is a name that some systems keep for devices.",
            hint="Choose another name.",
        )
    return name


def shown(text: str, limit: int = 80) -> str:
    """``text`` quoted, cut, and with every control or invisible character spelled out."""
    return ascii(text if len(text) <= limit else f"{text[:limit]}...")
