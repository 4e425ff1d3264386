"""The interactive session on a pseudo-terminal, for what no Pilot can see."""

import sys
from pathlib import Path

from pty_harness import Terminal

NOT_THERE = "/nowhere/app.toml"


def app_on_terminal(
    home: Path, *words: str, program: tuple[str, ...] = ("-m", "edt_app.tui"), **environment: str
) -> Terminal:
    """``edt-app WORDS`` with that home and no settings file, at 100x30."""
    command = [sys.executable, *program, "--home", str(home), *words]
    settings = {"EDT_APP_CONFIG": NOT_THERE} | environment
    return Terminal(command, columns=100, lines=30, env=settings)
