"""Starting a run in the background: a process of its own that outlives whoever started it."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from edt_core.errors import EdtError, ProjectBusy
from edt_core.store.home import Home
from edt_core.store.liveness import exit_status, heartbeat, launch_log, log_lines
from edt_core.store.lock import LAUNCHED

NICE = 10
"""How far a run in the background steps back, so that a screen stays quick beside it."""

# the shell stays as the parent, so that a death is noted whatever its cause; it is itself the child
# of one that ends at once, so that nobody has to wait for it
_SCRIPT = '("$@"; status=$?; echo "edt: exit status $status") &'


@dataclass(frozen=True)
class Launched:
    """A run that was started in the background."""

    project: str
    command: str
    """What a user would have typed."""
    log: Path
    """What a terminal would have shown."""


def command_line(home: Home, *words: object, **options: object) -> list[str]:
    """An ``edt`` command as a user would type it: ``edt run --project demo --seed 42 --seed 44``.

    An option is left out when it is None, False or empty; True is the option alone; a list repeats
    it; a mapping becomes ``--option key=value`` each. Underscores become hyphens, and one at the
    end is dropped (``from_``). There is no option for a key: those come from the environment.
    """
    line = ["edt"]
    if home.folder != Home().folder:
        line += ["--home", str(home.folder)]
    line += [str(word) for word in words]
    for name, value in options.items():
        option = f"--{name.rstrip('_').replace('_', '-')}"
        for text in _texts(value):
            line += [option] if text is None else [option, text]
    return line


def shell_text(line: Sequence[str]) -> str:
    """The command as one line to paste into a shell, whatever its words hold.

    What a terminal would act on when it is pasted is written as bash and zsh read it: ``$'…'``.
    """
    return " ".join(map(_quoted, line))


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        _escape(letter) if letter in "\\'" or not letter.isprintable() else letter
        for letter in word
    )
    return f"$'{escaped}'"


def _escape(letter: str) -> str:
    if letter in "\\'":
        return f"\\{letter}"
    number = ord(letter)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def launch(home: Home, project: str, line: Sequence[str], *, nice: int = NICE) -> Launched:
    """Start a command of ``command_line`` in a session of its own, and return at once.

    Its output goes to the project's ``runs/last.log``; how a run ended whose process died before is
    written down first. Closing the terminal, losing the connection or ending this process does not
    touch it. ``edt demo`` may name a project that isn't there yet.

    Raises:
        ProjectNotFound: there is none of that name.
        ProjectBusy: a run goes on in it.
        EdtError: the process could not be started.
    """
    folder = _project_folder(home, project, line)
    busy = heartbeat(folder)
    if busy is not None:
        raise ProjectBusy(
            f"A run goes on in the project {project} (process {busy.holder.pid}).",
            hint=f"Watch it: edt watch --project {project}",
        )
    with home.open(project) as before:
        before.bury_dead_runs()
    log = launch_log(folder)
    try:
        log.parent.mkdir(mode=0o700, exist_ok=True)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            subprocess.run(  # noqa: S603 (our own program, no shell reads the words)
                ["/bin/sh", "-c", _SCRIPT, "edt", *_niced(nice), *_this_edt(), *line[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, LAUNCHED: "1", "PYTHONFAULTHANDLER": "1"},
                start_new_session=True,
                check=True,
            )
        finally:
            os.close(out)
    except (OSError, subprocess.SubprocessError) as error:
        raise EdtError(
            f"The run could not be started: {error}.", hint="Start it in a terminal instead."
        ) from error
    return Launched(project, shell_text(line), log)


def wait_until_held(folder: Path, patience: float = 30.0) -> bool:
    """Whether a run that was just started took the project's lock within ``patience`` seconds.

    It ends the wait when the launched command has ended, too: then its log says why.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if heartbeat(folder) is not None:
            return True
        if exit_status(folder) is not None:
            return False
        time.sleep(0.02)
    return False


def check_begun(folder: Path) -> None:
    """Wait until what was just launched in the project at ``folder`` is at work.

    Raises:
        EdtError: it refused to be; with its own message and hint.
    """
    if not wait_until_held(folder) and exit_status(folder):
        raise _told("\n".join(log_lines(folder)[:-1]))


class Asked:
    """A command of ``command_line`` with ``--json``, at work in a process of its own.

    For work whose libraries are too large for a screen's own process.

    Args:
        line: The command.
        nice: How far it steps back.
        outlives: It goes on when this process or its terminal ends.

    Raises:
        EdtError: it can't be started.
    """

    def __init__(self, line: Sequence[str], *, nice: int = NICE, outlives: bool = True) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the answer)
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own program, no shell reads it)
                [*_niced(nice), *_this_edt(), *line[1:], "--json"],
                stdin=subprocess.DEVNULL,
                stdout=self._out,
                stderr=self._err,
                start_new_session=outlives,
            )
        except OSError as error:
            raise EdtError(f"It could not be asked: {error}.", hint=shell_text(line)) from error

    @property
    def ended(self) -> bool:
        """Has it answered, or failed?"""
        return self._process.poll() is not None

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended, or so long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def abandon(self) -> None:
        """Want no answer: it goes on, and is waited for aside so that none is left dead."""
        self._out.close()
        self._err.close()
        Thread(target=self._process.wait, daemon=True).start()

    def answer(self) -> Any:
        """What it answered; waits for it.

        Raises:
            EdtError: the command failed; with its own message and hint.
        """
        status = self._process.wait()
        with self._out, self._err:
            self._out.seek(0)
            self._err.seek(0)
            out, err = self._out.read(), self._err.read().decode(errors="replace")
        if status and not out:  # one that answered says in its status what it found
            raise _told(err)
        return json.loads(out)


def _told(text: str) -> EdtError:
    """The error that a command wrote: a sentence, and what to do below it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    start = next((at for at, line in enumerate(lines) if line.startswith("edt: ")), None)
    if start is None:
        return EdtError(lines[-1] if lines else "The command was stopped.")
    hint = " ".join(lines[start + 1 :])
    return EdtError(lines[start].removeprefix("edt: "), hint=hint)


def _project_folder(home: Home, project: str, line: Sequence[str]) -> Path:
    if "demo" in line and project not in {known.name for known in home.projects()}:
        home.create(project).close()
    return home.path(project)


def _niced(nice: int) -> list[str]:
    return ["nice", "-n", str(nice)] if nice > 0 else []


def _this_edt() -> list[str]:
    return [sys.executable, "-m", "edt_app"]


def _texts(value: object) -> list[str | None]:
    """What follows an option, once for every time that it is given; None stands for nothing."""
    if value is None or value is False or value == "":
        return []
    if value is True:
        return [None]
    if isinstance(value, Mapping):
        return [f"{key}={_text(entry)}" for key, entry in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_text(entry) for entry in value]
    return [_text(value)]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(_text(entry) for entry in value)
    return str(value)
