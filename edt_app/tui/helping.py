"""The help of a screen, made from the commands that it has."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from edt_app.tui.commands import Command, shown_key
from edt_app.tui.places import Place


def help_text(
    title: str, commands: Iterable[Command], places: Sequence[Place], app: Iterable[Command]
) -> Text:
    """Every key of a screen and what it does, in words."""
    text = Text(f"{title}\n\n", style="bold")
    text.append(_lines(commands))
    text.append("\nEverywhere\n\n", style="bold")
    for place in places:
        text.append(f"  {place.key:<12}{place.label}: {place.help}\n", style="not bold")
    text.append(_lines(app))
    text.append("\nesc closes this.", style="not bold dim")
    return text


def _lines(commands: Iterable[Command]) -> Text:
    text = Text(style="not bold")
    for command in commands:
        keys = " ".join(shown_key(key) for key in command.keys.split(","))
        danger = " (can't be undone)" if command.danger else ""
        text.append(f"  {keys:<12}{command.help}{danger}\n")
    return text
