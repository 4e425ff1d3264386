"""``edt`` as a process, and a small project to use it on."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edt_core.actions.configuring import change
from edt_core.store.home import Home

SMALL = {
    "noise_filter.threshold_kind": "percentile",
    "noise_filter.threshold": "0.5",
    "embedding.dimensions": "16",
    "pretraining.width": "16",
    "pretraining.epochs": "2",
    "pretraining.batch_size": "64",
    "fine_tuning.epochs": "2",
    "fine_tuning.adapter_width": "8",
    "evaluation.n_negatives": "20",
}


@dataclass(frozen=True)
class Told:
    """What a process said."""

    status: int
    out: str
    err: str

    def document(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs ``edt`` in processes of its own, with a home of its own."""

    home: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Environment variables on top, such as a key."""

    def __call__(self, *arguments: object, cwd: Path | None = None) -> Told:
        done = subprocess.run(
            self.command(arguments), capture_output=True, env=self.environment(), cwd=cwd,
            timeout=240, check=False,
        )  # fmt: skip
        return Told(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command(arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment(),
        )

    def command(self, arguments: Sequence[object]) -> list[str]:
        return [sys.executable, "-m", "edt_app", *map(str, arguments)]

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EDT_", "OPENAI_"))}
        own = {"EDT_HOME": str(self.home), "OMP_NUM_THREADS": "1"}
        return {**kept, **own, **self.secrets}


def prepare(edt: Shell, shop: list[str]) -> None:
    """Make the project ``small``: imported, set up, not run."""
    steps = [
        ("new", "small"),
        ("import", "--project", "small", "--format", "csv", "--recipe", "none", *shop),
    ]
    for step in steps:
        done = edt(*step)
        assert done.status == 0, done.err
    with Home(edt.home).open("small") as project:  # a process for each key would take seconds
        change(project, SMALL)
