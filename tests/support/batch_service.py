"""The files and batches of the loopback service, which can go wrong in every way that real ones do.

What it answers depends on a request's content alone, as for single calls. It counts what it ran: a
request whose good answer was made must never be run again. ``holds`` names a moment at which it
falls silent, once, so that a test can kill the client there.
"""

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from llm_service import BROKEN, REFUSED, UNUSABLE, completion, content_of, send

MOMENTS = ("upload", "before-create", "create", "look", "content")
"""Where it can fall silent: the upload has come; a batch is asked for, not made; made, not told of;
looked at; half a file of results is out."""

SPOILT = ("no-json", "unknown-ids", "twice", "bytes", "huge", "lists")
"""Lines that it puts between the good ones."""

_ENDED = {"completed", "expired", "cancelled", "failed"}


@dataclass
class Batches:
    """What the service does with files of requests."""

    seconds: float = 0.0
    """Until a batch ends."""
    ends: Callable[[int], str] = lambda number: "completed"
    """How the n-th batch ends: a status, or ``failed`` for one that is refused."""
    share: float = 1.0
    """Of a batch's requests, as many have an answer; the others stand in the file of failures."""
    failures: Sequence[str] = ("500",)
    """How those failed, in turn: a status, ``expired``, or ``none`` for no line at all."""
    faults: Mapping[str, float] = field(default_factory=dict)
    """Probability of each fault of an answer."""
    spoilt: Sequence[str] = ()
    shuffled: bool = True
    enqueued: int = 10**9
    """Requests that may wait at a time."""
    silent: int = 0
    """So many batches are made without a word to who asked for them."""
    unlisted: float = 0.0
    """Seconds until the list shows a batch."""
    broken: int = 0
    """So many answers to a look, and so many files, break off."""
    reading: int = 0
    """So many looks at a file find it still being read, as Azure does before it takes a batch."""
    status: int = 0
    """What every request is answered with instead."""
    holds: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    files: dict[str, bytes] = field(default_factory=dict)
    made: list[dict] = field(default_factory=list)
    """Every batch, oldest first."""
    ran: Counter[str] = field(default_factory=Counter)
    """Requests that were run, by content."""
    good: Counter[str] = field(default_factory=Counter)
    """Usable answers that were made, by content."""
    seen: Counter[str] = field(default_factory=Counter)
    """Requests by kind: ``upload``, ``create``, ``look``, ``list``, ``content``."""

    @property
    def bought_twice(self) -> int:
        """Runs for an answer that had been made."""
        return sum(self.good.values()) - len(self.good)

    async def serve(
        self, writer: asyncio.StreamWriter, method: str, target: str, body: bytes
    ) -> None:
        """One request."""
        url = urlsplit(target)
        path = "/" + url.path.split("/", 2)[2]  # behind /v1, or Azure's /openai
        if self.status:
            await send(writer, b'{"error": {"message": "no"}}', self.status)
        elif method == "POST" and path == "/files":
            await self._upload(writer, body)
        elif method == "POST" and path == "/batches":
            await self._create(writer, json.loads(body))
        elif path == "/batches":
            await self._list(writer, parse_qs(url.query))
        elif path.endswith("/content"):
            await self._content(writer, path.split("/")[2])
        elif path.startswith("/files/"):
            await self._file(writer, path.split("/")[2])
        else:
            await self._look(writer, path.split("/")[2])

    async def _hold(self, moment: str) -> None:
        if self.holds == moment:
            self.holds = ""
            self.held.set()
            await asyncio.sleep(60)

    async def _upload(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        self.seen["upload"] += 1
        await self._hold("upload")
        name = f"file-{len(self.files)}"
        start = body.index(b"\r\n\r\n", body.index(b"filename=")) + 4
        self.files[name] = body[start : body.index(b"\r\n--", start)]
        await self._file(writer, name)

    async def _file(self, writer: asyncio.StreamWriter, name: str) -> None:
        status = "pending" if self.reading else "processed"
        self.reading = max(0, self.reading - 1)
        await send(writer, json.dumps({"id": name, "status": status}).encode())

    async def _create(self, writer: asyncio.StreamWriter, asked: dict) -> None:
        self.seen["create"] += 1
        await self._hold("before-create")
        if self.reading:
            await send(writer, b'{"error": {"message": "The file is still read."}}', 400)
            return
        number = len(self.made)
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        assert all(line["url"] == asked["endpoint"] for line in lines)
        batch = {
            "id": f"batch-{number}",
            "object": "batch",
            "status": "in_progress",
            "created_at": int(time.time()),
            "at": time.monotonic(),
            "metadata": asked.get("metadata"),
            "input_file_id": asked["input_file_id"],
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "number": number,
        }
        waits = sum(made["request_counts"]["total"] for made in self.made if not _over(made))
        self.made.append(batch)
        if waits + len(lines) > self.enqueued:
            self._refuse(batch, "token_limit_exceeded", "Enqueued token limit reached.")
        await self._hold("create")
        if self.silent:
            self.silent -= 1
            writer.transport.abort()
            return
        await send(writer, json.dumps(batch).encode())

    def _refuse(self, batch: dict, code: str, message: str) -> None:
        error = {"code": code, "message": message, "line": 3, "param": None}
        batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}

    async def _list(self, writer: asyncio.StreamWriter, query: dict) -> None:
        self.seen["list"] += 1
        shown = [made for made in self.made if time.monotonic() >= made["at"] + self.unlisted][::-1]
        if after := query.get("after"):
            shown = shown[[made["id"] for made in shown].index(after[0]) + 1 :]
        limit = int(query["limit"][0])
        page = {"object": "list", "data": shown[:limit], "has_more": len(shown) > limit}
        await send(writer, json.dumps(page).encode())

    async def _look(self, writer: asyncio.StreamWriter, name: str) -> None:
        self.seen["look"] += 1
        await self._hold("look")
        if self.broken:
            self.broken -= 1
            await send(writer, b"<html>502</html>", 502)
            return
        found = [made for made in self.made if made["id"] == name]
        if not found:
            await send(writer, b'{"error": {"message": "No such batch."}}', 404)
            return
        (batch,) = found
        age = time.monotonic() - batch["at"]
        if not _over(batch) and age >= self.seconds:
            self._end(batch)
        elif not _over(batch):
            counts = batch["request_counts"]
            counts["completed"] = int(counts["total"] * age / self.seconds)
        await send(writer, json.dumps(batch).encode())

    def _end(self, batch: dict) -> None:
        """Run the requests of a batch and write its files."""
        status = self.ends(batch["number"])
        if status == "failed":
            self._refuse(batch, "invalid_json", "The file is not what it should be.")
            return
        rng = random.Random(batch["number"])
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        answered = round(self.share * len(lines)) if status == "completed" else len(lines) // 2
        failures = ["expired"] if status in {"expired", "cancelled"} else self.failures
        rows = [self._answered(line) for line in lines[:answered]]
        failed = [
            _failed(line, failures[n % len(failures)])
            for n, line in enumerate(lines[answered:])
            if failures[n % len(failures)] != "none"
        ]
        rows += [_spoilt(kind, rows) for kind in self.spoilt]
        if self.shuffled:
            rng.shuffle(rows)
        counts = {"total": len(lines), "completed": answered, "failed": len(lines) - answered}
        batch |= {"status": status, "request_counts": counts}
        for kind, written in (("output", rows), ("error", failed)):
            name = f"file-{len(self.files)}"
            self.files[name] = b"".join(row + b"\n" for row in written)
            batch[f"{kind}_file_id"] = name if written else None

    def _answered(self, line: dict) -> bytes:
        content = content_of(line["body"])
        self.ran[content] += 1
        rng = random.Random(f"{content} {self.ran[content]}")
        struck = [name for name, chance in self.faults.items() if rng.random() < chance]
        fault = rng.choice(struck) if struck else ""
        if fault in REFUSED:
            return _failed(line, fault)
        if fault not in UNUSABLE + BROKEN:
            self.good[content] += 1
        head = json.dumps({"id": "r", "custom_id": line["custom_id"], "error": None})[:-1]
        body = completion(content, fault)
        return head.encode() + b', "response": {"status_code": 200, "body": ' + body + b"}}"

    async def _content(self, writer: asyncio.StreamWriter, name: str) -> None:
        self.seen["content"] += 1
        if name not in self.files:
            await send(writer, b'{"error": {"message": "No such file."}}', 404)
            return
        body = self.files[name]
        half = self.holds == "content" or self.broken
        if not half:
            await send(writer, body)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body[: len(body) // 2])
        await writer.drain()
        if self.holds == "content":
            await self._hold("content")
        else:
            self.broken -= 1
        writer.close()


def _over(batch: dict) -> bool:
    return batch["status"] in _ENDED


def _failed(line: dict, how: str) -> bytes:
    told: dict = {"id": "r", "custom_id": line["custom_id"], "response": None, "error": None}
    if how == "expired":
        told["error"] = {"code": "batch_expired", "message": "It could not be run in time."}
    else:
        body = {"error": {"message": REFUSED[how][2] if how in REFUSED else "Bad request."}}
        status = REFUSED[how][0] if how in REFUSED else int(how)
        told["response"] = {"status_code": status, "body": body}
    return json.dumps(told).encode()


def _spoilt(kind: str, rows: Sequence[bytes]) -> bytes:
    """A line that does not belong among these."""
    first = rows[0]
    return {
        "no-json": b'{"custom_id": "edt-1", "respo',
        "unknown-ids": json.dumps({"custom_id": "edt-999999999", "response": 7}).encode()
        + b'\n{"custom_id": 5}\n{"custom_id": "edt--1"}\n{"custom_id": "edt-\xd9\xa1"}\n{}',
        "twice": first,
        "bytes": b"\xff\xfe\x00\x1b]52;c;eA==\x07",
        "huge": b'{"custom_id": "edt-1", "x": "' + b"a" * (5 * 2**20) + b'"}',
        "lists": b"[[[[]]]]\nnull\n1e999\n" + b"[" * 100_000,
    }[kind]
