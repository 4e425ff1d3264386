"""What a stage produces: frozen dataclasses of arrays, texts and plain values; never pickled.

An artifact is a folder with ``arrays.safetensors`` (every numpy array, nested dataclasses by
dotted name) and ``values.json`` (everything else). Writing goes to a sibling folder that is
renamed into place: a folder that exists is complete.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints
from uuid import uuid4

import numpy as np

T = TypeVar("T")


def save(artifact: object, folder: Path) -> None:
    """Write ``artifact``, a dataclass instance, to the new ``folder``, all or nothing."""
    aside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.tmp")
    aside.mkdir(parents=True)
    try:
        _write(artifact, aside)
        try:
            aside.rename(folder)
        except OSError:  # someone else was faster: equal fingerprints hold equal content
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def load(kind: type[T], folder: Path) -> T:
    """Read what ``save`` wrote; arrays are copies in memory.

    A field that makes its own default may be missing: an older version wrote the folder.
    """
    from safetensors.numpy import load_file

    arrays = load_file(folder / "arrays.safetensors")
    values = json.loads((folder / "values.json").read_text("utf-8"))
    return cast(T, _built(kind, arrays, values, ""))


def shapes(artifact: object) -> dict[str, list[int]]:
    """The shape of every array of an artifact, by dotted name."""
    return {
        name: list(value.shape)
        for name, value in _leaves(artifact, "")
        if isinstance(value, np.ndarray)
    }


def _write(artifact: object, folder: Path) -> None:
    from safetensors.numpy import save_file

    arrays: dict[str, np.ndarray] = {}
    values: dict[str, Any] = {}
    for name, value in _leaves(artifact, ""):
        if isinstance(value, np.ndarray):
            arrays[name] = np.ascontiguousarray(value)
        else:
            values[name] = value
    save_file(arrays, folder / "arrays.safetensors")
    (folder / "values.json").write_text(json.dumps(values, ensure_ascii=False), "utf-8")
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _leaves(artifact: object, prefix: str) -> Iterator[tuple[str, Any]]:
    if not is_dataclass(artifact) or isinstance(artifact, type):
        raise TypeError(f"{type(artifact).__name__} is no dataclass instance")
    for field in fields(artifact):
        value = getattr(artifact, field.name)
        name = f"{prefix}{field.name}"
        if is_dataclass(value) and not isinstance(value, type):
            yield from _leaves(value, f"{name}.")
        elif isinstance(value, dict) and any(isinstance(v, np.ndarray) for v in value.values()):
            yield from ((f"{name}.{key}", entry) for key, entry in value.items())
        else:
            yield name, value


def _built(
    kind: type[Any], arrays: dict[str, np.ndarray], values: dict[str, Any], prefix: str
) -> object:
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for field in fields(kind):
        name = f"{prefix}{field.name}"
        hint = hints[field.name]
        if isinstance(hint, type) and is_dataclass(hint):
            made[field.name] = _built(hint, arrays, values, f"{name}.")
        elif name in arrays:
            made[field.name] = arrays[name]
        elif name in values:
            value = values[name]
            made[field.name] = tuple(value) if getattr(hint, "__origin__", None) is tuple else value
        elif field.default_factory is MISSING:
            start = f"{name}."
            made[field.name] = {
                k[len(start) :]: a for k, a in arrays.items() if k.startswith(start)
            }
    return kind(**made)
