"""A run against a paid service: what was answered is never bought again, whatever kills the run."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from shell import Shell, prepare

CONCURRENCY = 4
KEY = "sk-canary-0123456789"


class Service(ThreadingHTTPServer):
    """An OpenAI-compatible chat service on loopback that counts what it is asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Answers every chat with two new items, after a moment."""

    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][-1]["content"]
        with self.server.lock:
            self.server.asked[prompt] += 1
            number = len(self.server.asked)
        time.sleep(0.05)
        items = [{"title": f"Thing {number}-{i}", "brand": "", "date": "", "price": "",
                  "categories": [], "description": ""} for i in range(2)]  # fmt: skip
        answer = {
            "id": "x", "object": "chat.completion", "created": 0, "model": "tiny",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {
                "role": "assistant", "content": json.dumps({"items": items})}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }  # fmt: skip
        payload = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_run_killed_while_it_generates_buys_no_stored_answer_again(
    edt: Shell, shop: list[str], service: Service
):
    prepare(edt, shop)
    for key, value in {
        "llm.provider": "openai",
        "llm.model": "tiny",
        "llm.base_url": f"http://127.0.0.1:{service.server_port}/v1",
        "llm.concurrency": CONCURRENCY,
    }.items():
        assert edt("config", "--project", "small", "set", key, value).status == 0
    paid = Shell(edt.home, {"EDT_LLM_KEY": KEY})
    kills = 3
    for kill in range(1, kills + 1):
        process = paid.start("run", "--project", "small", "--until", "generate")
        deadline = time.monotonic() + 60
        while sum(service.asked.values()) < 12 * kill and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait()
    done = paid("run", "--project", "small", "--until", "generate")
    assert done.status == 0, done.err
    asked = sum(service.asked.values())
    assert len(service.asked) <= asked <= len(service.asked) + kills * CONCURRENCY
    answered = paid("calls", "--project", "small", "--limit", 9999, "--json").document()
    assert sum(call["status"] == "answered" for call in answered) == len(service.asked)
    assert asked - len(service.asked) <= sum(call["status"] == "unknown" for call in answered)
    assert paid("run", "--project", "small", "--until", "generate").status == 0
    assert sum(service.asked.values()) == asked
    for path in edt.home.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_a_cost_cap_for_a_model_without_a_price_is_refused_before_anything_is_sent(
    edt: Shell, shop: list[str], service: Service
):
    prepare(edt, shop)
    where = f"http://127.0.0.1:{service.server_port}/v1"
    told = Shell(edt.home, {"EDT_LLM_KEY": KEY})(
        "run", "--project", "small", "--until", "generate", "--max-cost", 1,
        "--set", "llm.provider=openai", "--set", "llm.model=tiny", "--set", f"llm.base_url={where}",
    )  # fmt: skip
    assert told.status == 2
    assert "price" in told.err
    assert not service.asked
