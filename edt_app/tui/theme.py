"""Colours, and the marks that say the same without them."""

from typing import Final

from rich.terminal_theme import TerminalTheme
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
    variables={"edge": "#5f6980", "scrollbar": "#5f6980"},
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
    variables={"edge": "#7b849a", "scrollbar": "#6b7489"},
)
EDGE: Final = "edge"
"""The variable of frames and separators, which themes of others do not have."""

ANSI_ON_DARK: Final = TerminalTheme(
    (20, 22, 29),
    (200, 208, 224),
    [
        (20, 22, 29),
        (247, 118, 142),
        (158, 206, 106),
        (224, 175, 104),
        (122, 162, 247),
        (187, 154, 247),
        (125, 207, 255),
        (200, 208, 224),
    ],
)
ANSI_ON_LIGHT: Final = TerminalTheme(
    (250, 250, 250),
    (28, 34, 48),
    [
        (28, 34, 48),
        (179, 18, 58),
        (61, 122, 30),
        (138, 90, 0),
        (31, 95, 191),
        (122, 62, 157),
        (0, 113, 143),
        (102, 102, 102),
    ],
)
"""What ``STATE_STYLES`` and ``DOMAIN_STYLES`` become where a theme is light."""

MARKS: Final = {
    "fresh": "✓",
    "done": "✓",
    "reused": "✓",
    "running": "●",
    "waiting": "◌",
    "missing": "◌",
    "needs you": "!",
    "stale": "~",
    "silent": "~",
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
    "silent": "bold yellow",
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
