"""What an estimate says before a run, beside what the run then asks, counts and costs."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from edt_core.actions.configuring import change
from edt_core.actions.estimating import Estimate, estimate
from edt_core.actions.importing import import_dataset
from edt_core.actions.running import run_variant
from edt_core.data.importing import DomainFiles
from edt_core.data.shop import make_shop, write_shop
from edt_core.errors import BudgetReached
from edt_core.events import silence
from edt_core.store.calls import spend
from edt_core.store.home import Home
from edt_core.store.project import Project

LETTERS_PER_TOKEN = 4.4
CHATS = ("summaries", "notes", "analyses")


class Vendor(ThreadingHTTPServer):
    """Sells answers and vectors on loopback; a token is so many letters of a message."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = {"chat": 0, "embeddings": 0}


class Handler(BaseHTTPRequestHandler):
    """Writes new items, and texts of the length that the prompts ask for."""

    protocol_version = "HTTP/1.1"
    server: Vendor

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        kind = "embeddings" if self.path.endswith("/embeddings") else "chat"
        self.server.asked[kind] += 1
        answer = self.vectors(body) if kind == "embeddings" else self.text(body)
        payload = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def text(self, body):
        sent = "".join(message["content"] for message in body["messages"])
        number = int(hashlib.sha256(sent.encode()).hexdigest()[:6], 16)
        text = f"I like {number} fine things for the kitchen and the mountains. " * 5
        if "response_format" in body:
            item = {"brand": "Any", "date": "2016-01-01", "price": "9.99", "categories": ["Home"]}
            items = [
                item | {"title": f"Thing {number} of kind {n}", "description": "Made well. " * 20}
                for n in range(5)
            ]
            text = json.dumps({"items": items})
        message = {"role": "assistant", "content": text}
        usage = {
            "prompt_tokens": round(len(sent) / LETTERS_PER_TOKEN),
            "completion_tokens": round(len(text) / LETTERS_PER_TOKEN),
        }
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return {"model": body["model"], "choices": choices, "usage": usage}

    def vectors(self, body):
        entries = []
        for number, text in enumerate(body["input"]):
            seed = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
            vector = np.random.default_rng(seed).normal(size=8).astype("<f4")
            entries.append({"index": number, "embedding": base64.b64encode(vector).decode()})
        tokens = round(sum(map(len, body["input"])) / LETTERS_PER_TOKEN)
        return {"data": entries, "usage": {"prompt_tokens": tokens}}

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def project(tmp_path, vendor) -> Iterator[Project]:
    paths = write_shop(make_shop(n_users=60), tmp_path)
    address = f"http://127.0.0.1:{vendor.server_port}/v1"
    with Home(tmp_path / "home").create("small") as made:
        domains = (
            DomainFiles("outdoor", paths[0], paths[1]),
            DomainFiles("kitchen", paths[2], paths[3]),
        )
        import_dataset(made, domains=domains, layout="csv", recipe="none", sink=silence)
        settings = {
            "llm.provider": "openai",
            "llm.model": "tiny",
            "llm.base_url": address,
            "llm.price_input": 1.0,
            "llm.price_output": 2.0,
            "embedding.provider": "openai",
            "embedding.model": "vectors",
            "embedding.base_url": address,
            "embedding.price_input": 0.1,
            "noise_filter.threshold_kind": "percentile",
            "noise_filter.threshold": 0.5,
        }
        change(made, settings)
        yield made


def run(project: Project, until: str, **options: object) -> None:
    run_variant(project, until=until, device="cpu", sink=silence, check=lambda: None, **options)


def lines(found: Estimate):
    return {line.what: line for line in found.lines}


def test_a_run_costs_at_most_what_was_estimated_and_then_about_that(
    project: Project, vendor: Vendor
):
    before = estimate(project)
    assert vendor.asked == {"chat": 0, "embeddings": 0}  # nothing is sent
    assert lines(before)["item texts"].exact
    assert not lines(before)["generations"].exact
    assert before.seconds is None
    run(project, "insert")
    spent = {line.step: line for line in spend(project)}
    guessed = lines(before)["generations"]
    assert guessed.prompt_tokens == pytest.approx(spent["generate"].prompt_tokens, rel=0.2)
    assert guessed.cost == pytest.approx(spent["generate"].cost, rel=0.2)
    assert guessed.calls == spent["generate"].answered
    halfway = estimate(project)
    assert lines(halfway)["summaries"].exact
    asked = vendor.asked["chat"]
    run(project, "profile")
    cost = sum(line.cost for line in spend(project))
    left = cost - sum(line.cost for line in spent.values())
    told = lines(halfway)
    assert sum(told[kind].calls for kind in CHATS) == vendor.asked["chat"] - asked
    assert halfway.cost == pytest.approx(left, rel=0.2)
    assert cost <= before.cost <= 2 * cost
    after = estimate(project)
    assert [line.calls for line in after.lines] == [0] * len(after.lines)
    assert (after.cost, after.seconds) == (0.0, 0.0)


def test_what_the_ledger_knows_is_not_outstanding(project: Project, vendor: Vendor):
    change(project, {"llm.concurrency": 1})
    run(project, "embed")
    with pytest.raises(BudgetReached):
        run(project, "generate", max_cost=0.03)
    (generated,) = [line for line in spend(project) if line.step == "generate"]
    assert 0.015 < generated.cost <= 0.03
    left = lines(estimate(project))["generations"]
    assert left.exact
    assert left.basis == f"{generated.answered} calls measured"
    asked = vendor.asked["chat"]
    run(project, "generate")
    assert vendor.asked["chat"] - asked == left.calls
    (done,) = [line for line in spend(project) if line.step == "generate"]
    assert left.cost == pytest.approx(done.cost - generated.cost, rel=0.1)
    assert left.seconds > 0.0


def test_the_cap_stops_embeddings_before_the_request_that_would_pass_it(
    project: Project, vendor: Vendor
):
    change(project, {"embedding.batch_size": 4})
    with pytest.raises(BudgetReached):
        run(project, "embed", max_cost=0.001)
    (line,) = spend(project)
    assert 0.0 < line.cost <= 0.001
    asked = vendor.asked["embeddings"]
    assert asked == line.answered
    left = lines(estimate(project))["item texts"].calls
    run(project, "embed")
    assert vendor.asked["embeddings"] - asked == left  # what was bought is kept


def test_batches_are_estimated_at_their_price_and_their_time(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    table = tmp_path / "edt" / "prices.toml"
    table.parent.mkdir()
    table.write_text(
        'currency = "USD"\n[[prices]]\nhost = "127.0.0.1"\nmodels = ["tiny"]\ninput = 1.0\n'
        "output = 2.0\nbatch_discount = 0.5\n"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    change(project, {"llm.price_input": "none", "llm.price_output": "none", "llm.concurrency": 1})
    run(project, "embed")
    with pytest.raises(BudgetReached):
        run(project, "generate", max_cost=0.03)
    live = lines(estimate(project))["generations"]
    assert live.seconds > 0.0
    change(project, {"llm.mode": "batch"})
    batch = lines(estimate(project))["generations"]
    assert batch.calls == live.calls > 0
    assert batch.cost == pytest.approx(live.cost / 2)
    assert batch.basis == f"{live.basis}, in batches"
    assert batch.seconds is None  # no batch was measured
