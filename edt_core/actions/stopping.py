"""How a run learns that it should stop: by a signal, by ``edt stop``, and at last by force."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from edt_core.errors import ProjectBusy, ProjectError, RunCancelled
from edt_core.store.lock import Holder, process_start
from edt_core.store.project import Project
from edt_core.store.pulse import Stop, ask_to_stop

GRACE_SECONDS = 10.0
"""Between asking a process to end and ending it."""


@dataclass(frozen=True)
class Stopped:
    """What became of a request to stop."""

    project: str
    running: bool
    """Whether anything ran when it was asked."""
    heard: bool
    """Whether the run said that it heard; it stops at its next unit of work."""
    ended: bool
    """Whether nothing runs any more."""
    seconds: float
    """Until it heard, or until it ended where it was killed."""


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], None]]:
    """A check that raises RunCancelled once SIGINT or SIGTERM came; a second SIGINT stops at once.

    Work stops at the next unit (a batch of questions, a training step), so that nothing finished
    is lost.
    """
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    def check() -> None:
        if asked.is_set():
            raise RunCancelled(RunCancelled.ASKED, hint="The same command goes on from here.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def either(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """A check that raises when either does."""

    def check() -> None:
        first()
        second()

    return check


def stop(project: Project, when: Stop = Stop.NOW) -> Stopped:
    """Ask the project's run to stop; returns when it heard, in a fifth of a second if it is well.

    What was finished stays stored, and the same command goes on from there.

    Raises:
        ProjectError: the run does not hear, or the project's folder can't be written.
    """
    started = time.monotonic()
    holder = project.holder()
    if holder is None:
        return Stopped(project.name, running=False, heard=False, ended=True, seconds=0.0)
    heard = ask_to_stop(project.folder, holder, when)
    ended = project.holder() is None
    if not heard and not ended:
        raise ProjectError(
            f"Process {holder.pid} on {ascii(holder.host)[1:-1]} does not hear.",
            hint=f"It may be frozen. End it by force: edt stop --project {project.name} --kill",
        )
    return Stopped(project.name, True, heard, ended, time.monotonic() - started)


def kill(project: Project, grace: float = GRACE_SECONDS) -> Stopped:
    """End the project's run by force: SIGTERM, and SIGKILL when it still lives after ``grace`` s.

    A signal is sent only while the lock is held by the very process that took it, told by its start
    time and not by its number alone. What was finished stays stored.

    Raises:
        ProjectError: the run is on another machine, or can't be told for sure, or lives on.
    """
    started = time.monotonic()
    holder = project.holder()
    if holder is None:
        return Stopped(project.name, running=False, heard=False, ended=True, seconds=0.0)
    _send(project, holder, signal.SIGTERM)
    if not _gone(project, holder, grace):
        _send(project, holder, signal.SIGKILL)
        if not _gone(project, holder, GRACE_SECONDS):
            raise ProjectError(
                f"Process {holder.pid} lives on after SIGKILL.",
                hint="It waits for a disk or a device; look at it with your system's tools.",
            )
    with (
        suppress(ProjectBusy),  # whoever runs already has buried it
        project.stages("edt stop", epitaph="Killed as asked; what was finished is kept."),
    ):
        pass
    return Stopped(project.name, True, heard=True, ended=True, seconds=time.monotonic() - started)


def _send(project: Project, holder: Holder, number: signal.Signals) -> None:
    """Send a signal to the process that holds the lock, or nothing when it is no longer that."""
    if project.holder() != holder:
        return
    if holder.host != socket.gethostname() or holder.pid <= 0:
        raise ProjectError(
            f"The run is a process of {ascii(holder.host)[1:-1]}, which is another machine.",
            hint="Kill it there.",
        )
    if not holder.started or process_start(holder.pid) != holder.started:
        raise ProjectError(
            f"Process {holder.pid} can't be told from another one of the same number.",
            hint="Look at it with your system's tools before you end it.",
        )
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL and holder.group:
            os.killpg(holder.group, number)
        else:
            os.kill(holder.pid, number)


def _gone(project: Project, holder: Holder, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while project.holder() == holder:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
