"""How quickly language-model calls go through, from question to stored answer.

Two measurements against a loopback server in a process of its own:

1. 10,000 calls of 1 s, 64 at a time, through the generating stage and all below it: rendering,
   ledger (two durable lines a call), the ``openai`` SDK, validation, the drafts' columns. Bar: 1.15
   times the ideal.
2. The same with 512 in flight, beside the SDK as it comes (``AsyncOpenAI``, its default
   transport, no ledger, no validation), in turns. Bar: 8 times the SDK's calls per second. Older
   versions of the SDK, on httpx, run in environments of their own.

    python benchmarks/llm_throughput.py [--sdk-python PATH ...]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from loopback_llm import loopback

from edt_core.config import Config, LlmChoice, LlmSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.data.split import Histories
from edt_core.events import silence
from edt_core.llm.asking import RememberingModel
from edt_core.llm.openai_chat import service_model
from edt_core.ports import Question
from edt_core.recipes import pipeline
from edt_core.stage import Context
from edt_core.stages.augmenter.generator import Drafts, GenerateItems, Samples, asked
from edt_core.stages.augmenter.representatives import Representatives
from edt_core.stages.embed import ItemEmbeddings
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger
from edt_core.variants import Variant

SAMPLES = 10
"""Of each domain in a prompt."""


class Shop:
    """Users with samples in both domains, made up, and the stage that asks about them."""

    def __init__(self, questions: int, choice: LlmChoice) -> None:
        users, items = questions // 2, 600
        rng = np.random.default_rng(7)
        domain = np.repeat([0, 1], items // 2)
        self.catalogue = Catalogue(
            ["outdoor", "kitchen"],
            domain,
            [f"i{key}" for key in range(items)],
            [f"Steel kettle number {key} for two litres" for key in range(items)],
            ["Acme"] * items,
            ["2019-03-01"] * items,
            ["29.90"] * items,
            [["Home", "Kitchen", "Kettles"]] * items,
            ["Boils a litre of water in three minutes."] * items,
        )
        rows = rng.integers(0, items // 2, (users, 2, SAMPLES)) + np.array([[[0], [items // 2]]])
        histories = Histories(pack(rows.reshape(users, -1).tolist()))
        chosen = Representatives(
            np.tile(np.arange(2 * SAMPLES), users), np.arange(2 * users + 1) * SAMPLES
        )
        config = Config().changed({"llm.provider": "openai", "llm.model": choice.model})
        stage = pipeline(Variant.LLM_EDT, config, "bench", 42).augmenter[0].generated
        assert isinstance(stage, GenerateItems)
        self.stage = replace(stage, llm=choice)
        self._stored: dict[str, Any] = {
            stage.histories.fingerprint: histories,
            stage.catalogue.fingerprint: self.catalogue,
            stage.embeddings.fingerprint: ItemEmbeddings(np.ones((items, 4), np.float32)),
            stage.representatives.fingerprint: chosen,
        }
        self._keys = chosen.keys(histories.sequences)
        self._chosen = chosen

    def generated(self, model: RememberingModel) -> Drafts:
        """What the stage makes of the model's answers."""
        lent = Context(
            load=lambda stage: self._stored[stage.fingerprint],
            scratch=Path(),
            emit=silence,
            device="cpu",
            language_model=lambda choice, stand_in: model,
            embedder=_none,
            check=lambda: None,
        )
        return self.stage.compute(lent)

    def questions(self) -> Iterator[Question]:
        """The same prompts by themselves."""
        samples = Samples(self.catalogue, self._chosen, self._keys, self.stage.n_generate)
        return (samples.question(*pair) for pair in asked(self._chosen.offsets, ask_empty=False))


def _none(choice: object, corpus: object) -> Any:
    raise AssertionError("nothing is embedded here")


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
    shop = Shop(count, settings.choice)
    with (
        tempfile.TemporaryDirectory(prefix="edt-bench-") as folder,
        Home(Path(folder)).create("bench") as project,
    ):
        model = service_model(settings, CallLedger(project.database))
        started, worked = time.perf_counter(), time.process_time()
        drafts = shop.generated(model)
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
        assert len(np.unique(drafts.calls)) == count
        assert not drafts.refused_reasons
    return seconds, worked


def through_the_sdk(python: str, url: str, count: int, in_flight: int) -> tuple[str, float, float]:
    """The same calls by the SDK alone: its version, seconds, and of them those of the processor."""
    questions = Shop(count, LlmSettings(model="m").choice).questions()
    lines = "\n".join(
        json.dumps(
            [
                {"role": "system", "content": question.system},
                {"role": "user", "content": question.prompt},
            ]
        )
        for question in questions
    )
    peer = Path(__file__).with_name("sdk_peer.py")
    command = [python, str(peer), url, str(in_flight)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    version, seconds, worked = json.loads(done.stdout)
    return version, seconds, worked


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


def side_by_side(
    count: int, in_flight: int, seconds: float, rounds: int, pythons: Sequence[str]
) -> None:
    """Measurement 2."""
    ratios: dict[str, list[float]] = {}
    print(f"{in_flight} in flight, {seconds:g} s a call, ideal {in_flight / seconds:.0f} calls/s:")
    with loopback(seconds, in_flight) as url:
        for number in range(1, rounds + 1):
            ours, our_work = through_edt(url, count, in_flight)
            print(
                f"  round {number}: EDT {count / ours:.0f} calls/s"
                f" ({our_work / count * 1e3:.2f} ms of processor a call)"
            )
            fewer = max(in_flight * 2, count // 4)
            for python in pythons:
                version, theirs, their_work = through_the_sdk(python, url, fewer, in_flight)
                ratio = (count / ours) / (fewer / theirs)
                ratios.setdefault(version, []).append(ratio)
                print(
                    f"    openai {version}: {fewer / theirs:.0f} calls/s"
                    f" ({their_work / fewer * 1e3:.2f} ms), ratio {ratio:.1f}"
                )
    for version, found in ratios.items():
        print(
            f"  beside openai {version}: median ratio {statistics.median(found):.1f}"
            f" ({min(found):.1f}-{max(found):.1f}), bar 8"
        )


def main() -> None:
    """Both measurements."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--wide-calls", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-long", action="store_true")
    parser.add_argument("--sdk-python", action="append", default=[], metavar="PATH")
    chosen = parser.parse_args()
    os.environ.setdefault("EDT_LLM_KEY", "none-needed")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    if not chosen.skip_long:
        long_run(chosen.calls, 64, 1.0)
    pythons = [sys.executable, *chosen.sdk_python]
    side_by_side(chosen.wide_calls, 512, 0.6, chosen.rounds, pythons)


if __name__ == "__main__":
    main()
