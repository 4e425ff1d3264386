"""Makes processes that ask a paid service questions, to be killed.

Each line ``HOME URL COUNT MODE`` on standard input starts one; its number is printed, and then what
it ended with: 0 when every question has an answer. ``MODE`` is ``live`` or ``batch``. It asks what
the store does not answer. They are forked from this process, which has loaded all libraries, so
that a start takes no time.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from edt_core.errors import ProjectNotFound
from edt_core.llm.asking import RememberingModel
from edt_core.llm.batch_desk import BatchDesk
from edt_core.llm.openai_chat import endpoint, service_model
from edt_core.llm.presets import PRESETS
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question
from edt_core.service_settings import LlmSettings
from edt_core.store.batches import CallBatches
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project

CONCURRENCY = 8
BATCH = 10
"""Requests of a file, where questions go in batches."""


def main(home: Path, url: str, count: int, mode: str) -> int:
    settings = LlmSettings(
        provider="openai", model="m", base_url=url, concurrency=CONCURRENCY, mode=mode
    )
    questions = [
        Question("generate", "generate", None, "You write items.", f"User {n}", GeneratedItems)
        for n in range(count)
    ]
    try:
        project = Home(home).open("paid")
    except ProjectNotFound:
        project = Home(home).create("paid")
    with project, project.stages("edt run"):
        model = service_model(settings, CallLedger(project.database))
        if mode == "batch":
            model = batch_model(settings, project)
        good = sum(isinstance(answer, Answer) for answer in model.ask(questions))
    return 0 if good == count else 1


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
