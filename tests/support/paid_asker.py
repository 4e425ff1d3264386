"""Makes processes that ask a paid service questions, to be killed.

Each line ``HOME URL COUNT MODE`` on standard input starts one; its number is printed, and then what
it ended with: 0 when every question has an answer. ``MODE`` is ``live`` (a quarter are texts to
embed, half of the rest generations, the others profiles) or ``batch`` (all generations). It asks
what the store does not answer. They are forked from this process, which has loaded all libraries,
so that a start takes no time.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from edt_core.errors import ProjectNotFound
from edt_core.llm.asking import RememberingModel
from edt_core.llm.batch_desk import BatchDesk
from edt_core.llm.openai_chat import endpoint, service_model
from edt_core.llm.openai_embed import OpenAIEmbedder
from edt_core.llm.presets import PRESETS
from edt_core.llm.prices import ModelPurse, Price, Till
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question
from edt_core.service_settings import EmbeddingSettings, LlmSettings
from edt_core.store.batches import CallBatches
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger, EmbeddingLedger
from edt_core.store.project import Project

CONCURRENCY = 8
PRICE = Price(input=1.0, output=2.0)
BATCH = 10
"""Requests of a file, where questions go in batches."""


def main(home: Path, url: str, count: int, mode: str) -> int:
    settings = LlmSettings(
        provider="openai", model="m", base_url=url, concurrency=CONCURRENCY, mode=mode
    )
    try:
        project = Home(home).open("paid")
    except ProjectNotFound:
        project = Home(home).create("paid")
    with project, project.stages("edt run"):
        if mode == "batch":
            good = answered(batch_model(settings, project), generations(count))
        else:
            good = live(settings, project, count)
    return 0 if good == count else 1


def live(settings: LlmSettings, project: Project, count: int) -> int:
    """Vectors, items and profiles in turn, as a run asks for them, out of one purse."""
    till, ledger = Till(), CallLedger(project.database)
    texts = [f"Text {n}" for n in range(count // 4)]
    embedder = OpenAIEmbedder(
        EmbeddingSettings(
            provider="openai", model="v", base_url=settings.base_url, concurrency=CONCURRENCY,
            batch_size=3,
        ),
        EmbeddingLedger(project.database),
        ledger=ledger,
        purse=ModelPurse(PRICE, till),
    )  # fmt: skip
    good = int(np.isfinite(embedder.embed(texts)).all(axis=1).sum())
    priced = settings.model_copy(update={"price_input": PRICE.input, "price_output": PRICE.output})
    model = service_model(priced, ledger, ModelPurse(PRICE, till))
    items = generations((count - len(texts)) // 2)
    profiles = [
        Question("profile", "analyze", n, "", f"Tell of user {n}")
        for n in range(count - len(texts) - len(items))
    ]
    return good + answered(model, items) + answered(model, profiles)


def generations(count: int) -> list[Question]:
    return [
        Question("generate", "generate", None, "You write items.", f"User {n}", GeneratedItems)
        for n in range(count)
    ]


def answered(model: RememberingModel, questions: list[Question]) -> int:
    return sum(isinstance(answer, Answer) for answer in model.ask(questions))


def batch_model(settings: LlmSettings, project: Project) -> RememberingModel:
    """As in production, but with short pauses and small files."""
    desk = BatchDesk(
        replace(endpoint(settings), shortest_pause=0.02, longest_pause=0.05),
        replace(PRESETS["openai"], batch_requests=BATCH),
        CallBatches(project.database),
        model="m",
        repair_attempts=settings.repair_attempts,
        unsure=0.3,
    )
    return RememberingModel(settings.choice, desk, CallLedger(project.database))


def make_processes() -> None:
    import openai  # noqa: F401  loaded once, for all
    from openai.resources.chat import completions  # noqa: F401

    for line in sys.stdin:
        home, url, count, mode = line.split()
        child = os.fork()
        if child == 0:
            os._exit(main(Path(home), url, int(count), mode))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    make_processes()
