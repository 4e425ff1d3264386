"""What reaches the terminal: safe text, one JSON document, one error line, quiet progress.

Results go to standard output, everything else to standard error. Text from data is never markup
and never an escape code.
"""

import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from edt_core import events

_NARROW = 20
"""Letters that a line has at least, however narrow the terminal."""
_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

# Terminals disagree on the width of joined and modified emoji; without these every letter counts
# for itself, and that they agree on. Flags become their two letters.
_STEADY: dict[int, str | None] = {
    **dict.fromkeys(range(0xFE00, 0xFE10)),
    **dict.fromkeys(range(0x1F3FB, 0x1F400)),
    **{0x1F1E6 + at: chr(ord("A") + at) for at in range(26)},
}


def safe_text(text: object, *, width: int = 0) -> str:
    """``text`` without control, escape, bidi and surrogate characters, cut to ``width`` letters.

    Every terminal counts the columns of what is left alike.
    """
    clean = str(text)
    if not clean.isprintable():  # the quick way for nearly all texts
        clean = "".join(_shown(letter) for letter in clean)
    if not clean.isascii():
        clean = clean.translate(_STEADY)
    if width and len(clean) > width:
        return clean[: width - 1] + "…"
    return clean


def _shown(letter: str) -> str:
    if letter in "\n\t":
        return " "
    category = unicodedata.category(letter)
    if category in {"Cc", "Cs", "Co", "Zl", "Zp"} or unicodedata.bidirectional(letter) in _BIDI:
        return "\N{REPLACEMENT CHARACTER}"
    return "" if category == "Cf" else letter  # zero width: joiners would break columns


def say(text: str = "") -> None:
    """A line of results."""
    sys.stdout.write(text + "\n")


def tell(text: str) -> None:
    """A sentence of results; on a terminal it is broken between words."""
    for line in broken(safe_text(text), sys.stdout):
        say(line)


def note(text: str) -> None:
    """A line about the work, beside the results; on a terminal it is broken between words."""
    sys.stderr.write("\n".join(broken(safe_text(text), sys.stderr)) + "\n")


def complain(message: str, hint: str = "") -> None:
    """An error: one sentence, and what to do."""
    for text, lead in ((message, "edt: "), (hint, "     ")):
        if text:
            lines = broken(safe_text(text), sys.stderr, room=terminal_width() - len(lead))
            sys.stderr.write(lead + "\n     ".join(lines) + "\n")


def broken(text: str, stream: TextIO, *, room: int = 0) -> list[str]:
    """``text`` in lines of ``room`` letters where ``stream`` is a terminal, else as it is."""
    import textwrap

    room = room or terminal_width()
    if len(text) <= room or not stream.isatty():
        return [text]
    return textwrap.wrap(text, max(room, _NARROW), break_on_hyphens=False) or [""]


