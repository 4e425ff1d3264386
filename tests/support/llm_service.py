"""A language-model service on loopback that can fail in every way that real ones do.

A real HTTP/1.1 server (asyncio, in a thread or in a process of its own), spoken to by the real SDK.
Every fault has a probability of its own; whether it strikes depends on the seed, the request's
content and how often that was asked, so that a run can be repeated. What it answers depends on the
content alone. It counts by content: an answer that was delivered must never be asked for again.

    python tests/support/llm_service.py SECONDS SEED      (prints its port; GET / tells its counts)
"""

import asyncio
import base64
import hashlib
import json
import random
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ITEMS = 3
DRAFT = {"title": "A draft"}
"""An item that a model thinks of, and does not answer."""
DIMENSIONS = 8
HANG_SECONDS = 30.0

REFUSED = {
    "429": (429, {}, "slow down"),
    "429-retry-after": (429, {"Retry-After": "0.05"}, "slow down"),
    "500": (500, {}, "internal"),
    "503": (503, {}, "overloaded"),
    "401": (401, {}, "Incorrect API key provided"),
    "404": (404, {}, "The model does not exist"),
    "quota": (429, {}, "You exceeded your current quota"),
}
"""Faults that are an HTTP status: headers and message."""

BROKEN = ("reset", "reset-in-body", "hang", "html", "empty-body", "no-choices")
"""Faults after which there is no answer."""

UNUSABLE = ("length", "empty", "content-filter", "refusal", "wrong-types", "whitespace")
"""Answers that hold nothing to use, though they are paid."""

USABLE = (
    "fenced",
    "talk",
    "thinking",
    "list",
    "missing-keys",
    "extra-keys",
    "thousands",
    "duplicates",
    "escapes",
    "invalid-utf8",
    "no-usage",
)
"""Answers that are odd and good: asking again would be paying twice."""

PASSING = ("429", "429-retry-after", "500", "503", *BROKEN, *UNUSABLE, *USABLE)
"""All chat faults but those that end a run."""

VECTOR_FAULTS = ("wrong-dimension", "shuffled", "nan", "zero", "too-few")


