"""The settings file of the interactive session: theme and keys."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edt_core.errors import InputError

_KNOWN = ("theme", "keymap", "ascii")


@dataclass(frozen=True)
class Preferences:
    """What a user prefers, whatever the project."""

    theme: str = ""
    """A theme's name; empty follows the terminal."""
    ascii: bool = False
    """Draw charts and marks with ASCII alone."""
    keymap: dict[str, str] = field(default_factory=dict)
    """Keys by command id, such as ``"review.accept" = "y"``."""


def preferences_file() -> Path:
    """``EDT_APP_CONFIG``, else ``app.toml`` in the platform's configuration folder."""
    chosen = os.environ.get("EDT_APP_CONFIG")
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("edt", appauthor=False) / "app.toml"


def read_preferences(path: Path) -> Preferences:
    """Read the file; one that isn't there means the defaults.

    Raises:
        InputError: it is no TOML, has an unknown key (the nearest known one is named), or gives
            one key to two commands.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read: {error}.", hint="Check the file.") from None
    import tomllib

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML: {error}.", hint="Correct the line.") from None
    for key in found:
        _known(key, _KNOWN, path)
    keymap = found.get("keymap", {})
    if not isinstance(keymap, dict):
        raise InputError(f"{path}: keymap is no table.", hint="Write it as [keymap].")
    checked = _checked(keymap, path) if keymap else {}
    return Preferences(str(found.get("theme", "")), bool(found.get("ascii", False)), checked)


def _checked(keymap: dict[str, Any], path: Path) -> dict[str, str]:
    """Every screen's code is needed to check a keymap, none of it without one."""
    from edt_app.tui.keymap import chosen, contexts

    known = contexts()
    names = tuple(dict.fromkeys(one.id for commands in known.values() for one in commands))
    for key, keys in keymap.items():
        _known(key, names, path)
        if not isinstance(keys, str) or not keys.strip():
            raise InputError(f"{path}: keymap.{key} is no text.", hint='Write it as "x" or "x,f2".')
    return chosen(keymap, known, path)


def _known(key: str, known: tuple[str, ...], path: Path) -> None:
    if key not in known:
        import difflib

        near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known[:8])}."
        raise InputError(f"{path}: there is no {key!r}.", hint=hint)
