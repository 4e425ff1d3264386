"""What is left of an unexpected error: a report without data, secrets or local variables."""

import platform
import sys
import time
import traceback
from pathlib import Path

from edt_core import __version__


def write_report(error: BaseException, folder: Path, doing: str) -> Path:
    """Write a report file and return its path.

    Only the error's type, the lines of code and the versions go in: a message or a local variable
    could hold an item's text or a key.

    Args:
        error: What happened.
        folder: Where reports go; made when it isn't there.
        doing: The screen or command at that time, without what was given to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    path.write_text(
        f"edt {__version__}, Python {platform.python_version()}, {sys.platform}\n"
        f"doing: {doing}\n{type(error).__name__}\n\n{frames}",
        encoding="utf-8",
    )
    return path
