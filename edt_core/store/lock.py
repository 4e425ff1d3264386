"""Who runs stages in a project: one process at a time, by a lock that dies with its holder."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from edt_core.errors import ProjectBusy

LOCK = "stages.lock"
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


@contextlib.contextmanager
def stage_lock(folder: Path, command: str = "") -> Iterator[None]:
    """Be the one process that runs stages in the project at ``folder``.

    The operating system frees the lock when the process dies, however it dies.

    Raises:
        ProjectBusy: another living process holds it; named with host, process and start.
    """
    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=_PATIENCE, poll_interval=0.05)
    except Timeout:
        raise _busy(folder) from None
    try:
        _introduce(folder, command or Path(sys.argv[0]).name)
        yield
    finally:
        (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def holder(folder: Path) -> Holder | None:
    """The living process that runs stages in the project at ``folder``, or None."""
    path = folder / LOCK
    if not path.exists():
        return None
    probe = FileLock(path, mode=0o600)
    try:
        probe.acquire(timeout=0)
    except Timeout:
        return _read(folder) or Holder(0, "?", path.stat().st_mtime, "?")
    probe.release()
    return None


def _introduce(folder: Path, command: str) -> None:
    """Say who holds the lock. Only ever a hint: whether anyone does, the lock alone tells."""
    me = Holder(os.getpid(), socket.gethostname(), time.time(), command[:200])
    aside = folder / f"{_HOLDER}.{os.getpid()}"
    aside.write_text(json.dumps(asdict(me)), "utf-8")
    aside.replace(folder / _HOLDER)


def _read(folder: Path) -> Holder | None:
    try:
        told = json.loads((folder / _HOLDER).read_text("utf-8"))
        return Holder(
            int(told["pid"]), str(told["host"]), float(told["since"]), str(told["command"])
        )
    except (OSError, ValueError, KeyError, TypeError):
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
