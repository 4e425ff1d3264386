"""Other programs on the same terminal: the user's editor and pager."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from edt_core.errors import EdtError


def edited(app: App[None], text: str, suffix: str = ".txt") -> str | None:
    """``text`` as the user's editor left it; None when it was left as it was.

    Raises:
        EdtError: the editor can't be started, or the terminal can't be lent.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="edt-") as folder:
        file = Path(folder) / f"edit{suffix}"
        file.write_text(text, encoding="utf-8")
        _lend(app, [*shlex.split(command), str(file)], "EDITOR")
        try:
            after = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EdtError(
                f"What the editor wrote can't be read: {error}.", hint="Nothing was changed."
            ) from None
    return None if after == text else after


def page(app: App[None], text: str) -> None:
    """Show a text that is safe to show in the user's pager.

    Raises:
        EdtError: the pager can't be started, or the terminal can't be lent.
    """
    command = os.environ.get("PAGER") or "less"
    with tempfile.TemporaryDirectory(prefix="edt-") as folder:
        file = Path(folder) / "text.txt"
        file.write_text(text, encoding="utf-8")
        _lend(app, [*shlex.split(command), str(file)], "PAGER")


def _lend(app: App[None], command: list[str], variable: str) -> None:
    """Run a program on the app's terminal and wait for it."""
    try:
        with app.suspend():
            subprocess.run(command, check=False)  # noqa: S603 (the user's own program)
    except SuspendNotSupported:
        raise EdtError(
            "This terminal can't be lent to another program.", hint="Use the keys on the screen."
        ) from None
    except OSError as error:
        raise EdtError(
            f"{command[0]} can't be started: {error.strerror}.",
            hint=f"Set {variable} to a program that is installed.",
        ) from None
