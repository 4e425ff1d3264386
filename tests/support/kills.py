"""Runs against a paid service that are killed at random moments, and what that cost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

SUPPORT = Path(__file__).parent
KEY = "sk-canary-9f8e7d6c5b"
CONCURRENCY = 8
SECONDS = 0.05
"""Of one answer."""


@dataclass(frozen=True)
class Cost:
    """What the kills cost."""

    kills: int
    questions: int
    delivered: int
    """Answers that the service gave out, whether or not anybody was left to hear them."""
    repeated: int
    """Requests beyond one a question."""
    unknown: int
    """Calls on record whose end nobody knows."""
    bought_again: int
    """Stored answers that were asked for again."""
    same: bool
    """The store holds the answers that an undisturbed run leaves."""
    leaks: int
    """Files that hold the service's key."""
    seconds: float


@contextmanager
def service(seconds: float) -> Iterator[str]:
    """The base URL of a loopback service in a process of its own."""
    command = [sys.executable, str(SUPPORT / "llm_service.py"), str(seconds), "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def told(url: str) -> dict[str, int]:
    """What the service counted."""
    with urllib.request.urlopen(url.removesuffix("/v1"), timeout=10) as answer:
        counts: dict[str, int] = json.loads(answer.read())
    return counts


class Askers:
    """Starts processes that ask all questions of a project that its store does not answer."""

    def __init__(self, mode: str = "live") -> None:
        self.mode = mode
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EDT_", "OPENAI_"))}
        self.maker = subprocess.Popen(
            [sys.executable, str(SUPPORT / "paid_asker.py")],
            env={**kept, "EDT_LLM_KEY": KEY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, home: Path, url: str, questions: int) -> int:
        """The new process's number."""
        assert self.maker.stdin
        self.maker.stdin.write(f"{home} {url} {questions} {self.mode}\n")
        self.maker.stdin.flush()
        return self._number()

    def ended(self) -> int:
        """Wait for it; what it ended with, negative for a signal."""
        return self._number()

    def run(self, home: Path, url: str, questions: int) -> int:
        """Start and wait."""
        self.start(home, url, questions)
        return self.ended()

    def close(self) -> None:
        """No more."""
        assert self.maker.stdin
        assert self.maker.stdout
        self.maker.stdin.close()
        self.maker.wait()
        self.maker.stdout.close()

    def _number(self) -> int:
        assert self.maker.stdout
        return int(self.maker.stdout.readline())


def answers(home: Path) -> dict[str, str]:
    """Stored answers by the key of their question; each key has exactly one."""
    from edt_core.store.home import Home

    with Home(home).open("paid") as project, project.database.read() as session:
        rows = list(
            session.connection().exec_driver_sql(
                "SELECT key, parsed FROM call WHERE status = 'answered'"
            )
        )
    assert len({key for key, _ in rows}) == len(rows)
    return dict(rows)


def killed(folder: Path, kills: int, questions: int, *, seed: int, longest: float) -> Cost:
    """Kill a run ``kills`` times, at random moments up to ``longest`` s after its first request."""
    from edt_core.store.calls import calls
    from edt_core.store.home import Home

    rng = random.Random(seed)
    started = time.monotonic()
    with closing(Askers()) as askers:
        with service(SECONDS) as url:
            assert askers.run(folder / "calm", url, questions) == 0
        calm = answers(folder / "calm")
        home = folder / "killed"
        with service(SECONDS) as url:
            for done in range(kills):
                before = told(url)["requests"]
                number = askers.start(home, url, questions)
                while told(url)["requests"] == before:
                    time.sleep(0.02)
                time.sleep(rng.uniform(0.0, longest))
                os.kill(number, signal.SIGKILL)
                if askers.ended() != -signal.SIGKILL:
                    raise SystemExit(f"All was asked after {done} kills: ask more questions.")
            assert askers.run(home, url, questions) == 0
            counts = told(url)
            assert askers.run(home, url, questions) == 0
            bought_again = told(url)["requests"] - counts["requests"]
    with Home(home).open("paid") as project:
        unknown = len(calls(project, status="unknown", limit=10**6))
    return Cost(
        kills=kills,
        questions=questions,
        delivered=counts["delivered"],
        repeated=counts["requests"] - questions,
        unknown=unknown,
        bought_again=bought_again,
        same=answers(home) == calm,
        leaks=sum(
            KEY.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file()
        ),
        seconds=time.monotonic() - started,
    )
