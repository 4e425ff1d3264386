"""Sentence-transformers models on this machine: where one is, and which one it is (3.2.2).

They are looked for and never downloaded.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_NAME = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_READ = {".json", ".txt", ".model", ".safetensors", ".bin"}
"""Endings of the files that a vector depends on: settings, vocabulary, weights."""
_OTHER_ENGINES = {"onnx", "openvino", "coreml"}


def folder_of(name: str) -> Path | None:
    """The folder of a model, None where it is not here.

    Args:
        name: The absolute path of a folder (or ``~/...``), or a name in the Hugging Face cache,
            such as ``intfloat/e5-small-v2``; one without a ``/`` is ``sentence-transformers``' own.
    """
    if name.startswith("~") or Path(name).is_absolute():
        found = _home_of(name)
    elif _NAME.fullmatch(name):
        found = _snapshot(name if "/" in name else f"sentence-transformers/{name}")
    else:
        return None
    return found if found and (found / "modules.json").is_file() else None


def digest_of(name: str) -> str:
    """40 hex digits over all files that a vector depends on; empty where the model is not here."""
    folder = folder_of(name)
    if folder is None:
        return ""
    try:
        lines = [
            f"{path.relative_to(folder).as_posix()} {_digest(path)}\n" for path in _files(folder)
        ]
    except OSError:  # a file that may not be read: loading says so
        return ""
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:40]


def _files(folder: Path) -> Iterator[Path]:
    """The files that count, in their order; weights in an older format next to newer ones don't."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        counts = path.suffix in _READ and not any(part.startswith(".") for part in inside)
        older = path.suffix == ".bin" and any(path.parent.glob("*.safetensors"))
        if counts and not older and not _OTHER_ENGINES & set(inside) and path.is_file():
            yield path


def _digest(path: Path) -> str:
    """A file's SHA-256; the cache names large files by it, others are read once a process."""
    path = path.resolve()
    if _SHA256.fullmatch(path.name):
        return path.name
    known = path.stat()
    return _read_digest(path, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=256)
def _read_digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _home_of(name: str) -> Path | None:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # nobody of that name
        return None


def _snapshot(name: str) -> Path | None:
    """The newest snapshot of a model in the caches of sentence-transformers and its hub."""
    for cache in _caches():
        kept = cache / f"models--{name.replace('/', '--')}"
        try:
            revision = (kept / "refs" / "main").read_text("utf-8").strip()
        except OSError:
            continue
        if re.fullmatch(r"[0-9a-f]{40}", revision) and (kept / "snapshots" / revision).is_dir():
            return kept / "snapshots" / revision
    return None


def _caches() -> Iterator[Path]:
    """Where the libraries keep models, by the variables that they read."""
    for variable in ("SENTENCE_TRANSFORMERS_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if place := os.environ.get(variable):
            yield Path(place).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    yield Path(os.environ.get("HF_HOME") or cache).expanduser() / "hub"
