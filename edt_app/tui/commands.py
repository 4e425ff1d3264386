"""What a key does: one table of commands feeds keys, footer, help and the palette alike."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    no_line: str = ""
    """Why no command line does the same, as a sentence; empty where one does."""

    def keys_by(self, keymap: Mapping[str, str]) -> list[str]:
        """Its keys, those that the user chose if any, as a user would write them."""
        return [shown_key(key.strip()) for key in keymap.get(self.id, self.keys).split(",")]


WRITTEN = {
    "question_mark": "?", "slash": "/", "colon": ":", "comma": ",", "full_stop": ".",
    "equals_sign": "=", "plus": "+", "minus": "-", "percent_sign": "%", "left_square_bracket": "[",
    "right_square_bracket": "]", "exclamation_mark": "!", "escape": "esc", "pageup": "pgup",
    "pagedown": "pgdn", "left": "←", "right": "→", "up": "↑", "down": "↓",
}  # fmt: skip


def shown_key(key: str) -> str:
    """A key's name as it is printed on a keyboard."""
    return WRITTEN.get(key, key.upper() if key.startswith("f") and key[1:].isdigit() else key)


MOVING = (
    Command("list.down", "down,j", "Down", "One line down.", "down"),
    Command("list.up", "up,k", "Up", "One line up.", "up"),
    Command("list.page_down", "pagedown", "Page down", "One page down.", "page_down"),
    Command("list.page_up", "pageup", "Page up", "One page up.", "page_up"),
    Command("list.first", "home,g", "First", "To the start.", "first"),
    Command("list.last", "end,G", "Last", "To the end.", "last"),
    Command("list.open", "enter", "Open", "Open what is under the cursor.", "open"),
    Command("list.range", "v", "Range", "Mark from here to the cursor; again to keep it.", "range"),
    Command("list.end_range", "escape", "End range", "Mark nothing.", "end_range"),
    Command("text.wrap", "w", "Wrap", "Break long lines, or scroll them sideways.", "wrap"),
)
"""Keys of lists and texts, on whatever screen they stand."""

SCROLLING = {
    "down": "scroll_down",
    "up": "scroll_up",
    "page_down": "page_down",
    "page_up": "page_up",
    "first": "scroll_home",
    "last": "scroll_end",
}
"""What they do where there is no cursor."""

CURVES = (
    Command("chart.left", "left", "Left", "Crosshair a point back.", "left"),
    Command("chart.right", "right", "Right", "Crosshair a point on.", "right"),
    Command("chart.far_left", "shift+left", "Far left", "Ten points back.", "far_left"),
    Command("chart.far_right", "shift+right", "Far right", "Ten points on.", "far_right"),
    Command("chart.zoom_in", "plus,equals_sign", "Zoom in", "Zoom in.", "zoom_in"),
    Command("chart.zoom_out", "minus", "Zoom out", "Zoom out.", "zoom_out"),
    Command("chart.pan_left", "comma", "Pan left", "Earlier.", "pan_left"),
    Command("chart.pan_right", "full_stop", "Pan right", "Later.", "pan_right"),
    Command("chart.smooth", "m", "Smooth", "The next smoothing.", "smooth"),
    Command("chart.log", "L", "Log", "Logarithmic scale, or not.", "log"),
    Command("chart.reset", "escape", "Whole", "The whole curve.", "reset"),
)
"""Keys of a chart that has the focus."""


def own_bindings(commands: Iterable[Command], **actions: str) -> list[Binding]:
    """A widget's bindings for some of ``MOVING`` or ``CURVES``: what to do, by the command."""
    known = {command.action: command for command in commands}
    return [
        Binding(known[name].keys, action, known[name].label, show=False, id=known[name].id)
        for name, action in actions.items()
    ]


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


Keyed = Callable[[str], str]
"""``with_keys`` for the commands of a screen (``EdtScreen.keyed``)."""
_ID = re.compile(r"\{([a-z]+\.[a-z_]+)\}")


def with_keys(text: str, commands: Iterable[Command], keymap: Mapping[str, str]) -> str:
    """``text`` with the first key of a command in the place of its id in braces.

    Args:
        text: Such as ``"{review.undo} undoes it"``; what is no id of ``commands`` stays.
        commands: Those that it may name.
        keymap: Keys that the user chose, by command id.
    """
    if "{" not in text:
        return text
    known = {command.id: command for command in commands}

    def key(found: re.Match[str]) -> str:
        command = known.get(found[1])
        return command.keys_by(keymap)[0] if command is not None else found[0]

    return _ID.sub(key, text)


def footer_lines(
    commands: Sequence[Command],
    keymap: Mapping[str, str],
    width: int,
    everywhere: Sequence[str] = (),
) -> list[str]:
    """At most two lines of ``key Label``, whole entries only; the last command always stands.

    Args:
        commands: The most important first; the last one (help) keeps its place whatever the width.
        keymap: Keys that the user chose, by command id.
        width: Cells in a line.
        everywhere: Entries of what every screen can do, where the last line has room for them.
    """
    entries = [f"{c.keys_by(keymap)[0]} {c.label}" for c in commands if c.footer]
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
    for entry in everywhere:
        if len(lines[-1]) + len(entry) + len(last) + 4 <= width:
            lines[-1] += f" {entry} "
    lines[-1] += f" {last}"
    return lines
