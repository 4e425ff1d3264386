"""How quickly language-model calls go through, from question to stored answer.

Two measurements against a loopback server in a process of its own:

1. 10,000 calls of 1 s, 64 at a time, through all of EDT: rendering, ledger (two durable lines a
   call), the ``openai`` SDK, validation. Bar: 1.15 times the ideal.
2. The same with 512 in flight, beside the SDK as it comes (``AsyncOpenAI``, its default
   transport, no ledger, no validation), in turns. Bar: 8 times the SDK's calls per second.

    python benchmarks/llm_throughput.py
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from loopback_llm import loopback

from edt_core.config import LlmSettings
from edt_core.llm.openai_chat import service_model
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger

SYSTEM = "You write items for a shop. " + "The catalogue has kettles and lamps. " * 30
HISTORY = '{"title": "Steel kettle", "price": "29.90", "categories": ["Kitchen"]}\n' * 20


def questions(count: int) -> list[Question]:
    """Prompts of about the size of a real generation prompt, no two alike."""
    return [
        Question("generate", "generate", n, SYSTEM, f"{HISTORY}\nUser {n}", GeneratedItems)
        for n in range(count)
    ]


@contextmanager
def watched_memory() -> Iterator[list[float]]:
    """Resident MiB of this process, four times a second."""
    seen: list[float] = []
    done = threading.Event()
    process = psutil.Process()

    def watch() -> None:
        while not done.wait(0.25):
            seen.append(process.memory_info().rss / 2**20)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def through_edt(url: str, count: int, in_flight: int) -> tuple[float, float]:
    """Seconds for ``count`` calls into an empty project, and of them those of the processor."""
    settings = LlmSettings(provider="openai", model="m", base_url=url, concurrency=in_flight)
    with (
        tempfile.TemporaryDirectory(prefix="edt-bench-") as folder,
        Home(Path(folder)).create("bench") as project,
    ):
        model = service_model(settings, CallLedger(project.database))
        asked = questions(count)
        started, worked = time.perf_counter(), time.process_time()
        good = sum(isinstance(answer, Answer) for answer in model.ask(asked))
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
        assert good == count
    return seconds, worked


def through_the_sdk(url: str, count: int, in_flight: int) -> tuple[float, float]:
    """The same calls through ``AsyncOpenAI`` on its default transport, nothing kept."""
    from openai import AsyncOpenAI

    async def work() -> None:
        async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:
            waiting = iter(questions(count))

            async def one() -> None:
                for question in waiting:
                    await client.chat.completions.create(
                        model="m",
                        messages=[
                            {"role": "system", "content": question.system},
                            {"role": "user", "content": question.prompt},
                        ],
                        temperature=0.5,
                        max_tokens=1024,
                    )

            await asyncio.gather(*(one() for _ in range(in_flight)))

    started, worked = time.perf_counter(), time.process_time()
    asyncio.run(work())
    return time.perf_counter() - started, time.process_time() - worked


def long_run(count: int, in_flight: int, seconds: float) -> None:
    """Measurement 1."""
    ideal = count * seconds / in_flight
    with loopback(seconds, in_flight) as url, watched_memory() as memory:
        taken, worked = through_edt(url, count, in_flight)
    tenth = max(1, len(memory) // 10)
    early, late = (statistics.median(part) for part in (memory[tenth : 2 * tenth], memory[-tenth:]))
    print(
        f"{count:,} calls of {seconds:g} s, {in_flight} in flight: {taken:.1f} s,"
        f" ideal {ideal:.1f} s,"
        f" ratio {taken / ideal:.3f} (bar 1.15)"
    )
    print(
        f"processor {worked / count * 1e3:.2f} ms a call; resident {early:.0f} MiB after a tenth,"
        f" {late:.0f} MiB at the end, {max(memory):.0f} MiB at most"
    )


def side_by_side(count: int, in_flight: int, seconds: float, rounds: int) -> None:
    """Measurement 2."""
    ratios = []
    print(f"{in_flight} in flight, {seconds:g} s a call, ideal {in_flight / seconds:.0f} calls/s:")
    with loopback(seconds, in_flight) as url:
        for number in range(1, rounds + 1):
            ours, our_work = through_edt(url, count, in_flight)
            fewer = max(in_flight * 2, count // 4)
            theirs, their_work = through_the_sdk(url, fewer, in_flight)
            ratios.append((count / ours) / (fewer / theirs))
            print(
                f"  round {number}: EDT {count / ours:.0f} calls/s"
                f" ({our_work / count * 1e3:.2f} ms of processor a call), the SDK"
                f" {fewer / theirs:.0f} calls/s ({their_work / fewer * 1e3:.2f} ms),"
                f" ratio {ratios[-1]:.1f}"
            )
    print(
        f"  median ratio {statistics.median(ratios):.1f}"
        f" ({min(ratios):.1f}-{max(ratios):.1f}), bar 8"
    )


def main() -> None:
    """Both measurements."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--wide-calls", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-long", action="store_true")
    chosen = parser.parse_args()
    os.environ.setdefault("EDT_LLM_KEY", "none-needed")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    if not chosen.skip_long:
        long_run(chosen.calls, 64, 1.0)
    side_by_side(chosen.wide_calls, 512, 0.6, chosen.rounds)


if __name__ == "__main__":
    main()
