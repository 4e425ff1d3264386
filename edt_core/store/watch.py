"""Has a project's database changed? The question that a screen asks several times a second."""

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote


class Watch:
    """Tells whether ``file`` in ``folder`` was written to, without reading a row.

    A file that is gone or can't be read has not changed: whoever reads it next says why. For one
    thread at a time.
    """

    def __init__(self, folder: Path, file: str = "project.db") -> None:
        self._path = folder / file
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    def changed(self) -> bool:
        """Did any process commit since the last call? True on the first one."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{quote(str(self._path))}?mode=ro",
                    uri=True,
                    timeout=0.0,
                    check_same_thread=False,
                )
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self.close()
            return False
        changed = version != self._version
        self._version = version
        return bool(changed)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection, self._version = None, -1
