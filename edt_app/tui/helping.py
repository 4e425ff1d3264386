"""The help of a screen, made from the commands that it has."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from edt_app.tui.commands import Command, shown_key
from edt_app.tui.places import Place
from edt_app.tui.widgets.cells import hanging


def help_text(
    title: str,
    commands: Iterable[Command],
    places: Sequence[Place],
    app: Iterable[Command],
    width: int,
) -> Text:
    """Every key of a screen and what it does, in words, in lines of ``width`` columns."""
    text = Text(f"{title}\n\n", style="bold")
    text.append(_lines(commands, width))
    text.append("\nEverywhere\n\n", style="bold")
    for place in places:
        text.append(_line(place.key, f"{place.label}: {place.help}", width), style="not bold")
    text.append(_lines(app, width))
    text.append("\nesc closes this.", style="not bold dim")
    return text


def _lines(commands: Iterable[Command], width: int) -> Text:
    text = Text(style="not bold")
    for command in commands:
        keys = " ".join(shown_key(key) for key in command.keys.split(","))
        danger = " (can't be undone)" if command.danger else ""
        text.append(_line(keys, f"{command.help}{danger}", width))
    return text


def _line(keys: str, words: str, width: int) -> str:
    return hanging(f"  {keys:<12}", words, width) + "\n"