@dataclass
class LlmService:
    """What the service does, and what it was asked."""

    faults: Mapping[str, float] = field(default_factory=dict)
    """Probability of each."""
    seconds: float = 0.0
    """Until an answer."""
    seed: int = 0
    batch_limit: int = 10**6
    """Texts that an embedding request may hold."""
    requests: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    """Requests by content."""
    answered: Counter[str] = field(default_factory=Counter)
    """Delivered answers that can be used, by content."""
    struck: Counter[str] = field(default_factory=Counter)
    """Requests by fault."""
    in_flight: int = 0
    url: str = ""
    batches: Any = None
    """Files and batches (``batch_service.Batches``); None: it has none."""

    @property
    def paid_twice(self) -> int:
        """Requests for an answer that had been delivered."""
        return sum(self.answered.values()) - len(self.answered)

    def counts(self) -> dict[str, object]:
        """For ``GET /``."""
        return {
            "requests": self.requests,
            "asked": len(self.asked),
            "answered": len(self.answered),
            "delivered": sum(self.answered.values()),
            "in_flight": self.in_flight,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        broken = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with suppress(*broken), closing(writer):
            while head := await _head(reader):
                method, path, length = head
                body = await reader.readexactly(length)
                if "/files" in path or "/batches" in path:
                    if self.batches is None:
                        await send(writer, b'{"error": {"message": "Not found."}}', 404)
                    else:
                        await self.batches.serve(writer, method, path, body)
                    continue
                if method == "GET":
                    await send(writer, json.dumps(self.counts()).encode())
                    continue
                self.in_flight += 1
                try:
                    await self._answer(writer, path, json.loads(body))
                finally:
                    self.in_flight -= 1

    async def _answer(self, writer: asyncio.StreamWriter, path: str, body: dict) -> None:
        content = content_of(body)
        self.requests += 1
        self.asked[content] += 1
        rng = random.Random(f"{self.seed} {content} {self.asked[content]}")
        fault = self._fault(rng)
        self.struck[fault or "none"] += 1
        if self.seconds:
            await asyncio.sleep(rng.uniform(0.5, 1.5) * self.seconds)
        if fault in REFUSED:
            status, headers, message = REFUSED[fault]
            code = "insufficient_quota" if fault == "quota" else None
            error = json.dumps({"error": {"message": message, "code": code}})
            return await send(writer, error.encode(), status, headers)
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
            writer.close()
            return None
        if fault == "reset":
            return _reset(writer)
        if path.endswith("/embeddings"):
            return await self._vectors(writer, body, content, fault)
        payload = completion(content, fault)
        if fault == "reset-in-body":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(payload) + 9))
            writer.write(payload[: len(payload) // 2])
            await writer.drain()
            return _reset(writer)
        await send(writer, payload)
        if not fault or fault in USABLE:
            self.answered[content] += 1
        return None

    def _fault(self, rng: random.Random) -> str:
        """Each strikes on its own; of several, any one."""
        struck = [name for name, chance in self.faults.items() if rng.random() < chance]
        return rng.choice(struck) if struck else ""

    async def _vectors(
        self, writer: asyncio.StreamWriter, body: dict, content: str, fault: str
    ) -> None:
        texts = body["input"]
        if len(texts) > self.batch_limit:
            error = json.dumps({"error": {"message": f"at most {self.batch_limit} inputs"}})
            return await send(writer, error.encode(), 400)
        vectors = [vector_of(text) for text in texts]
        order = list(range(len(texts)))
        if fault == "wrong-dimension":
            vectors = [vector[:-1] for vector in vectors]
        elif fault == "nan":
            vectors[-1] = vectors[-1] * np.nan
        elif fault == "zero":
            vectors[-1] = vectors[-1] * 0
        elif fault == "too-few":
            order.pop()
        elif fault == "shuffled":
            random.Random(content).shuffle(order)
        data = [
            {"object": "embedding", "index": n, "embedding": _packed(vectors[n], body)}
            for n in order
        ]
        usage = {"prompt_tokens": sum(map(len, texts)) // 4, "total_tokens": 0}
        told = {"object": "list", "model": "vectors-1", "data": data, "usage": usage}
        await send(writer, json.dumps(told).encode())
        if fault in ("", "shuffled", "nan", "zero"):
            spoilt = int(fault in ("nan", "zero"))  # the others are good, and paid
            for text in texts[: len(texts) - spoilt]:
                self.answered[f"text {text}"] += 1
        return None


def content_of(body: Mapping) -> str:
    """A request's content: all but the form in which the answer is asked for."""
    kept = {name: value for name, value in body.items() if name != "response_format"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:20]


def vector_of(text: str) -> np.ndarray:
    """The vector of a text: the same every time."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=DIMENSIONS).astype("<f4")


def items_of(content: str) -> list[dict]:
    """The items that answer a request of this content."""
    return [
        {
            "title": f"Thing {content[:8]} {n}",
            "brand": "Loop",
            "date": "2020",
            "price": f"{n}.99",
            "categories": ["Things"],
            "description": "A thing.",
        }
        for n in range(ITEMS)
    ]


def completion(content: str, fault: str = "") -> bytes:
    """The body of an answer, spoilt by ``fault``."""
    if fault == "html":
        return b"<html><body>502 Bad Gateway</body></html>"
    if fault == "empty-body":
        return b""
    message: dict = {"role": "assistant", "content": _text(items_of(content), fault)}
    finish = {"length": "length", "content-filter": "content_filter"}.get(fault, "stop")
    if fault == "refusal":
        message = {"role": "assistant", "content": None, "refusal": "I'd rather not."}
    told = {
        "id": content,
        "object": "chat.completion",
        "created": 0,
        "model": "loopback-1",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990},
    }
    if fault == "no-choices":
        told["choices"] = []
    if fault == "no-usage":
        del told["usage"]
    payload = json.dumps(told).encode()
    return (
        payload.replace(b"A thing.", b"A \xff\xfe thing.") if fault == "invalid-utf8" else payload
    )


def _text(items: list[dict], fault: str) -> str:
    whole = json.dumps({"items": items})
    first = items[0]
    spoilt: dict[str, Callable[[], str]] = {
        "length": lambda: '{"items": [{"title": "Thing',
        "empty": lambda: "",
        "content-filter": lambda: "",
        "wrong-types": lambda: json.dumps({"items": [{"title": {"a": 1}}, 7, None]}),
        "whitespace": lambda: "\n " * 2000,
        "fenced": lambda: f"```json\n{whole}\n```",
        "talk": lambda: f"Of course! Here are your [{len(items)}] items:\n{whole}\nEnjoy {{them}}.",
        "thinking": lambda: (
            f"<think>Perhaps {json.dumps({'items': [DRAFT]})}? No.</think>\n{whole}"
        ),
        "list": lambda: json.dumps(items),
        "missing-keys": lambda: json.dumps({"items": [{"title": item["title"]} for item in items]}),
        "extra-keys": lambda: json.dumps(
            {"items": [{**item, "colour": [1]} for item in items], "n": 3}
        ),
        "thousands": lambda: json.dumps(
            {"items": [{**first, "title": f"Thing {n}"} for n in range(5000)]}
        ),
        "duplicates": lambda: json.dumps({"items": [first] * 7 + items}),
        "escapes": lambda: json.dumps(
            {
                "items": [
                    {**first, "title": "\x1b]52;c;eA==\x07[bold red]x[/] [@click=app.quit]\x9b"}
                ]
            }
        ),
    }
    return spoilt[fault]() if fault in spoilt else whole


def _packed(vector: np.ndarray, body: Mapping) -> object:
    if body.get("encoding_format") == "base64":
        return base64.b64encode(vector.tobytes()).decode()
    return vector.tolist()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, int] | None:
    """Method, path and length of the next request; None at the connection's end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head.split(" ", 2)
    length = 0
    for line in head.lower().split("\r\n"):
        if line.startswith("content-length:"):
            length = int(line[15:])
    return method, path, length


async def send(
    writer: asyncio.StreamWriter,
    body: bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> None:
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection as a crashed server does."""
    connection = writer.get_extra_info("socket")
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@contextmanager
def serving(service: LlmService) -> Iterator[LlmService]:
    """Serve in a thread of this process; ``service.url`` is the base URL."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        server = await asyncio.start_server(service.serve, "127.0.0.1", 0, backlog=1024)
        service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()
        await stop.wait()
        server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.sleep(0.02)  # the transports say goodbye

    def run() -> None:
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(30)
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


if __name__ == "__main__":
    alone = LlmService(seconds=float(sys.argv[1]), seed=int(sys.argv[2]))

    async def _forever() -> None:
        server = await asyncio.start_server(alone.serve, "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(_forever())
