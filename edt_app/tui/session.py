"""What the screens share: the home, the open project, and the one thread that writes."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from edt_app.tui import memory
from edt_core.errors import ProjectNotFound, UsageError
from edt_core.store.home import DATABASE, Home

if TYPE_CHECKING:
    from edt_core.store.project import Project
    from edt_core.store.watch import Watch

CHOOSE = "Choose one: key {go.projects}."
"""A hint; a screen puts the key in (``EdtScreen.keyed``)."""


class Session:
    """One interactive session: which project is open, and the way to it.

    Args:
        home: Where projects live.
        name: The project to start with; empty for none.
    """

    def __init__(self, home: Home, name: str = "") -> None:
        self.home = home
        self.name = name
        self.generation = 0
        """Counts the projects chosen; a screen that shows another one reads anew."""
        self.requests: dict[str, str] = {}
        """What a screen is asked to show when it is seen next, by mode."""
        self._project: Project | None = None
        self._watch: Watch | None = None
        self._lock = Lock()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write")

    @property
    def folder(self) -> Path:
        """The open project's folder.

        Raises:
            ProjectNotFound: it is gone.
        """
        return self.home.path(self.name)

    @property
    def gone(self) -> bool:
        """Did another process delete the open project?"""
        return bool(self.name) and not (self.home.folder / self.name / DATABASE).exists()

    def choose(self, name: str) -> None:
        """Make ``name`` the open project; opened when first asked for."""
        with self._lock:
            old, self._project, self._watch = self._project, None, None
            self.name = name
            self.generation += 1
        if old is not None:
            self._writer.submit(old.close)

    def prepare(self) -> None:
        """Import the database library, in one thread at a time: two at once may see it half made.

        Call it from a worker, before any import of what uses the library.
        """
        with self._lock:
            if "edt_core.store.project" not in sys.modules:
                import edt_core.store.project  # noqa: F401

                memory.let_go_of_imports()

    def project(self) -> "Project":
        """The open project. Call it from a worker: the first call imports the database library.

        Raises:
            UsageError: none is chosen.
            ProjectNotFound: it is gone.
            ProjectTooNew: a newer EDT wrote it.
        """
        with self._lock:
            if not self.name:
                raise UsageError("No project is open.", hint=CHOOSE)
            if self.gone:  # what is still open of it would be read on, and its folder made anew
                raise ProjectNotFound(f"The project {self.name} was deleted.", hint=CHOOSE)
            if self._project is None:
                self._project = self.home.open(self.name)
            return self._project

    def changed(self) -> bool:
        """Did any process write to the project since the last call? Costs microseconds."""
        if not self.name:
            return False
        from edt_core.store.watch import Watch

        if self._watch is None:
            self._watch = Watch(self.home.folder / self.name)
        return self._watch.changed()

    def write(self, work: Callable[[], object]) -> "Future[object]":
        """Do ``work`` in the writing thread, after everything given to it before."""
        return self._writer.submit(work)

    def close(self) -> None:
        """End the session; writes that were given are finished first."""
        self._writer.shutdown(wait=True)
        if self._project is not None:
            self._project.close()
