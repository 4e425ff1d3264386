"""``edt calls again`` as a user types it, against a service on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_service import LlmService, serving
from paid_shop import paid_shop
from shell import Shell

PRICED = {"llm.price_input": 1.0, "llm.price_output": 4.0}


@pytest.fixture
def service() -> Iterator[LlmService]:
    with serving(LlmService()) as running:
        yield running


def test_a_call_is_asked_again_and_the_next_run_makes_its_stage_anew(
    tmp_path: Path, service: LlmService
):
    paid_shop(tmp_path, service, PRICED, users=20).close()
    edt = Shell(tmp_path / "home", {"EDT_PROJECT": "small", "EDT_LLM_KEY": "sk-canary"})
    until = ("run", "--until", "generate")
    assert edt(*until).status == 0
    asked = service.requests
    told = edt("calls", "again", 3)
    assert told.status == 0, told.err
    assert told.out.splitlines() == [
        "call 3       $0.001260",
        f"call {asked + 1:<8}$0.001260, the answer from now on",
    ]
    assert "generate is stale until the next run" in told.err
    found = edt("calls", "again", 3, "--max-cost", 1, "--json").document()
    assert (found["call"], found["before"]["call"]) == (asked + 2, 3)
    assert service.requests == asked + 2
    assert "1 answer was asked for again since" in edt("status").out
    assert "1 stages computed" in edt(*until).err
    assert service.requests == asked + 2
    service.faults = {"refusal": 1.0}
    refused = edt("calls", "again", 3, "--json")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("edt: No usable answer came: The model refuses to answer.")
    assert f"edt calls show {asked + 3}" in refused.err
    assert edt("calls", "again", 3, "--max-cost", 0).status == 3
    assert service.requests == asked + 3
