"""A program on a pseudo-terminal: what it shows, how soon after a key, at what cost.

The clock starts when a key is written and stops at the last byte before the terminal is quiet;
the bytes are timed as they come and interpreted (with pyte) afterwards, so that the interpreter's
own time is in no figure.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil
import pyte
from wcwidth import wcwidth

QUIET = 0.02
AT_REST = 0.5  # seconds; an answer that is still being computed is quiet, too
MOST_BUSY = 2.0  # seconds, of a screen that never comes to rest
# what Textual itself writes: modes, cursor, colours, queries; everything else came from data
OWN = re.compile(
    rb"\x1b\[[0-9;:]*m"  # colours
    rb"|\x1b\[[0-9;]*[HJKABCDG]"  # cursor and erasing
    rb"|\x1b\[\?[0-9;]+(?:[hl]|\$p)"  # modes and questions about them
    rb"|\x1b\[[<>=?]?[0-9;]*[uctn]"  # keyboard protocol, device and window questions
    rb"|\x1b\[[0-9]* q|\x1b[78=>]|\x1b\(B"
    rb"|\x1b\](?:0;[^\x00-\x1f\x7f]*|22;[a-z-]*)\x07"  # the window's title, the mouse pointer
    rb"|\x1b\]52;c;[0-9A-Za-z+/=]*\x07"  # the clipboard
    rb"|\x1b_Gi=[^\x1b]*\x1b\\|\x1bP[+$]q[^\x1b]*\x1b\\"
)
FOREIGN = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
SYNC_QUESTION, SYNC_ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


class Sheet(pyte.Screen):
    """Pyte's screen, but for signs without a width, behind which that one drops the text."""

    too_long = 0
    """Texts that were drawn beyond the last column: somebody counted their columns wrongly."""

    def draw(self, data: str) -> None:
        """Draw a text where the cursor stands."""
        if not data.isascii():
            data = "".join(one for one in data if wcwidth(one) > 0 or unicodedata.combining(one))
        columns = len(data) if data.isascii() else sum(map(wcwidth, data))
        self.too_long += self.cursor.x + columns > self.columns
        super().draw(data)


@dataclass(frozen=True)
class Painted:
    """What a key brought: seconds to the first and to the last byte, and how many bytes."""

    first: float
    last: float
    n_bytes: int


