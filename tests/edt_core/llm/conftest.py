"""A ledger in memory and a small HTTP server on loopback that answers as badly as it is told to."""

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from edt_core.llm.ledger import Call, StoredCall


@dataclass
class MemoryLedger:
    """Keeps calls in a dict; counts transactions. One thread may ask while another writes."""

    calls: dict[int, Call] = field(default_factory=dict)
    transactions: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def find(self, keys):
        wanted = set(keys)
        with self.lock:
            return {
                call.key: StoredCall(number, call.response)
                for number, call in self.calls.items()
                if call.key in wanted and call.status == "answered"
            }

    def record(self, calls):
        with self.lock:
            self.transactions += 1
            first = len(self.calls) + 1
            self.calls.update(enumerate(calls, start=first))
            return list(range(first, first + len(calls)))

    def write(self, begun, ended):
        with self.lock:
            numbers = self.record(begun)
            self.calls.update(ended)
            return numbers

    def statuses(self):
        with self.lock:
            return [call.status for call in self.calls.values()]


@pytest.fixture
def ledger():
    return MemoryLedger()


@dataclass
class Response:
    """What the server sends; ``fault`` names what it does instead."""

    body: bytes | str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass
class FaultServer:
    """An OpenAI-compatible server; ``answer`` says what to do with the n-th request (from 0)."""

    answer: Callable[[int, dict], Response] = lambda number, body: Response(chat("fine"))
    requests: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    models: Response = field(default_factory=lambda: Response("{}", 404))
    """What it says of its models."""
    in_flight: int = 0
    most_in_flight: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)


def chat(text, *, finish="stop", prompt_tokens=11, completion_tokens=7, model="loopback-1"):
    """A chat completion's body."""
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "model": model,
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            },
        }
    )


def _handler(server: FaultServer):  # noqa: C901  (one server in one piece)
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                number = len(server.requests)
                server.requests.append(body)
                server.paths.append(self.path)
                server.headers.append({k.lower(): v for k, v in self.headers.items()})
                server.in_flight += 1
                server.most_in_flight = max(server.most_in_flight, server.in_flight)
            try:
                self.send(server.answer(number, body))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with server.lock:
                    server.in_flight -= 1

        def do_GET(self):
            self.send(server.models)

        def send(self, response: Response):
            body = response.body.encode() if isinstance(response.body, str) else response.body
            if response.fault == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            if response.fault == "trickle":  # blank keep-alive bytes, as some vendors send
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                while not server.stopped.wait(0.05):
                    self.wfile.write(b" ")
                return
            length = len(body) + (100 if response.fault == "cut" else 0)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            if response.fault == "cut":
                self.close_connection = True

        def log_message(self, *args):
            """Say nothing."""

    return Handler


@pytest.fixture
def server(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("EDT_", "OPENAI_", "AZURE_"))]:
        monkeypatch.delenv(name, raising=False)
    told = FaultServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    told.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    told.stopped.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def slowly():
    """Makes an answer take some time."""

    def slow(response: Response, seconds: float) -> Response:
        time.sleep(seconds)
        return response

    return slow


@pytest.fixture
def response():
    return Response


@pytest.fixture(name="chat")
def chat_body():
    return chat
