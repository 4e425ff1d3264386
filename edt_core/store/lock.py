"""Who runs stages in a project: one process at a time, by a lock that dies with its holder."""

import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from edt_core.errors import ProjectBusy

LOCK = "stages.lock"
LAUNCHED = "EDT_LAUNCHED"
"""Set in the environment of a process that has a session, and so a process group, of its own."""
_HOLDER = "stages.json"
_PATIENCE = 0.3  # seconds: a process that is just ending may still hold the lock


@dataclass(frozen=True)
class Holder:
    """The process that holds the lock, as it introduced itself."""

    pid: int
    host: str
    since: float
    """Seconds since 1970."""
    command: str
    started: str = ""
    """When the process started, as its system says: tells it from a later one of the same id."""
    group: int = 0
    """Its process group where nothing but the run is in it, else 0."""


@contextlib.contextmanager
def stage_lock(folder: Path, command: str = "") -> Iterator[Holder]:
    """Be the one process that runs stages in the project at ``folder``; its introduction.

    The operating system frees the lock when the process dies, however it dies.

    Raises:
        ProjectBusy: another living process holds it; named with host, process and start.
    """
    from filelock import FileLock, Timeout  # who only lists projects never takes the lock

    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=_PATIENCE, poll_interval=0.05)
    except Timeout:
        raise _busy(folder) from None
    try:
        yield _introduce(folder, command or Path(sys.argv[0]).name)
    finally:
        (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def holder(folder: Path) -> Holder | None:
    """The living process that runs stages in the project at ``folder``, or None.

    Only a shared lock is tried, so that any number of readers may ask at once and none of them
    takes another for a run.
    """
    path = folder / LOCK
    try:
        probe = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise
        return _read(folder) or Holder(0, "?", path.stat().st_mtime, "?")
    finally:
        os.close(probe)
    return None


def process_start(pid: int) -> str:
    """When a process of this machine started, as Linux says; empty when nobody can tell."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
        return status.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _introduce(folder: Path, command: str) -> Holder:
    """Say who holds the lock. Only ever a hint: whether anyone does, the lock alone tells."""
    pid = os.getpid()
    group = os.getpgrp() if os.environ.get(LAUNCHED) else 0
    me = Holder(pid, socket.gethostname(), time.time(), command[:200], process_start(pid), group)
    aside = folder / f"{_HOLDER}.{pid}"
    aside.write_text(json.dumps(asdict(me)), "utf-8")
    aside.replace(folder / _HOLDER)
    return me


def _read(folder: Path) -> Holder | None:
    try:
        told = json.loads((folder / _HOLDER).read_text("utf-8"))
        return Holder(
            int(told["pid"]),
            str(told["host"]),
            float(told["since"]),
            str(told["command"]),
            str(told.get("started", "")),
            int(told.get("group", 0)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _busy(folder: Path) -> ProjectBusy:
    other = _read(folder)
    who = "Another process"
    if other is not None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(other.since))
        who = f"Process {other.pid} on {ascii(other.host)[1:-1]} (since {since})"
    return ProjectBusy(
        f"{who} runs stages in the project {folder.name}.",
        hint="Wait for it to end, or stop it; looking and reviewing work meanwhile.",
    )
