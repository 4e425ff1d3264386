"""Paths as people type them where no shell reads them first."""

from contextlib import suppress
from pathlib import Path


def typed_path(text: str) -> Path:
    """The path that was typed, ``~`` and ``~name`` opened; of nobody as it is."""
    path = Path(text.strip())
    with suppress(RuntimeError):
        path = path.expanduser()
    return path.absolute()


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; of a name that none can have there is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
