"""``edt doctor``: what it asks, what it says, and that it asks nothing when told so."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from shell import Shell

from edt_core.actions.configuring import change
from edt_core.store.home import Home

KEY = "sk-canary-doctor-77"


class Service(ThreadingHTTPServer):
    """A chat service on loopback that reads at most ``cuts_at`` words."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = 0
        self.cuts_at = 10**9


class Handler(BaseHTTPRequestHandler):
    """Names a colour."""

    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self):
        self.answer({"data": [{"id": "tiny\x1b[31m"}, {"id": "tiny"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        words = len(body["messages"][-1]["content"].split())
        message = {"role": "assistant", "content": '{"colour": "red"}'}
        tokens = min(words + 5, self.server.cuts_at)
        self.answer(
            {
                "model": "tiny",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": tokens, "completion_tokens": 5},
            }
        )

    def answer(self, document: object) -> None:
        payload = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def service(running: Service) -> Service:
    running.asked, running.cuts_at = 0, 10**9
    return running


@pytest.fixture(scope="module")
def paid(running: Service, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home whose project ``x`` names the service."""
    edt = Shell(tmp_path_factory.mktemp("doctor"), {"VLLM_API_KEY": KEY})
    with Home(edt.home).create("x") as project:
        address = f"http://127.0.0.1:{running.server_port}/v1"
        change(project, {"llm.provider": "vllm", "llm.model": "tiny", "llm.base_url": address})
    return edt


def test_doctor_asks_the_endpoint_and_says_what_it_can(paid: Shell, service: Service):
    told = paid("doctor", "--project", "x", "--json")
    assert told.status == 0, told.out
    findings = {line["what"]: line for line in told.document()}
    assert findings["chat key"]["detail"] == "from VLLM_API_KEY"
    assert findings["form of answers"]["detail"].startswith("JSON schema")
    assert findings["long prompts"]["state"] == "good"
    assert "your own machines" in findings["chat price"]["detail"]
    assert service.asked == 4
    assert "may cost money; --offline sends nothing" in told.err
    assert KEY not in told.out + told.err
    calls = paid("calls", "--project", "x", "--json").document()
    assert [call["cost"] for call in calls] == [0.0] * 4
    for path in paid.home.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_a_service_that_cuts_prompts_is_status_1(paid: Shell, service: Service):
    service.cuts_at = 4096
    told = paid("doctor", "--project", "x")
    assert told.status == 1
    assert "CUT without a word: 4,096 tokens counted" in told.out
    assert "\x1b" not in told.out


def test_offline_sends_nothing(paid: Shell, service: Service):
    told = paid("doctor", "--project", "x", "--offline")
    assert told.status == 0, told.out
    assert "from VLLM_API_KEY" in told.out
    assert paid("doctor").status == 0
    assert service.asked == 0
