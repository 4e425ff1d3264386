"""Makes every text of a project an enemy's, and many more of them.

Whatever came from a language model, a file, the network or a user's hand is replaced in the rows of
a project that stands, by texts of ``hostile_texts``; then rows are doubled until there are as many
as were asked for. The rows are what every screen reads.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostile_texts import Texts

from edt_core.actions.configuring import change
from edt_core.events import Point
from edt_core.store.home import Home
from edt_core.store.liveness import launch_log
from edt_core.store.project import Project
from edt_core.store.review import decide, edit
from edt_core.store.telemetry import Recorder

PLAIN = {
    "dataset": ("name",),
    "item": ("source_id", "title", "brand", "date", "price", "description"),
    "user": ("source_id",),
    "generated": ("title",),
    "generated_text": ("brand", "date", "price", "description"),
    "profile": ("reform", "analysis"),
    "run": ("label", "device", "version", "error", "tag", "note"),
    "call": (
        *("template", "user_id", "provider", "model", "model_answered", "reason"),
        *("reused_from", "response", "raw"),
    ),
}  # fmt: skip
"""Columns of text by table."""
NESTED = {
    "dataset": ("domain_names", "options", "counts", "notes"),
    "item": ("categories",),
    "generated_text": ("categories",),
    "profile": ("summaries",),
    "call": ("attempts", "request", "parsed"),
    "event": ("body",),
}
"""Columns of JSON, of which every text is replaced and every object gets a name of its own."""
KEPT = {"fingerprint", "step", "role"}
"""What is looked up by its value."""
SETTINGS = ("llm.model", "embedding.model")
NEEDS_NO_VECTORS = {"noise_filter.threshold_kind": "absolute", "noise_filter.threshold": 0.75}
"""Other models than those that stand have none, and the tuner shall open all the same."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """Rows of each kind."""

    items: int
    calls: int
    runs: int
    events: int
    projects: int


def make_hostile(home: Home, name: str, texts: Texts, size: Size) -> None:
    """Make all texts of a finished project hostile, and of its neighbours in the list."""
    with home.open(name) as project:
        words = {key: texts.storable(most=2, lines=False) for key in SETTINGS}
        change(project, words | NEEDS_NO_VECTORS)
        folder = project.folder
    with closing(sqlite3.connect(folder / "project.db", isolation_level=None)) as rows:
        rows.row_factory = sqlite3.Row
        rows.execute("BEGIN")
        names = json.loads(rows.execute("SELECT domain_names FROM dataset").fetchone()[0])
        for table, columns in PLAIN.items():
            _replace(rows, table, columns, lambda _: texts.storable())
        for table, columns in NESTED.items():
            _replace(rows, table, columns, lambda value: _nested(value, texts))
        for before, now in zip(
            names,
            json.loads(rows.execute("SELECT domain_names FROM dataset").fetchone()[0]),
            strict=True,
        ):
            domain = now.encode("utf-8", "backslashreplace").decode()
            rows.execute("UPDATE metric SET domain = ? WHERE domain = ?", (domain, before))
        _multiply(rows, texts, size)
        rows.execute("COMMIT")
    with home.open(name) as project:
        _decide(project, texts)
        _curves(project, texts, size.runs)
    log = launch_log(folder)
    log.write_text("\n".join(texts.storable() for _ in range(20)) + "\nedt: exit status 1\n")
    _neighbours(home, folder, texts, size.projects)


def _replace(
    rows: sqlite3.Connection, table: str, columns: tuple[str, ...], made: Callable[[Any], str]
) -> None:
    """Put other texts into ``columns``; empty ones are filled, too, where nothing says null."""
    key = "key" if table == "item" else "id"
    found = rows.execute(f'SELECT {key}, {", ".join(columns)} FROM "{table}"').fetchall()
    sets = ", ".join(f"{column} = ?" for column in columns)
    rows.executemany(
        f'UPDATE "{table}" SET {sets} WHERE {key} = ?',
        ([*map(made, list(line)[1:]), line[0]] for line in found),
    )


def _nested(value: str | None, texts: Texts) -> str:
    return json.dumps(_walked(json.loads(value), texts)) if value else ""


def _walked(value: Any, texts: Texts) -> Any:
    match value:
        case str():
            return texts.one()
        case list():
            return [_walked(one, texts) for one in value]
        case dict():
            walked = {
                name: one if name in KEPT else _walked(one, texts) for name, one in value.items()
            }
            return {**walked, texts.one(): texts.one()}
        case _:
            return value


def _multiply(rows: sqlite3.Connection, texts: Texts, size: Size) -> None:
    def item(line: Row, number: int) -> Row:
        score = 0.5 + number % 4999 / 10_000
        fresh = {"row": number, "title": texts.storable(), "target_score": score, "fields": None}
        return line | fresh | {"call": number % size.calls + 1, "decision": None}

    def words(line: Row, _: int) -> Row:
        return line | {name: texts.storable() for name in PLAIN["generated_text"]}

    def call(line: Row, number: int) -> Row:
        fresh = {name: texts.storable() for name in PLAIN["call"]}
        request = json.loads(line["request"])
        messages = [
            {"role": texts.one(), "content": " ".join(texts.many(12))}
            for _ in request.get("messages", [])
        ]
        asked = {
            "request": json.dumps(request | {"messages": messages, texts.one(): texts.one()}),
            "parsed": json.dumps({"items": [{"title": texts.one()} for _ in range(5)]}),
            "attempts": json.dumps([{"seconds": 1.0, "error": one} for one in texts.many(3)]),
            "response": " ".join(texts.storable() for _ in range(12)),
        }
        status = ("answered", "invalid", "failed", "unknown")[number % 4]
        return line | fresh | asked | {"key": f"k{number}", "status": status, "user": None}

    def run(line: Row, number: int) -> Row:
        fresh = {name: texts.storable() for name in PLAIN["run"]}
        return line | fresh | {"state": "failed", "started_at": line["started_at"] + number}

    _more(rows, "generated", size.items, item)
    _more(rows, "generated_text", size.items, words)
    _more(rows, "call", size.calls, call)
    first, newest = rows.execute("SELECT max(id) FROM run").fetchone()[0], size.runs
    _more(rows, "run", size.runs, run)
    for table in ("metric", "run_stage"):
        columns = [column[1] for column in rows.execute(f"PRAGMA table_info({table})")]
        others = ", ".join(name for name in columns if name != "run")
        for number in range(first + 1, newest + 1):
            rows.execute(
                f"INSERT INTO {table} (run, {others}) SELECT {number}, {others} FROM {table} "
                f"WHERE run = {first}"
            )
    rows.executemany(
        "INSERT INTO event (run, at, kind, body) VALUES (?, ?, ?, ?)",
        ((newest, time.time(), kind, body) for kind, body in _events(texts, size.events)),
    )


def _more(
    rows: sqlite3.Connection, table: str, count: int, changed: Callable[[Row, int], Row]
) -> None:
    """Copies of the rows there are, each changed, until there are ``count``."""
    known = [dict(line) for line in rows.execute(f"SELECT * FROM {table} ORDER BY id")]
    last = known[-1]["id"]
    names = list(known[0])
    rows.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        (
            tuple((changed(known[number % len(known)], number) | {"id": last + extra}).values())
            for extra, number in enumerate(range(len(known), count), 1)
        ),
    )


def _events(texts: Texts, count: int) -> Iterator[tuple[str, str]]:
    for number in range(count):
        body: Row = {"fingerprint": "f", "step": "generate", "text": texts.one()}
        kind = ("Noted", "StageAdvanced", "StageFailed", "StageStarted")[number % 4]
        more = {"done": number, "total": count, "unit": texts.one(), "spent": 0.0}
        body |= more | {"note": texts.one(), "reason": texts.one(), "name": texts.one()}
        yield kind, json.dumps(body)


def _decide(project: Project, texts: Texts) -> None:
    for number in range(1, 7):
        note = texts.storable(lines=False)
        decide(project, ("accept", "reject")[number % 2], [number], by=texts.storable(), note=note)
    for number in range(7, 12):
        words = {"title": texts.storable(lines=False), "categories": [texts.storable(lines=False)]}
        edit(project, number, words, by=texts.storable())


def _curves(project: Project, texts: Texts, run: int) -> None:
    recorder = Recorder(project.folder / "runs" / str(run))
    names = [texts.storable(most=2) for _ in range(24)]
    recorder.write(
        [
            (time.time() + epoch, Point("pretrain", 42, epoch, 1, name, 1.0 / epoch))
            for name in ("total", "ndcg@10", *names)
            for epoch in range(1, 9)
        ]
    )
    recorder.close()


def _neighbours(home: Home, folder: Path, texts: Texts, count: int) -> None:
    """Other projects, of which a list shows the data set's name and the last run's."""
    source = home.folder / "z0"
    home.create(source.name).close()
    with closing(sqlite3.connect(f"file:{folder / 'project.db'}?mode=ro", uri=True)) as found:
        data = found.execute("SELECT * FROM dataset").fetchone()
        run = found.execute("SELECT * FROM run ORDER BY id LIMIT 1").fetchone()
    with closing(sqlite3.connect(source / "project.db")) as rows:
        for table, line in (("dataset", data), ("run", run)):
            rows.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(line))})", line)
        rows.commit()
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for number in range(count):
        other = home.folder / f"z{number}"
        if number:
            shutil.copytree(source, other)
        with closing(sqlite3.connect(other / "project.db")) as rows:
            rows.execute("UPDATE dataset SET name = ?", (texts.storable(),))
            rows.execute("UPDATE run SET label = ?, state = 'failed'", (texts.storable(),))
            rows.commit()
