"""Sessions of a terminal multiplexer: a real terminal that goes on when nobody looks at it."""

import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 60.0


@dataclass(frozen=True)
class Pane:
    """One session with one pane."""

    socket: Path
    name: str

    def keys(self, *names: str) -> None:
        """Press keys, by tmux' names of them."""
        _tmux(self.socket, "send-keys", "-t", self.name, *names)

    def type(self, text: str) -> None:
        """Type letters."""
        _tmux(self.socket, "send-keys", "-t", self.name, "-l", text)

    def screen(self, *, styled: bool = False) -> str:
        """What stands there now."""
        words = ("capture-pane", "-p", *["-e"] * styled, "-t", self.name)
        return _tmux(self.socket, *words).stdout

    def until(self, marker: str, patience: float = PATIENCE) -> re.Match[str]:
        """Wait until a regular expression fits the screen."""

        def look() -> re.Match[str] | None:
            return re.search(marker, self.screen())

        return until(look, lambda: f"{marker!r} did not come:\n{self.screen()}", patience)

    def close(self) -> None:
        """Kill the session, as a closed laptop or a lost connection would."""
        _tmux(self.socket, "kill-session", "-t", self.name)


@dataclass(frozen=True)
class Tmux:
    """A server of its own, without anyone's settings."""

    socket: Path

    def open(
        self, name: str, command: Sequence[str], *, columns: int = 80, lines: int = 24, **env: str
    ) -> Pane:
        """Run a command in a new session."""
        words = ["env", *(f"{key}={value}" for key, value in env.items()), *command]
        size = ("-x", str(columns), "-y", str(lines))
        _tmux(self.socket, "new-session", "-d", "-s", name, *size, shlex.join(words))
        return Pane(self.socket, name)


@contextmanager
def server() -> Iterator[Tmux]:
    """A server, gone with all its sessions afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="edt-tmux-"))  # a socket's path must be short
    try:
        yield Tmux(folder / "s")
    finally:
        _tmux(folder / "s", "kill-server", check=False)
        shutil.rmtree(folder)


def until(look: Callable[[], T | None], missing: Callable[[], str], patience: float) -> T:
    """Look again and again until there is something."""
    end = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(missing())
        time.sleep(0.05)
    return found


def _tmux(socket: Path, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    line = ["tmux", "-u", "-f", "/dev/null", "-S", str(socket), *words]
    return subprocess.run(line, check=check, capture_output=True, text=True)
