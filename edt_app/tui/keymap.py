"""Keys that a user chose: read as they are written, and none that does two things at once."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.keys import Keys, _character_to_key

from edt_app.tui.app import KEYS_OF_APP
from edt_app.tui.commands import WRITTEN, Command
from edt_app.tui.places import PLACES
from edt_core.errors import InputError

_NAMES = {written: key for key, written in WRITTEN.items()}
_MODIFIERS = ("ctrl+", "alt+", "shift+", "super+", "hyper+", "meta+")


def contexts() -> dict[str, list[Command]]:
    """Every command that has a key at the same time as others, by screen."""
    everywhere = [*(place.command for place in PLACES), *KEYS_OF_APP]
    screens = {place.label: place.make() for place in PLACES}
    return {label: [*screen.KEYS, *screen.INSIDE, *everywhere] for label, screen in screens.items()}


def chosen(
    keymap: Mapping[str, str], known: Mapping[str, Sequence[Command]], path: Path
) -> dict[str, str]:
    """The keymap in the terminal library's names.

    Args:
        keymap: Keys by command id, as the settings file has them.
        known: As ``contexts`` gives them.
        path: The settings file, for messages.

    Raises:
        InputError: a key that does not exist, or one that two commands of a screen would have.
    """
    named = {
        name: ",".join(_key(text.strip(), f"{path}: keymap.{name}") for text in keys.split(","))
        for name, keys in keymap.items()
    }
    for screen, commands in known.items():
        taken: dict[str, Command] = {}
        for command in commands:
            for key in named.get(command.id, command.keys).split(","):
                other = taken.setdefault(key, command)
                if other.id != command.id and {other.id, command.id} & named.keys():
                    raise InputError(
                        f"{path}: {WRITTEN.get(key, key)!r} would be both {other.id} "
                        f"({other.label}) and {command.id} ({command.label}) on {screen}.",
                        hint="Give one of them another key; docs/keys.md lists them all.",
                    )
    return named


def _key(text: str, where: str) -> str:
    """The name of a key: a letter or sign, a name, or as this program writes it."""
    name = _NAMES.get(text, text)
    if len(name) == 1:
        return _character_to_key(name)
    bare = name.lower() if name[1:].isdecimal() else name  # F2 as f2
    while bare.startswith(_MODIFIERS):
        bare = bare.partition("+")[2]
    if len(bare) == 1 or bare in set(Keys) or _is_sign(bare):
        return name if len(bare) == 1 or "+" in name else bare
    raise InputError(
        f"{where}: there is no key {text!r}.",
        hint="Write a letter or sign, or a name such as f2, space, enter, pageup or ctrl+n.",
    )


def _is_sign(name: str) -> bool:
    try:
        letter = unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return name in WRITTEN
    return _character_to_key(letter) == name
