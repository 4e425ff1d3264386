"""Is a run alive, frozen or dead? The lock and the heartbeat tell, never a row or a process id."""

import re
import signal
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edt_core.store.lock import Holder, holder
from edt_core.store.pulse import Stop, last_beat, stopping

LIVE_SECONDS = 3.0
QUIET_SECONDS = 12.0
_STATUS = re.compile(r"edt: exit status (\d+)")
_TAIL_BYTES = 16_384


class Life(StrEnum):
    """How a run is."""

    LIVE = "live"
    """It beat within the last 3 s."""
    QUIET = "quiet"
    """Its last beat was 3 to 12 s ago: a machine under load, or going to sleep."""
    SILENT = "silent"
    """No beat for more than 12 s though its process exists: frozen, or its machine is."""
    LOST = "lost"
    """Its process is gone and never said how it ended."""
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def word(self) -> str:
        """What a list calls it: a quiet run still runs."""
        return "running" if self in {Life.LIVE, Life.QUIET} else self.value


@dataclass(frozen=True)
class Heartbeat:
    """The process that runs stages in a project."""

    holder: Holder
    life: Life
    """``live``, ``quiet`` or ``silent``."""
    age: float
    """Seconds since its last beat."""
    stopping: Stop | None
    """What it was asked and heard."""


def heartbeat(folder: Path) -> Heartbeat | None:
    """The process that runs stages in the project at ``folder``, or None; a few system calls."""
    found = holder(folder)
    if found is None:
        return None
    beat = last_beat(folder)
    age = 0.0 if beat is None else max(0.0, time.time() - beat)
    life = Life.LIVE if age < LIVE_SECONDS else Life.QUIET if age <= QUIET_SECONDS else Life.SILENT
    return Heartbeat(found, life, age, stopping(folder))


def launch_log(folder: Path) -> Path:
    """Where a run that was started in the background writes what a terminal would have shown."""
    return folder / "runs" / "last.log"


def log_lines(folder: Path, limit: int = 20) -> list[str]:
    """The last lines of that log; none when nothing was ever started in the background."""
    try:
        with launch_log(folder).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-limit:]
    except OSError:
        return []


def cause_of_death(folder: Path) -> str:
    """Why the last run's process ended, as far as anyone knows; one sentence."""
    status = exit_status(folder)
    if status is None:
        return "Its process ended without a word."
    if status > 128:
        try:
            name = signal.Signals(status - 128).name
        except ValueError:
            name = f"signal {status - 128}"
        guess = ", by someone or for want of memory" if name == "SIGKILL" else ""
        return f"Its process was ended by {name}{guess}."
    return f"Its process ended with exit status {status}."


def exit_status(folder: Path) -> int | None:
    """Of the run started in the background last; None while it goes on or after a later one."""
    found = _STATUS.fullmatch((log_lines(folder, 1) or [""])[0])
    beat = last_beat(folder)
    try:
        written = launch_log(folder).stat().st_mtime
    except OSError:
        return None
    if found is None or (beat is not None and written < beat):
        return None
    return int(found[1])
