"""``edt calls``: filters, pages, and all that is known of one call."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edt_app.cli import main
from edt_core.llm.ledger import Attempt, Call
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger

Edt = Callable[..., tuple[int, str, str]]
TRIES = (Attempt(0.5, "The service answers 500: no", 500), Attempt(0.7, status=200))


def call(key: str, status: str, **more: object) -> Call:
    request = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"Ask {key}"}]})
    return Call(key * 40, "generate", "generate", None, "openai", "m", request, status, **more)  # type: ignore[arg-type]


@pytest.fixture
def edt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Edt:
    with Home(tmp_path).create("small") as project:
        CallLedger(project.database).record(
            [
                call("a", "invalid", reason="No JSON.", response="Sure!"),
                call(
                    "a", "answered", repair=1, response="A kettle", model_answered="m-2026",
                    prompt_tokens=1900, cached_tokens=300, completion_tokens=90, cost=0.00125,
                    latency=1.25, attempts=TRIES,
                ),
                call("b", "failed", reason="The model refuses."),
                call("b", "invalid", reason="Still no JSON."),
                call("c", "answered", response="A lamp"),
            ]
        )  # fmt: skip

    def run(*words: object) -> tuple[int, str, str]:
        status = main(["--home", str(tmp_path), "calls", *map(str, words)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def ids(edt: Edt, *words: object) -> list[int]:
    status, out, _ = edt("--project", "small", *words, "--json")
    assert status == 0
    return [line["id"] for line in json.loads(out)]


def test_a_status_and_a_text_narrow_the_list(edt: Edt):
    assert ids(edt) == [5, 4, 3, 2, 1]
    assert ids(edt, "--failed") == [4, 3, 1]
    assert ids(edt, "--status", "answered") == [5, 2]
    assert ids(edt, "--status", "unanswered") == [4]  # the newest of what nobody answered since
    assert ids(edt, "--text", "kettle") == [2]
    assert ids(edt, "--text", "ask b", "--status", "failed") == [3]
    assert edt("--project", "small", "--status", "lost")[0] == 2
    assert edt("--project", "small", "--status", "failed", "--failed")[0] == 2


def test_pages_go_on_before_the_last_call_shown(edt: Edt):
    status, _, err = edt("--project", "small", "--limit", 2)
    assert status == 0
    assert "The next page: --before 4." in err
    assert ids(edt, "--limit", 2, "--before", 4) == [3, 2]
    assert "next page" not in edt("--project", "small", "--before", 2)[2]


def test_one_call_is_shown_with_what_it_took(edt: Edt):
    status, out, _ = edt("show", 2, "--project", "small")
    assert status == 0
    told = {line[:12].strip(): line[12:] for line in out.splitlines() if len(line) > 12}
    assert told["answered by"] == "m-2026"
    assert told["repair"].startswith("1 ")
    assert told["tokens"] == "1,900 in (300 of them cached), 90 out"
    assert told["cost"] == "$0.001250"
    assert told["latency"] == "1.25 s in 2 attempts"
    assert told["at"].startswith("20")
    assert "The service answers 500" in out
    assert "cost        not known" in edt("show", 1, "--project", "small")[1]
