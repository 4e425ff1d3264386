"""Signs of life from the process that runs stages, and requests to stop that it hears.

Both are small files beside the stage lock. A file's time is the heartbeat, so that nothing is ever
written that a reviewer's decision would have to wait for; a request that was heard is renamed, so
that whoever asked sees at once that it was.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from edt_core.errors import ProjectError, RunCancelled, StopAfterEpoch
from edt_core.store.lock import Holder

_BEAT = "stages.beat"
_ASKED = "stages.stop"
_HEARD = "stages.stopping"
_LISTEN_SECONDS = 0.2
_BEAT_SECONDS = 1.0


class Stop(StrEnum):
    """When a run that is asked to stop should do so."""

    NOW = "now"
    """At the next unit of work: a batch of questions, a training step."""
    EPOCH = "epoch"
    """When a training has finished the epoch that it is in; elsewhere at the next unit."""


class Pulse:
    """Beats once a second and listens for requests, in a thread, while the stage lock is held."""

    def __init__(self, folder: Path, holder: Holder) -> None:
        self._folder = folder
        self._holder = holder
        self._asked: Stop | None = None
        self._ending = threading.Event()

    def check(self) -> None:
        """Raise RunCancelled once somebody asked to stop; costs next to nothing.

        Raises:
            StopAfterEpoch: asked so, which a training may put off to the end of its epoch.
            RunCancelled: asked to stop now.
        """
        if self._asked is None:
            return
        error = StopAfterEpoch if self._asked is Stop.EPOCH else RunCancelled
        raise error(RunCancelled.ASKED, hint="The same command goes on from here.")

    @contextlib.contextmanager
    def beating(self) -> Iterator["Pulse"]:
        """Beat and listen while the block lasts; leaves no file behind."""
        self._clear()
        self._beat()
        thread = threading.Thread(target=self._attend, name="pulse", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ending.set()
            thread.join()
            self._clear()

    def _attend(self) -> None:
        told = time.monotonic()
        while not self._ending.wait(_LISTEN_SECONDS):
            self._listen()
            if time.monotonic() - told >= _BEAT_SECONDS - _LISTEN_SECONDS / 2:
                told = time.monotonic()
                self._beat()

    def _listen(self) -> None:
        path = self._folder / _ASKED
        if not path.exists():
            return
        try:
            told = json.loads(path.read_text("utf-8"))
            asked = Stop(told["when"])
            ours = told["pid"] == self._holder.pid and told["since"] == self._holder.since
        except (OSError, ValueError, KeyError, TypeError):
            ours = False
        with contextlib.suppress(OSError):
            if not ours:  # meant for a run that is gone
                path.unlink()
                return
            if self._asked is not Stop.NOW:
                self._asked = asked
            path.replace(self._folder / _HEARD)

    def _beat(self) -> None:
        # a run never ends because it could not say that it lives
        with contextlib.suppress(OSError):
            (self._folder / _BEAT).touch(mode=0o600)

    def _clear(self) -> None:
        for name in (_BEAT, _ASKED, _HEARD):
            with contextlib.suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)


def ask_to_stop(folder: Path, holder: Holder, when: Stop, patience: float = 1.0) -> bool:
    """Ask the run of ``holder`` to stop; whether it heard within ``patience`` seconds.

    A living run hears within a fifth of a second. One that did not may still, unless it is dead.

    Raises:
        ProjectError: the project's folder can't be written.
    """
    path = folder / _ASKED
    aside = folder / f"{_ASKED}.{os.getpid()}"
    request = {"when": when, "pid": holder.pid, "since": holder.since}
    try:
        aside.write_text(json.dumps(request), "utf-8")
        aside.replace(path)
    except OSError as error:
        raise ProjectError(
            f"{path} can't be written: {error.strerror}.",
            hint="Check that the folder exists and that you may write to it.",
        ) from error
    deadline = time.monotonic() + patience
    while path.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def last_beat(folder: Path) -> float | None:
    """When the run last beat, seconds since 1970; None when none ever did or it ended well."""
    try:
        return (folder / _BEAT).stat().st_mtime
    except OSError:
        return None


def stopping(folder: Path) -> Stop | None:
    """What the run was asked and heard; None when nobody asked."""
    try:
        return Stop(json.loads((folder / _HEARD).read_text("utf-8"))["when"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
