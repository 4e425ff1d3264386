"""Colours, and the marks that say the same without them."""

from typing import Final

from textual.theme import Theme

DARK = Theme(
    name="edt-dark",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#c8d0e0",
    background="#14161d",
    surface="#1a1d26",
    panel="#242835",
    dark=True,
)
LIGHT = Theme(
    name="edt-light",
    primary="#1f5fbf",
    secondary="#3d7a1e",
    accent="#a15c00",
    warning="#a15c00",
    error="#b3123a",
    success="#3d7a1e",
    foreground="#1c2230",
    background="#fafafa",
    surface="#f1f2f5",
    panel="#e3e6ec",
    dark=False,
)

MARKS: Final = {
    "fresh": "✓",
    "done": "✓",
    "reused": "✓",
    "running": "●",
    "waiting": "◌",
    "missing": "◌",
    "needs you": "!",
    "stale": "~",
    "partial": "‖",
    "interrupted": "‖",
    "failed": "✗",
    "off": "-",
    "lost": "?",
}
"""A state is told by its mark and its word; colour only repeats it."""

STATE_STYLES: Final = {
    "fresh": "green",
    "done": "green",
    "reused": "green",
    "running": "bold cyan",
    "needs you": "bold yellow",
    "stale": "yellow",
    "partial": "yellow",
    "interrupted": "yellow",
    "failed": "bold red",
    "lost": "bold red",
}
"""ANSI names, so that sixteen colours are enough; absent means plain."""

DOMAIN_STYLES: Final = ("cyan", "magenta")
"""Of domain A and B, always beside the letters A and B."""


def state(word: str) -> str:
    """A state as mark and word."""
    return f"{MARKS.get(word, '·')} {word}"
