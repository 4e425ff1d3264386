"""Every screen of the interactive session full of hostile texts, on a pseudo-terminal.

    python benchmarks/app_fuzz.py [--texts 100000] [--home DIR]

Imports and runs a small shop whose files are hostile, then makes every text of the project so
(``hostile_project.py``), walks through all screens at 160x48 and at 80x24, and prints how many
different texts were seen on the terminal, where, and what of them was obeyed: it must be nothing.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hostile_project import Size, make_hostile
from hostile_texts import PARAMETER, Texts, marks
from pty_harness import Terminal

from edt_core.actions.configuring import change
from edt_core.data.shop import make_shop, write_shop
from edt_core.store.home import Home

NAME = "enemy"
SMALL = {
    "noise_filter.threshold_kind": "percentile", "noise_filter.threshold": 0.5,
    "embedding.dimensions": 16, "pretraining.width": 16, "pretraining.epochs": 2,
    "fine_tuning.epochs": 2, "fine_tuning.adapter_width": 8, "evaluation.n_negatives": 20,
}  # fmt: skip
PAGE_DOWN, PAGE_UP, F8, RIGHT, DOWN = "\x1b[6~", "\x1b[5~", "\x1b[19~", "\x1b[C", "\x1b[B"
ESCAPE, ENTER, TAB, BACK_TAB = "\x1b", "\r", "\t", "\x1b[Z"
ANSWER = 0.4
"""Seconds that a key may take to its first byte."""
ESCAPED = 0.3
"""Seconds after an escape: the app waits whether more of a sequence comes."""
_OBEYED = re.compile(
    rb"\x1b[\[P_^X][0-9;:<>=?]*" + PARAMETER.encode()  # what only a text of ours says
    + rb"|\x1b\][^\x07\x1b]*(?:" + PARAMETER.encode() + rb"|Nzc3Nw)"
    + rb"|\r(?!\n)|\n(?!\x1b)"  # lines are drawn one by one, each from where it stands
)  # fmt: skip
_NOT_SHOWN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060\u061c\ufeff]")


@dataclass
class Walk:
    """One session, what was seen in it, and what was wrong with what was seen."""

    app: Terminal
    project: str
    hurried: bool = False
    """One question a screen, nothing that another process has to answer, no long wait for a key
    that changes nothing: what comes later is seen with the next one's answer."""
    seen: set[str] = field(default_factory=set)
    where: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    looks: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def wide(self) -> bool:
        """Do all panes of a screen stand beside each other?"""
        return self.app.columns >= 140

    @property
    def patience(self) -> float:
        """How much of the waiting there is time for."""
        return 0.25 if self.hurried else 1.0

    def look(self, place: str, *, quiet: float = 0.05, framed: bool = True) -> str:
        """Read what is painted until it rests; the whole screen as one text."""
        self.app.settle(quiet)
        cells = self.app.letters()
        self.looks += 1
        text = "\n".join("".join(row) for row in cells)
        new = marks(text) - self.seen
        self.where[place] += len(new)
        self.seen |= new
        if framed and broken_frame(cells) and (at := self._still_broken()):
            shown = "\n".join(self.app.shown())
            self.wrong.append(f"{place}: the frame at {at} is broken\n{shown}")
        if self.app.process.poll() is not None:
            raise RuntimeError(f"{place}: the session ended\n{text}")
        return text

    def _still_broken(self) -> tuple[int, int] | None:
        """Where a frame is broken for good: a notice at the edge lies over frames for a moment."""
        until = time.monotonic() + 8.0
        while at := broken_frame(self.app.letters()):
            if time.monotonic() > until:
                return at
            self.app.read(0.2)
            self.app.settle(0.05)
        return None

    def press(self, place: str, *keys: str, framed: bool = True) -> str:
        """Press keys one by one and look after each."""
        text = ""
        for key in keys:
            self.app.send(key)
            self.app.read(self.patience * ANSWER)
            quiet = max(0.15, self.patience * ESCAPED) if key == ESCAPE else 0.05
            text = self.look(place, quiet=quiet, framed=framed)
        return text

    def go(self, place: str, key: str) -> None:
        """To another screen; the first time it loads its libraries."""
        self.app.send(key)
        self.app.read(2.0)
        self.look(place, quiet=0.2 if self.hurried else 0.5)

    def page(self, place: str, most: int, key: str = PAGE_DOWN, *, framed: bool = True) -> None:
        """Turn pages until nothing new comes."""
        before = ""
        for _ in range(most):
            text = self.press(place, key, framed=framed)
            if text == before:
                self.app.read(self.patience * 1.0)  # a busy machine takes its time
                text = self.look(place, framed=framed)
            if text == before:
                return
            before = text

    def dialog(self, place: str, key: str, *inside: str) -> None:
        """Open a question, look, go through it, leave it."""
        if self.hurried and f"{place}, dialogs" in self.where:
            return
        self.app.send(key)
        self.app.read(self.patience * ANSWER)
        self.look(f"{place}, dialogs", quiet=max(0.1, self.patience * 0.2), framed=False)
        self.press(f"{place}, dialogs", *inside, framed=False)
        self.press(place, ESCAPE)

    def until(self, place: str, marker: str) -> None:
        """Wait for what another process answers, and look."""
        if not any(re.search(marker, line) for line in self.app.shown()):
            self.app.wait_for(marker, 60)
        self.look(place)

    def faults(self) -> list[str]:
        """Everything that a terminal obeyed or that broke a column."""
        raw = bytes(self.app.raw)
        found = [*self.wrong]
        found += [f"obeyed: {one!r}" for one in _OBEYED.findall(raw)[:20]]
        text = raw.decode("utf-8", "replace")
        found += [f"invisible: {one!a}" for one in _NOT_SHOWN.findall(text)[:20]]
        found += [f"foreign: {one!a}" for one in self.app.foreign_places()[:20]]
        if count := self.app.too_long:
            found.append(f"{count} texts drawn beyond the last column")
        return found


