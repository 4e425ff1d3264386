"""Two thousand users and services in which every fault strikes five times in a hundred.

The real pipeline up to the profiles, as ``edt run --until profile`` goes: import of the built-in
shop, item vectors, generation, filter, insertion, profiles and their vectors. Every fault that does
not end a run by design (``tests/support/llm_service.py`` lists them), those of vectors and answers
that only repeat the samples included, each on its own draw, in production's settings: back-off in
seconds, 64 in flight. Every user ends as done or as listed with a reason; the next runs ask for the
failed alone; no answer that was delivered is ever asked for again.

    python benchmarks/llm_faults.py
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from edt_core.actions.failures import failed_calls
from edt_core.actions.running import run_variant
from edt_core.errors import LlmError
from edt_core.events import silence
from edt_core.store.calls import call, calls
from edt_core.store.project import Project

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from accounts import account
from llm_service import (
    BROKEN,
    EVERY,
    REFUSED,
    SAMPLES,
    UNUSABLE,
    VECTOR_FAULTS,
    LlmService,
    serving,
)
from paid_shop import paid_shop


def one_run(project: Project) -> str:
    """Run up to the profiles; why it ended early, or nothing."""
    try:
        run_variant(project, until="profile", seeds=[42], sink=silence, check=lambda: None)
    except LlmError as error:
        return error.message
    return ""


def kind(fault: str) -> str:
    """What the fault does."""
    if fault in REFUSED:
        return "turned away, tried again"
    if fault in BROKEN:
        return "no answer, tried again"
    if fault in (*UNUSABLE, SAMPLES):
        return "paid, of no use: repaired or failed"
    if fault == "shuffled":
        return "vectors in another order: put in theirs"
    if fault in VECTOR_FAULTS:
        return "vectors of no use: asked for again"
    return "odd and good: used as it is"


def main() -> None:
    """The table by fault, and what became of the users."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--chance", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args()
    service = LlmService(dict.fromkeys(EVERY, chosen.chance), seconds=0.1, seed=chosen.seed)
    settings = {
        "llm.concurrency": 64,
        "llm.timeout": 30.0,
        "embedding.provider": "openai",
        "embedding.model": "vectors",
        "embedding.timeout": 30.0,
    }
    with tempfile.TemporaryDirectory(prefix="edt-faults-") as folder, serving(service):
        settings["embedding.base_url"] = service.url
        with paid_shop(Path(folder), service, settings, users=chosen.users) as project:
            told = rounds(service, project)
            on_record = [call(project, line.id) for line in calls(project, limit=10**6)]
    attempts = sum(len(text.attempts) for text in on_record)
    unknown = sum(text.line.status == "unknown" for text in on_record)
    print(f"answers delivered and asked for again: {service.paid_twice}")
    print(f"attempts on record {attempts:,}, requests at the service {service.requests:,}")
    print(f"calls whose end nobody knows: {unknown}")
    print("\nfault | requests | what it does\n---|---|---")
    for fault in ("none", *EVERY):
        print(f"{fault} | {service.struck[fault]:,} | {'' if fault == 'none' else kind(fault)}")
    print("\nreasons of the failed after the first run that came to its end")
    for reason, count in told.most_common():
        print(f"  {count:4} {reason}")


def rounds(service: LlmService, project: Project) -> Counter[str]:
    """Run until nothing is left; the reasons of what failed first."""
    reasons: Counter[str] = Counter()
    for number in range(1, 100):
        started, before = time.monotonic(), service.requests
        early = one_run(project)
        sent, took = service.requests - before, time.monotonic() - started
        if early:
            print(f"run {number}: {sent:,} requests, {took:.0f} s, ended by: {early}")
            continue
        found = account(project)
        print(
            f"run {number}: {sent:,} requests, {took:.0f} s; of {found.questions:,} generations"
            f" {found.done:,} done, {len(found.failed):,} failed with a reason, {found.lost} lost;"
            f" of {found.users:,} profiles {found.profiles:,} done,"
            f" {len(found.profiles_failed):,} failed with a reason;"
            f" {found.among_samples} items among their samples"
        )
        left = calls(project, ids=failed_calls(project), limit=10**6)
        reasons = reasons or Counter(line.reason.split(":")[0] for line in left)
        if not left:
            break
    return reasons


if __name__ == "__main__":
    main()
