"""Reads the terminal so that nothing pasted is taken for keys, and no odd byte ends the reading."""

import os
import selectors
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import Any, TextIO

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_START, _END, _ESCAPE = "\x1b[200~", "\x1b[201~", "\x1b"
_WAIT = 0.1
"""Seconds between two looks whether the app ends."""


class Pastes:
    """Makes escapes inside pasted texts visible.

    Textual's parser takes them, and what follows them, for keys.
    """

    def __init__(self) -> None:
        self._inside = False
        self._before = ""
        self._held = ""

    def cleaned(self, data: str) -> str:
        """What may be parsed of ``data``, which goes on where the last call's ended."""
        data, done = self._held + data, ""
        self._held = ""
        while data:
            part, data = self._pasted(data) if self._inside else self._typed(data)
            done += part
        return done

    def _typed(self, data: str) -> tuple[str, str]:
        """Up to where a paste begins, and the rest. Nothing waits: escape is a key, too."""
        at = (self._before + data).find(_START)
        if at < 0:
            self._before = (self._before + data)[1 - len(_START) :]
            return data, ""
        end = at + len(_START) - len(self._before)
        self._inside, self._before = True, ""
        return data[:end], data[end:]

    def _pasted(self, data: str) -> tuple[str, str]:
        """Up to where the paste ends, and the rest; what may be the start of its end is held."""
        at = data.find(_END)
        if at < 0:
            begun = max(n for n in range(len(_END)) if data.endswith(_END[:n]))
            at = len(data) - begun
            self._held = data[at:]
            return _visible(data[:at]), ""
        self._inside = False
        return _visible(data[:at]) + _END, data[at + len(_END) :]


class Screen:
    """The terminal as a file; what is written after it went away is lost, and nobody minds.

    Textual's writing thread would end with the first such error, and whoever writes next would wait
    for it for ever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write a text."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Send what was written."""
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        """The file's number."""
        return self._file.fileno()


class CarefulDriver(LinuxDriver):
    """Textual's own, but for what it does with keys and pastes, and when the terminal goes away."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._file: Any = Screen(self._file)

    def run_input_thread(self) -> None:
        """Read until the app or the terminal ends; bytes that are no text are replaced."""
        parser, pastes = XTermParser(self._debug), Pastes()
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_WAIT):
                    if not (raw := self._read()):
                        return
                    data = pastes.cleaned(decode(raw))
                    for event in parser.feed(data) if data else ():
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)

    def _read(self) -> bytes:
        """What was typed; nothing where the terminal went away."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""


def _visible(text: str) -> str:
    return text.replace(_ESCAPE, "\N{REPLACEMENT CHARACTER}")
