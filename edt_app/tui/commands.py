"""What a key does: one table of commands feeds keys, footer, help and the palette alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.binding import Binding

FORBIDDEN_KEYS = frozenset(
    {"ctrl+a", "ctrl+b", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+left_square_bracket"}
)
"""Prefixes of terminal multiplexers, and keys that terminals can't tell from others."""


@dataclass(frozen=True)
class Command:
    """One thing that a user can do on a screen."""

    id: str
    """Its name in the settings file's ``keymap``, such as ``review.accept``."""
    keys: str
    """Keys, the shown one first, with commas between."""
    label: str
    """A word or two for the footer."""
    help: str
    """One sentence for the help screen and the palette."""
    action: str
    """The method of the screen (or the app) that does it."""
    footer: bool = True
    """Stands in the footer; help and palette show every command."""
    danger: bool = False
    """Can't be undone: shown in words as such."""

    @property
    def shown_key(self) -> str:
        """The first key as a user would write it."""
        return shown_key(self.keys.split(",", maxsplit=1)[0])


_WRITTEN = {
    "question_mark": "?", "slash": "/", "colon": ":", "comma": ",", "full_stop": ".",
    "equals_sign": "=", "plus": "+", "minus": "-", "percent_sign": "%", "left_square_bracket": "[",
    "right_square_bracket": "]", "exclamation_mark": "!", "escape": "esc", "pageup": "pgup",
    "pagedown": "pgdn", "left": "←", "right": "→", "up": "↑", "down": "↓",
}  # fmt: skip


def shown_key(key: str) -> str:
    """A key's name as it is printed on a keyboard."""
    return _WRITTEN.get(key, key.upper() if key.startswith("f") and key[1:].isdigit() else key)


def bindings(commands: Iterable[Command]) -> list[Binding]:
    """Textual's bindings for ``commands``; its own footer stays unused."""
    return [
        Binding(
            command.keys,
            f"command('{command.id}')",
            command.label,
            show=False,
            id=command.id,
        )
        for command in commands
    ]


def footer_lines(commands: Sequence[Command], keymap: dict[str, str], width: int) -> list[str]:
    """At most two lines of ``key Label``, whole entries only; the last command always stands.

    Args:
        commands: The most important first; the last one (help) keeps its place whatever the width.
        keymap: Keys that the user chose, by command id.
        width: Cells in a line.
    """
    entries = [
        f"{shown_key(keymap[c.id].split(',', maxsplit=1)[0]) if c.id in keymap else c.shown_key}"
        f" {c.label}"
        for c in commands
        if c.footer
    ]
    if not entries:
        return []
    *entries, last = entries
    lines = [""]
    for entry in entries:
        room = width - (len(last) + 3 if len(lines) == 2 else 0)
        if len(lines[-1]) + len(entry) + 3 <= room:
            lines[-1] += f" {entry} "
        elif len(lines) == 1:
            lines.append(f" {entry} " if len(entry) + len(last) + 6 <= width else "")
    if len(lines[-1]) + len(last) + 2 > width and len(lines) == 1:
        lines.append("")
    lines[-1] += f" {last}"
    return lines
