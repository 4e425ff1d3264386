"""One input file, packed or not, read in blocks of whole lines and never held in memory.

The broken lines of a file are data: counted, the first of them kept with line and reason, and an
error only when there are too many of them.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO, StringIO
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from isal.isal_zlib import IsalError, _GzipReader

from edt_core.errors import InputError

BLOCK = 1 << 18
"""Bytes looked at a time: what is made of them stays in the cache."""
_AHEAD = _PACKED = 1 << 20
"""Bytes unpacked at a time, and packed bytes read at a time."""
LONGEST_LINE = 16 << 20
"""A longer line is no record; reading on would only fill the memory."""
BOMB_RATIO, BOMB_BYTES = 250, 256 << 20
"""Gzip that grows more than so many times, beyond so many bytes, is no log (logs: 4 to 20)."""
EXAMPLES = 20
"""Broken lines kept by name."""

Progress = Callable[[Path, int, int], None]
"""Told the file, the bytes of it that are read, and all its bytes."""

_DAMAGED = cast(type[Exception], IsalError)  # its type stub calls it a function

_BYTE_ORDER_MARK, _LINE_END = b"\xef\xbb\xbf", ord("\n")

_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ\x00": "packed with xz",
    b"BZh": "packed with bzip2",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class BadLine:
    """A line that could not be read as a record."""

    path: str
    line: int
    """From 1."""
    reason: str

    def __str__(self) -> str:
        """File, line and reason, as they are shown."""
        return f"{self.path}:{self.line}: {self.reason}"


class Block(NamedTuple):
    """Whole lines of a file."""

    first: int
    """The number of the first line, from 1."""
    lines: int
    content: bytes
    """The lines with their ends; the file's last line may have none."""

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Every line without its end, and its number."""
        return enumerate(self.content.removesuffix(b"\n").split(b"\n"), self.first)


@dataclass
class Source:
    """An input file, with what was read from it so far."""

    path: Path
    allowed: float = 0.01
    """Largest share of broken lines."""
    progress: Progress | None = None
    lines: int = 0
    bad: int = 0
    examples: list[BadLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse at once what can't be read at all.

        Raises:
            InputError: no such file, a folder, an empty file, or no right to read it.
        """
        try:
            self.path.stat()
        except (OSError, ValueError):  # a name that is too long, or holds a zero, included
            raise InputError(f"There is no file {self.path}.", hint="Check the path.") from None
        if self.path.is_dir():
            raise InputError(f"{self.path} is a folder.", hint="Name the file inside it.")
        if not self.path.is_file():
            raise InputError(f"{self.path} is no regular file.", hint="Save it to a file first.")
        if self.size == 0:
            raise InputError(f"{self.path} is empty.", hint="Download or export it again.")

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    @property
    def is_parquet(self) -> bool:
        """By content, whatever the name."""
        with self._opened() as file:
            return file.read(4) == b"PAR1"

    def reject(self, line: int, reason: str, lines: int = 1) -> None:
        """Count a broken record by its lines, of which ``line`` is the first.

        The first few of the file are kept, in whatever order they are found.
        """
        self.bad += lines
        if len(self.examples) < EXAMPLES or line < self.examples[-1].line:
            insort(self.examples, BadLine(str(self.path), line, reason), key=attrgetter("line"))
            del self.examples[EXAMPLES:]

    def settle(self) -> None:
        """Judge the broken lines when all are read.

        Raises:
            InputError: no record at all, or a larger share of broken lines than allowed.
        """
        if self.lines == 0:
            raise InputError(f"{self.path} holds no record.", hint="Export it again.")
        self._judge(self.lines)

    def first_line(self) -> str:
        """The first line that is not blank, for telling layouts apart; the rest is not touched.

        Raises:
            InputError: the file can't be read, or holds blank lines alone.
        """
        peek = Source(self.path, self.allowed)
        for block in peek.blocks():
            line = block.content.lstrip().partition(b"\n")[0]
            if line:
                return line.decode("utf-8", "replace").rstrip("\r")
        raise InputError(f"{self.path} holds no record.", hint="Export it again.")

    def blocks(self) -> Iterator["Block"]:
        """Blocks of whole lines.

        Raises:
            InputError: a line beyond 16 MB, a gzip file that is cut, damaged or a bomb, another
                packing, or UTF-16.
        """
        first, carry, unpacked = 1, b"", 0
        for piece, packed in self._pieces():
            begin = 0  # where the next line begins, or what follows carry
            if not unpacked and piece.startswith(_BYTE_ORDER_MARK):
                begin = len(_BYTE_ORDER_MARK)
            for start in range(0, len(piece), BLOCK):
                stop = min(start + BLOCK, len(piece))
                self._refuse_bomb(packed, unpacked + stop)
                end = piece.rfind(b"\n", start, stop) + 1
                if end:
                    whole = carry + piece[begin:end]
                    lines = int(np.count_nonzero(np.frombuffer(whole, np.uint8) == _LINE_END))
                    yield Block(first, lines, whole)
                    first, begin, carry = first + lines, end, b""
                    self._tell(packed, first)
                elif len(carry) + stop - begin > LONGEST_LINE:
                    raise InputError(
                        f"{self.path}:{first}: the line is longer than {LONGEST_LINE >> 20} MB.",
                        hint="One record a line is expected; is this the right file?",
                    )
            carry += piece[begin:]
            unpacked += len(piece)
        if carry:
            yield Block(first, 1, carry)
        self._tell(self.size, 0)

    def text_lines(self) -> Iterator[str]:
        """Every line with its end; one that is no UTF-8 is rejected and left blank.

        Raises:
            InputError: as ``blocks``.
        """
        for block in self.blocks():
            try:
                text = block.content.decode()
            except UnicodeDecodeError:
                text = "".join(self._decoded(block))
            yield from StringIO(text, newline="\n")

    def _decoded(self, block: "Block") -> Iterator[str]:
        for line, content in block.numbered():
            try:
                yield content.decode() + "\n"
            except UnicodeDecodeError:
                self.lines += 1
                self.reject(line, "not UTF-8 text")
                yield "\n"

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        try:
            file = self.path.open("rb", buffering=0)
        except OSError as error:
            raise InputError(
                f"{self.path} can't be opened: {error.strerror}.", hint="Check its permissions."
            ) from None
        with file:
            yield file

    def _pieces(self) -> Iterator[tuple[bytes, int]]:
        """Pieces of the unpacked content, each with the bytes of the file read for it so far.

        A second thread unpacks ahead, without the interpreter's lock. It needs the lock to hand a
        piece over and to read on, and gets it when who works on the last piece comes for the next:
        so it reads seldom, and far more than one piece takes.
        """
        with self._opened() as raw, ThreadPoolExecutor(1) as ahead:
            stream = self._unpacked(raw)

            def read() -> tuple[bytes, int]:
                return self._read(stream), raw.tell()

            coming = deque((ahead.submit(read), ahead.submit(read)))
            while (found := coming.popleft().result())[0]:
                coming.append(ahead.submit(read))
                yield found

    def _unpacked(self, raw: FileIO) -> FileIO | _GzipReader:
        start = raw.read(6)
        raw.seek(0)
        if start.startswith(b"\x1f\x8b"):
            return _GzipReader(raw, _PACKED)  # igzip.open's own, which would read half as much
        for magic, kind in _FOREIGN.items():
            if start.startswith(magic):
                raise InputError(
                    f"{self.path} is {kind}.", hint="Give UTF-8 text, as it is or packed with gzip."
                )
        return raw

    def _read(self, stream: FileIO | _GzipReader) -> bytes:
        try:
            return stream.read(_AHEAD)
        except EOFError:
            raise InputError(
                f"{self.path} ends in the middle of its gzip stream.",
                hint="Download or copy it again; part of it is missing.",
            ) from None
        except (OSError, OverflowError, _DAMAGED) as error:  # overflow: a header without end
            raise InputError(
                f"{self.path} can't be read: {error}.", hint="Download or copy it again."
            ) from None

    def _refuse_bomb(self, packed: int, unpacked: int) -> None:
        if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * max(packed, 1):
            raise InputError(
                f"{self.path} has grown {unpacked // max(packed, 1)}-fold while unpacking, to "
                f"{unpacked >> 20} MB; no log does.",
                hint="If it is honest, unpack it and import the plain file.",
            )

    def _tell(self, done: int, lines: int) -> None:
        if self.progress is not None:
            self.progress(self.path, done, self.size)
        if self.bad and lines > 10_000 and done:  # hopeless long before the end: don't read on
            self._judge(10 * lines * self.size // done)

    def _judge(self, lines: int) -> None:
        if self.bad <= self.allowed * lines:
            return
        raise InputError(
            f"{self.bad:,} of the {self.lines:,} lines read from {self.path} are broken, more than "
            f"{self.allowed:.2%}; the first is line {self.examples[0].line}: "
            f"{self.examples[0].reason}.",
            hint="Mend the file, check --format, or raise --max-bad-lines.",
        )
