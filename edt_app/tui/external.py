"""Hands a text to the user's pager or editor, and the screen back afterwards."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from edt_core.errors import UsageError

if TYPE_CHECKING:
    from textual.app import App


def page(app: "App[None]", text: str) -> None:
    """Show ``text`` in ``$PAGER``; the text has to be safe to show.

    Raises:
        UsageError: the pager can't be started.
    """
    _run(app, os.environ.get("PAGER") or "less", text, ".txt")


def edit(app: "App[None]", text: str, suffix: str = ".txt") -> str:
    """Let the user change ``text`` in ``$VISUAL`` or ``$EDITOR``; what it is afterwards.

    Raises:
        UsageError: the editor can't be started, or what it left is no text.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    return _run(app, command, text, suffix)


def _run(app: "App[None]", command: str, text: str, suffix: str) -> str:
    with tempfile.TemporaryDirectory(prefix="edt-") as folder:
        path = Path(folder) / f"text{suffix}"
        path.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                subprocess.run([*shlex.split(command), str(path)], check=False)  # noqa: S603 (the user's own program)
        except OSError as error:
            raise UsageError(
                f"{command} can't be started: {error.strerror}.",
                hint="Set PAGER or EDITOR to a program that you have.",
            ) from None
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError("What the editor left is no text.", hint="Try again.") from None
