"""The help of a screen, made from the commands that it has."""

from collections.abc import Iterable, Mapping

from rich.text import Text

from edt_app.tui.commands import Command
from edt_app.tui.widgets.cells import hanging

INSIDE = "In lists, texts and charts"


def help_text(
    parts: Mapping[str, Iterable[Command]], keymap: Mapping[str, str], width: int
) -> Text:
    """Every key and what it does, in words, in lines of ``width`` columns.

    Args:
        parts: Commands by their heading.
        keymap: Keys that the user chose, by command id.
        width: Columns of a line.
    """
    text = Text()
    for title, commands in parts.items():
        text.append(f"{title}\n\n", style="bold")
        for command in commands:
            keys = f"  {' '.join(command.keys_by(keymap)):<12}"
            danger = " (can't be undone)" if command.danger else ""
            line = hanging(keys, f"{_named(command)}{danger}", width)
            text.append(f"{line}\n", style="not bold")
        text.append("\n")
    text.append("esc closes this.", style="not bold dim")
    return text


def _named(command: Command) -> str:
    """What it does; of a way to a screen, which one."""
    return f"{command.label}: {command.help}" if command.id.startswith("go.") else command.help
