"""Makes processes that ask a paid service questions, to be killed.

Each line ``HOME URL COUNT`` on standard input starts one; its number is printed, and then what it
ended with: 0 when every question has an answer. It asks what the store does not answer. They are
forked from this process, which has loaded all libraries, so that a start takes no time.
"""

import os
import sys
from pathlib import Path

from edt_core.errors import ProjectNotFound
from edt_core.llm.openai_chat import service_model
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Answer, Question
from edt_core.service_settings import LlmSettings
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger

CONCURRENCY = 8


def main(home: Path, url: str, count: int) -> int:
    settings = LlmSettings(provider="openai", model="m", base_url=url, concurrency=CONCURRENCY)
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
        good = sum(isinstance(answer, Answer) for answer in model.ask(questions))
    return 0 if good == count else 1


def make_processes() -> None:
    import openai  # noqa: F401  loaded once, for all
    from openai.resources.chat import completions  # noqa: F401

    for line in sys.stdin:
        home, url, count = line.split()
        child = os.fork()
        if child == 0:
            os._exit(main(Path(home), url, int(count)))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    make_processes()