@dataclass
class Terminal:
    """Runs ``command`` in a terminal of ``columns`` x ``lines``."""

    command: Sequence[str]
    columns: int = 160
    lines: int = 48
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._master, inner = pty.openpty()
        size = struct.pack("HHHH", self.lines, self.columns, 0, 0)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, size)
        self.raw = bytearray()
        self._unseen: deque[tuple[float, bytes]] = deque()
        self._screen = Sheet(self.columns, self.lines)
        self._stream = pyte.ByteStream(self._screen)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            self.command,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **self.env},
        )
        os.close(inner)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def read(self, timeout: float) -> bytes:
        """The next bytes, or none within ``timeout`` seconds."""
        if not select.select([self._master], [], [], max(0.0, timeout))[0]:
            return b""
        try:
            got = os.read(self._master, 1 << 16)
        except OSError:  # the program ended
            return b""
        if SYNC_QUESTION in got:
            os.write(self._master, SYNC_ANSWER)
        self.raw += got
        self._unseen.append((time.perf_counter(), got))
        return got

    def _see(self) -> Iterator[float]:
        """Bring the screen up to date, one read after the other; when each came."""
        while self._unseen:
            at, got = self._unseen.popleft()
            # pyte knows neither of these: it would print the rest of them
            self._stream.feed(re.sub(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]+\$p", b"", got))
            yield at

    def shown(self) -> list[str]:
        """The screen, line by line."""
        for _ in self._see():
            pass
        return list(self._screen.display)

    def letters(self) -> list[list[str]]:
        """The screen cell by cell; the second cell of a wide sign is empty."""
        for _ in self._see():
            pass
        rows = (self._screen.buffer[y] for y in range(self.lines))
        return [[row[x].data for x in range(self.columns)] for row in rows]

    @property
    def too_long(self) -> int:
        """How often something was drawn beyond the last column."""
        for _ in self._see():
            pass
        return self._screen.too_long

    def cells(self) -> list[tuple[str, str, str]]:
        """Every letter that isn't a space, with its colour and that of its ground."""
        for _ in self._see():
            pass
        rows = [self._screen.buffer[y] for y in range(self.lines)]
        every = [row[x] for row in rows for x in range(self.columns)]
        return [(cell.data, cell.fg, cell.bg) for cell in every if cell.data.strip()]

    def wait_for(self, marker: str, timeout: float = 20.0) -> float:
        """Seconds from the start until the read that brought ``marker`` to one of the lines.

        ``marker`` is a regular expression. Reads are interpreted when nothing more comes, so that
        none waits for the interpreter, which takes a tenth of a second for a few full screens.
        """
        until = time.perf_counter() + timeout
        looked = time.perf_counter()
        while time.perf_counter() < until:
            if self.read(AT_REST) and time.perf_counter() - looked < MOST_BUSY:
                continue
            looked = time.perf_counter()
            for at in self._see():
                if any(re.search(marker, line) for line in self._screen.display):
                    return at - self.started
            if self.process.poll() is not None:
                break
        text = "\n".join(line.rstrip() for line in self.shown() if line.strip())
        raise TimeoutError(f"{marker!r} did not come; the screen shows\n{text}")

    def until(self, keys: str, marker: str, timeout: float = 20.0) -> float:
        """Seconds from pressing ``keys`` until ``marker`` is on the screen."""
        self.settle()
        self.shown()  # what came before is interpreted now, not while the answer waits to be read
        self.send(keys)
        pressed = time.perf_counter()
        return self.wait_for(marker, timeout) - (pressed - self.started)

    def send(self, keys: str | bytes) -> None:
        """Write keys."""
        os.write(self._master, keys if isinstance(keys, bytes) else keys.encode())

    def press(self, keys: str, *, quiet: float = QUIET, timeout: float = 3.0) -> Painted:
        """Write keys and time what comes back until nothing does for ``quiet`` seconds."""
        self.send(keys)
        start = time.perf_counter()
        first = last = 0.0
        n_bytes = 0
        while time.perf_counter() - start < timeout:
            got = self.read(quiet if first else timeout)
            if not got:
                break
            last = time.perf_counter() - start
            first = first or last
            n_bytes += len(got)
        return Painted(first, last, n_bytes) if first else Painted(np.inf, np.inf, 0)

    def settle(self, quiet: float = 0.15, timeout: float = 10.0) -> None:
        """Wait until nothing is painted any more."""
        until = time.perf_counter() + timeout
        while time.perf_counter() < until and self.read(quiet):
            pass

    def watch(self, seconds: float) -> tuple[float, float]:
        """Bytes a second and share of a core used, over ``seconds``."""
        before, cpu = len(self.raw), self.cpu()
        start = time.perf_counter()
        while (left := start + seconds - time.perf_counter()) > 0:
            self.read(left)
        return (len(self.raw) - before) / seconds, (self.cpu() - cpu) / seconds

    def _processes(self) -> list[psutil.Process]:
        try:
            own = psutil.Process(self.process.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def rss(self) -> float:
        """Resident memory of the program and its children, MB."""
        return sum(one.memory_info().rss for one in self._processes()) / 1e6

    def cpu(self) -> float:
        """Seconds of CPU the program and its children have used."""
        return sum(sum(one.cpu_times()[:2]) for one in self._processes())

    def foreign(self) -> int:
        """Control bytes on the terminal that the program's own drawing does not explain."""
        return len(self.foreign_places())

    def foreign_places(self) -> list[str]:
        """Each of them, with what stands around it."""
        rest = OWN.sub(b"", bytes(self.raw))
        places = (match.start() for match in FOREIGN.finditer(rest))
        return [rest[max(0, at - 60) : at + 60].decode("utf-8", "replace") for at in places]

    def leave(self, keys: str, timeout: float = 5.0) -> float:
        """Press ``keys`` and wait for the end; seconds it took."""
        self.send(keys)
        start = time.perf_counter()
        while self.process.poll() is None and time.perf_counter() - start < timeout:
            self.read(0.005)
        return time.perf_counter() - start

    def kill(self) -> None:
        """End the program and let go of the terminal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th, 99th percentile and most, in milliseconds."""
    found = np.asarray(seconds) * 1e3
    return {
        "p50": float(np.percentile(found, 50)),
        "p95": float(np.percentile(found, 95)),
        "p99": float(np.percentile(found, 99)),
        "max": float(found.max()),
    }