def say_json(document: object) -> None:
    """Exactly one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, default=_plain, ensure_ascii=True, indent=1) + "\n")


def _plain(value: Any) -> Any:
    from edt_core.evaluation.table import Table, to_json

    if isinstance(value, Table):
        return json.loads(to_json(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def say_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: frozenset[int] = frozenset(),
    wrap: bool = False,
) -> None:
    """A plain table; on a terminal it is made to fit, its last column cut or, to ``wrap``, broken.

    Where that is not enough, the widest of the other columns of texts are cut.
    """
    cells = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(columns)]
    if sys.stdout.isatty():
        widths = _fitting(widths, right, terminal_width() - 2 * (len(widths) - 1))
    for line in [list(columns), ["─" * width for width in widths], *cells]:
        parts = [
            _cut(text, width).rjust(width) if at in right else _cut(text, width).ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        if wrap:
            first, *more = broken(line[-1], sys.stdout, room=widths[-1])
            parts[-1] = ("\n" + " " * (sum(widths[:-1]) + 2 * (len(widths) - 1))).join(
                [first, *more]
            )
        say("  ".join(parts).rstrip())


def _fitting(widths: list[int], right: frozenset[int], room: int) -> list[int]:
    """Widths that add up to ``room`` if that can be.

    The last column gives way first, then whichever column of texts is the widest.
    """
    fitted, last = list(widths), len(widths) - 1
    fitted[last] -= min(max(sum(fitted) - room, 0), max(fitted[last] - 12, 0))
    texts = [at for at in range(len(widths)) if at not in right]
    while sum(fitted) > room:
        widest = max(texts, key=lambda at: fitted[at], default=0)
        if fitted[widest] <= 8:
            break
        fitted[widest] -= 1
    return fitted


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def terminal_width() -> int:
    """Letters in a line of the terminal; 100 where there is none."""
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


class ProgressLines:
    """Folds a run's events into progress bars on a terminal, and into sparse lines elsewhere."""

    def __init__(self, progress: "Progress | None") -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._told: dict[str, float] = {}

    def __call__(self, event: "events.Event") -> None:
        """Take one event."""
        from edt_core import events  # no screen needs them before its first paint

        match event:
            case events.StageStarted(fingerprint, step, name):
                self._bar(fingerprint, f"{step} {name}")
            case events.StageAdvanced(fingerprint, step, done, total, unit, text):
                self._advance(fingerprint, step, done, total, unit, text)
            case events.StageFinished(fingerprint, step, name, seconds, reused):
                self._close(fingerprint)
                if not reused:
                    self._tell(f"{step}: {name} done in {seconds:.1f} s")
            case events.StageFailed(fingerprint, step, reason):
                self._close(fingerprint)
                self._tell(f"{step}: stopped: {reason}")
            case events.Noted(step, text):
                self._tell(f"{step}: {text}")
            case events.Point():
                pass

    def _bar(self, fingerprint: str, title: str) -> None:
        if self._progress is not None:
            self._bars[fingerprint] = self._progress.add_task(
                safe_text(title), total=None, note="", unit=""
            )

    def _advance(
        self, fingerprint: str, step: str, done: int, total: int, unit: str, text: str
    ) -> None:
        if self._progress is not None:
            if fingerprint not in self._bars:
                self._bar(fingerprint, step)
            self._progress.update(
                self._bars[fingerprint],
                completed=done,
                total=total or None,
                note=safe_text(text, width=44),
                unit=safe_text(unit, width=16),
            )

    def _close(self, fingerprint: str) -> None:
        if self._progress is not None and fingerprint in self._bars:
            self._progress.remove_task(self._bars.pop(fingerprint))

    def _tell(self, text: str) -> None:
        if self._progress is not None:
            self._progress.console.print(safe_text(text), markup=False, highlight=False)
        else:
            note(text)


@contextmanager
def progress_lines(*, quiet: bool = False) -> Iterator[ProgressLines]:
    """Progress on standard error: bars with rate and time left on a terminal, lines elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield ProgressLines(None)
        return
    from rich.console import Console

    with bars(Console(stderr=True)) as progress:
        yield ProgressLines(progress)


def bars(console: "Console", clock: Callable[[], float] = time.monotonic) -> "Progress":
    """Progress bars: what, how far, at which rate, how long and how much longer."""
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Amount(ProgressColumn):
        def render(self, task: Task) -> Text:
            total = None if task.total is None else int(task.total)
            return Text(amount(int(task.completed), total, task.fields["unit"]))

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(rate(task.speed, task.fields["unit"]), "progress.data.speed")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        Amount(),
        Rate(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        get_time=clock,
    )


def amount(done: int, total: int | None, unit: str) -> str:
    """Such as ``1,200/5,000 users`` or ``12.4/98.0 MB``; nothing before the first news."""
    if not unit:
        return ""
    if unit != "bytes":
        return f"{done:,} {unit}" if total is None else f"{done:,}/{total:,} {unit}"
    size, name = _byte_unit(done if total is None else total)
    many = "" if total is None else f"/{total / size:.1f}"
    return f"{done / size:.1f}{many} {name}"


def rate(speed: float | None, unit: str) -> str:
    """Such as ``340 users/s``, ``12.4 MB/s`` or, for what is slow, ``3.5 epochs/min``."""
    if not speed or not unit:
        return ""
    if unit == "bytes":
        size, name = _byte_unit(speed)
        return f"{speed / size:.1f} {name}/s"
    if speed < 1:
        return f"{speed * 60:.1f} {unit}/min"
    return f"{speed:,.0f} {unit}/s" if speed >= 10 else f"{speed:.1f} {unit}/s"


def _byte_unit(number: float) -> tuple[int, str]:
    for size, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= size:
            return size, name
    return 1, "bytes"


def when(moment: float) -> str:
    """Seconds since 1970 as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def size(n_bytes: float) -> str:
    """Bytes as megabytes or gigabytes."""
    return f"{n_bytes / 1e9:,.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.1f} MB"


def ratio_histogram(counts: Sequence[int]) -> None:
    """The distribution of the domain ratio r (Figure 1), users per tenth, as bars of text."""
    most = max([1, *counts])
    say("domain ratio r    users")
    for tenth, count in enumerate(counts):
        bar = "█" * round(40 * count / most) or ("▏" if count else "")
        say(f"{tenth * 10:>3} % - {tenth * 10 + 10:>3} %  {count:>8,}  {bar}")