def broken_frame(cells: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Row and column of the first frame whose sides do not stand below their corners."""
    for y, row in enumerate(cells):
        for x, letter in enumerate(row):
            if letter == "╭" and not _whole(cells, y, x):
                return y, x
    return None


def _whole(cells: Sequence[Sequence[str]], top: int, left: int) -> bool:
    row = cells[top]
    right = next((x for x in range(left + 1, len(row)) if row[x] == "╮"), None)
    bottom = next((y for y in range(top + 1, len(cells)) if cells[y][left] != "│"), None)
    return (
        right is not None
        and bottom is not None
        and (cells[bottom][left], cells[bottom][right]) == ("╰", "╯")
        and all(cells[y][right] == "│" for y in range(top + 1, bottom))
    )


def projects(walk: Walk, pages: int) -> None:
    """The list of projects, and what it asks; leads to the hostile one."""
    walk.go("projects", "1")
    walk.page("projects", pages)
    for key in ("c", "b", "R", "n", F8):
        walk.dialog("projects", key)
    walk.press("projects", "g")
    walk.app.until(ENTER, f"{walk.project} ▸ 3 Pipeline")


def data(walk: Walk, pages: int) -> None:
    """The data set."""
    walk.go("data", "2")
    walk.press("data", "w")
    walk.page("data", pages)


def pipeline(walk: Walk, pages: int) -> None:
    """Stages, what waits, calls, log."""
    walk.go("pipeline", "3")
    walk.press("pipeline", DOWN, DOWN, DOWN)
    walk.dialog("pipeline", "s")
    walk.dialog("pipeline", "d")
    walk.press("pipeline", TAB, TAB)
    walk.page("pipeline", pages, PAGE_UP)


def settings(walk: Walk, pages: int) -> None:
    """Every setting, two of them edited."""
    walk.go("settings", "0")
    walk.page("settings", pages)
    for words in ("llm.model", "embedding.model")[: 1 if walk.hurried else 2]:
        walk.press("settings", "/", words, ENTER, "j", "e", ESCAPE, ESCAPE)
    walk.press("settings", "s", ESCAPE)
    walk.dialog("settings", "=")


def prompts(walk: Walk, pages: int) -> None:
    """Calls, page after page, and now and then one of them to its end."""
    walk.go("prompts", "4")
    back = [BACK_TAB] * (2 if walk.wide else 1)
    for _ in range(few(pages)):
        walk.page("prompts", -(-pages // few(pages)))
        walk.press("prompts", ENTER, *[PAGE_DOWN, "n"] * 4, *back)
    walk.dialog("prompts", "/")
    walk.press("prompts", "f")


def review(walk: Walk, pages: int) -> None:
    """Generated items, page after page, and now and then all that is asked of one."""
    walk.go("review", "5")
    walk.press("review", "s", "s")
    for _ in range(few(pages)):
        walk.page("review", -(-pages // few(pages)))
        walk.look("review", quiet=0.5)  # a key that comes before the item is read is refused
        walk.dialog("review", "p", *[PAGE_DOWN] * 4)
        for key in ("e", "m", "X", "/", "b"):
            walk.dialog("review", key)


def tune(walk: Walk, pages: int) -> None:
    """The items at the edge of one threshold after the other."""
    walk.go("tune", "6")
    walk.until("tune", "items kept")  # a key that comes before the scores are read is refused
    for _ in range(few(pages)):
        walk.press("tune", *[RIGHT] * 3, ",", "d", *["s"] * (not walk.wide))
        walk.look("tune", quiet=0.2)


def train(walk: Walk, _: int) -> None:
    """Curves, runs to choose from, a note."""
    walk.go("train", "7")
    walk.press("train", "]", "]", "]", "]", ENTER, "l", "l", ENTER, "p", "t", "m")
    walk.dialog("train", "/", *[PAGE_DOWN] * 3)
    walk.dialog("train", "n")


def runs(walk: Walk, pages: int) -> None:
    """Runs with details, curves, lineage, compared, by groups."""
    walk.go("runs", "8")
    for _ in range(few(pages)):
        walk.page("runs", 2)
        walk.press("runs", ENTER, PAGE_DOWN, PAGE_DOWN, ESCAPE)
    walk.press("runs", "p", "]", "]", ESCAPE)
    walk.dialog("runs", "n")
    if walk.hurried:
        return
    walk.press("runs", "l")
    walk.until("runs", "training events are generated")
    walk.press("runs", ESCAPE, "G", " ", "k", " ", "c")
    walk.until("runs", "best")
    walk.press("runs", PAGE_DOWN, PAGE_DOWN, ESCAPE, "f")
    walk.until("runs", "best")
    for key in ("t", F8):
        walk.dialog("runs", key)


def user(walk: Walk, pages: int) -> None:
    """Users one after the other, all panes of each."""
    walk.go("user", "9")
    walk.press("user", "i", "3")  # whoever has most inserted: no run gains over its own copies
    for _ in range(few(pages)):
        walk.press("user", "n", *[PAGE_DOWN, TAB] * 3)
    for key in ("/", "i", "f", "b"):
        walk.dialog("user", key, *[PAGE_DOWN] * 3)
    if not walk.hurried:
        walk.press("user", "r")
        walk.until("user", r"1[ ◂] +-?\d+\.\d{3} ")


def everywhere(walk: Walk, _: int) -> None:
    """Help, palette and the command to copy, on every screen."""
    for digit in "1234567890":
        walk.go("help, palette, copying", digit)
        for key in ("?", ":", "C"):
            walk.dialog("help, palette, copying", key, PAGE_DOWN)


PLACES = (projects, data, pipeline, settings, prompts, review, tune, train, runs, user, everywhere)
"""In the order in which they are walked through."""


def few(pages: int) -> int:
    """How often to stop at one of many."""
    return max(1, min(pages // 10, 40))


def hostile_shop(folder: Path, texts: Texts) -> list[str]:
    """The words of ``edt import`` for a small shop in whose files every item's text is hostile.

    Ids and names of domains are left as they are: an import refuses those with control characters.
    """
    paths = write_shop(make_shop(n_users=120), folder)
    words = []
    for side, log, described in (("a", *paths[:2]), ("b", *paths[2:])):
        lines = []
        for line in described.read_text(encoding="utf-8").splitlines():
            names = ("title", "brand", "date", "price", "description")
            shown = {name: texts.storable() for name in names}
            record = json.loads(line) | shown | {"categories": [texts.storable()] * 2}
            lines.append(json.dumps(record) + "\n")
        described.write_text("".join(lines), encoding="utf-8")
        words.append(f"--domain-{side}=[bold]日本 {side}={log},{described}")
    return words


def prepare(home: Path, texts: Texts, size: Size) -> None:
    """Import and run the shop, then make all that is on record hostile."""

    def edt(*words: str) -> None:
        line = [sys.executable, "-m", "edt_app", "--home", str(home), *words]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"edt {words[0]} ended with {done.returncode}:\n{done.stderr}")

    sides = hostile_shop(home / ".files", texts)
    edt("new", NAME)
    edt("import", "--project", NAME, "--format", "csv", "--recipe", "none", *sides)
    with Home(home).open(NAME) as project:
        change(project, SMALL)
    edt("run", "--project", NAME, "--seed", "42")
    make_hostile(Home(home), NAME, texts, size)


def main() -> int:
    """Make the project, walk, tell; 1 where something was obeyed or too little was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000, help="to be seen at least")
    parser.add_argument("--home", type=Path, help="a folder to keep; else one that goes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        home, texts = asked.home or Path(passing), Texts()
        size = Size(asked.texts // 4, asked.texts // 8, 60, 2000, 120)
        prepare(home, texts, size)
        print(f"{texts.count:,} texts on record")
        seen: set[str] = set()
        faults = []
        for columns, lines, pages in ((160, 48, asked.texts), (80, 24, 60)):
            command = [sys.executable, "-m", "edt_app.tui", "--home", str(home), "--project", NAME]
            with Terminal(command, columns, lines) as app:
                app.wait_for(NAME)
                walk = Walk(app, NAME)
                for place in PLACES:
                    place(walk, pages)
                    told = f"{columns}x{lines}  {place.__name__:<20}"
                    print(f"{told}{len(walk.seen):>9,} texts", flush=True)
                seen |= walk.seen
                faults += walk.faults()
                for place, count in walk.where.most_common():
                    print(f"    {place:<30}{count:>9,}")
                seconds = time.monotonic() - walk.started
                print(f"    {walk.looks:,} looks, {len(app.raw):,} bytes in {seconds:,.0f} s")
        reports = home / "reports"
        faults += [f"a report: {path}" for path in reports.glob("*")] if reports.exists() else []
        print(f"{len(seen):,} different hostile texts seen on the terminal, {len(faults)} faults")
        print("\n".join(faults[:20]))
        return int(bool(faults) or len(seen) < asked.texts)


if __name__ == "__main__":
    sys.exit(main())
