"""Asks an ``edt`` command in a process of its own: what needs scipy or torch never loads here."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any

from textual.worker import NoActiveWorker, get_current_worker

from edt_core.errors import EdtError

_LOOK = 0.1
"""Seconds between two looks whether the answer is still wanted."""


def ask(home: Path, words: Sequence[str], *, paid: bool = False) -> Any:
    """The JSON document that ``edt WORDS --json`` prints. Call it from a worker.

    A cancelled worker ends the process; one whose work is ``paid`` for goes on by itself.

    Raises:
        EdtError: the command failed; with its own message and hint.
    """
    line = [sys.executable, "-m", "edt_app", "--home", str(home), *words, "--json"]
    with TemporaryFile() as out, TemporaryFile() as err:
        process = subprocess.Popen(  # noqa: S603 (our own command, words never meet a shell)
            line, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=paid
        )
        while process.returncode is None:
            try:
                process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                if _cancelled() and paid:
                    Thread(target=process.wait, daemon=True).start()  # so that none is left dead
                    raise EdtError("It goes on by itself.") from None
                if _cancelled():
                    process.kill()
        if process.returncode != 0:
            raise _told(_read(err).decode(errors="replace"))
        return json.loads(_read(out))


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _told(text: str) -> EdtError:
    """The error that a command wrote: a sentence, and what to do below it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    start = next((at for at, line in enumerate(lines) if line.startswith("edt: ")), None)
    if start is None:
        return EdtError(lines[-1] if lines else "The command was stopped.")
    hint = " ".join(lines[start + 1 :])
    return EdtError(lines[start].removeprefix("edt: "), hint=hint)


def _cancelled() -> bool:
    try:
        return get_current_worker().is_cancelled
    except NoActiveWorker:
        return False
