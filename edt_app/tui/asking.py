"""Asks an ``edt`` command in a process of its own: what needs scipy or torch never loads here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    from edt_app.launch import Asked

    asked = Asked(["edt", "--home", str(home), *words], nice=0, outlives=paid)
    while not asked.ended:
        asked.wait(_LOOK)
        if not asked.ended and _cancelled():
            if paid:
                asked.abandon()
                raise EdtError("It goes on by itself.")
            asked.kill()
    return asked.answer()


def _cancelled() -> bool:
    try:
        return get_current_worker().is_cancelled
    except NoActiveWorker:
        return False
