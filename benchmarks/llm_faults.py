"""Two thousand users and a service in which every fault strikes five times in a hundred.

All faults that do not end a run by design (``tests/support/llm_service.py`` lists them) at once,
each on its own draw, in production's settings: back-off in seconds, 64 in flight. Every user ends
as answered or as failed with a reason; a rerun asks for the failed alone; no answer that was
delivered is ever asked for again.

    python benchmarks/llm_faults.py
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from edt_core.llm.openai_chat import service_model
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Question, Refusal
from edt_core.service_settings import LlmSettings
from edt_core.store.calls import call, calls
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from llm_service import BROKEN, PASSING, REFUSED, UNUSABLE, LlmService, serving


def questions(users: int) -> list[Question]:
    """One for each user."""
    return [
        Question("generate", "generate", None, "You write items.", f"User {n}", GeneratedItems)
        for n in range(users)
    ]


def one_run(service: LlmService, project: Project, users: int) -> list[Refusal]:
    """Ask for every user; those that failed."""
    settings = LlmSettings(
        provider="openai", model="m", base_url=service.url, timeout=30.0, concurrency=64
    )
    model = service_model(settings, CallLedger(project.database))
    answers = list(model.ask(questions(users)))
    assert len(answers) == users
    return [answer for answer in answers if isinstance(answer, Refusal)]


def kind(fault: str) -> str:
    """What the fault does."""
    if fault in REFUSED:
        return "turned away, tried again"
    if fault in BROKEN:
        return "no answer, tried again"
    if fault in UNUSABLE:
        return "paid, of no use: repaired or failed"
    return "odd and good: used as it is"


def main() -> None:
    """The table by fault, and what became of the users."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--chance", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args()
    service = LlmService(dict.fromkeys(PASSING, chosen.chance), seconds=0.1, seed=chosen.seed)
    with (
        tempfile.TemporaryDirectory(prefix="edt-faults-") as folder,
        Home(Path(folder)).create("paid") as project,
        serving(service),
    ):
        left = chosen.users
        for number in range(1, 20):
            started, before = time.monotonic(), service.requests
            refused = one_run(service, project, chosen.users)
            print(
                f"run {number}: {left:,} users to ask, {left - len(refused):,} answered,"
                f" {len(refused):,} failed with a reason, {service.requests - before:,} requests,"
                f" {time.monotonic() - started:.0f} s"
            )
            if number == 1:
                reasons = Counter(answer.reason.split(":")[0] for answer in refused)
                struck = service.struck.copy()
            left = len(refused)
            if not left:
                break
        on_record = [call(project, line.id) for line in calls(project, limit=10**6)]
    attempts = sum(len(text.attempts) for text in on_record)
    unknown = sum(text.line.status == "unknown" for text in on_record)
    print(f"answers delivered and asked for again: {service.paid_twice}")
    print(f"attempts on record {attempts:,}, requests at the service {service.requests:,}")
    print(f"calls whose end nobody knows: {unknown}")
    print("\nfault in run 1 | requests | what it does\n---|---|---")
    for fault in ("none", *PASSING):
        print(f"{fault} | {struck[fault]:,} | {'' if fault == 'none' else kind(fault)}")
    print("\nreasons of the failed of run 1")
    for reason, count in reasons.most_common():
        print(f"  {count:4} {reason}")


if __name__ == "__main__":
    main()
