"""Prompt templates as files: the package's, and a project's own in their place.

A template is text with ``$slots``; where it has a line ``---``, what stands above is the system
message, below it the user's. A project's own stands in its folder ``prompts`` under the same name.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

from pydantic import model_serializer

from edt_core.errors import InputError, UsageError
from edt_core.params import Params

NAMES = ("item", "generate", "summarize", "manual", "reform", "analyze", "plain")
"""In the order of the pipeline."""
FOLDER = "prompts"
_LONGEST = 100_000
"""Letters of a template."""


class Templates(Params):
    """Some templates' texts by name; a stage's fingerprint holds their hash."""

    texts: tuple[tuple[str, str], ...]

    def only(self, *names: str) -> "Templates":
        """Those of one stage, in the order of ``names``."""
        known = dict(self.texts)
        return Templates(texts=tuple((name, known[name]) for name in names))

    def source(self, name: str) -> str:
        """A template's text."""
        return dict(self.texts)[name]

    def filled(self, name: str, slots: Mapping[str, str]) -> tuple[str, str]:
        """System message and prompt; the first is empty where the template has no ``---``."""
        system, prompt = _parts(self.source(name))
        return system.substitute(slots), prompt.substitute(slots)

    @property
    def digest(self) -> str:
        """16 hex digits over names and texts."""
        content = "\0".join(f"{name}\0{text}" for name, text in self.texts)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @model_serializer
    def _as_digest(self) -> str:
        return self.digest


@cache
def packaged() -> Templates:
    """The templates of the package (A.1)."""
    folder = files("edt_core.llm") / "templates"
    return Templates(
        texts=tuple((name, (folder / f"{name}.txt").read_text("utf-8").strip()) for name in NAMES)
    )


def with_own(folder: Path) -> Templates:
    """The package's templates, with those of a project's ``folder`` in their place.

    Raises:
        InputError: a file there is no template of a known name, or has not its slots.
    """
    found = {path.stem: path for path in sorted(folder.glob("*.txt"))} if folder.is_dir() else {}
    for name, path in found.items():
        if name not in NAMES:
            raise InputError(
                f"{path} is the template of no prompt.", hint=f"There are {', '.join(NAMES)}."
            )
    return Templates(
        texts=tuple(
            (name, own(found[name], name) if name in found else text)
            for name, text in packaged().texts
        )
    )


def own(path: Path, name: str) -> str:
    """The text of a project's own template.

    Raises:
        InputError: it can't be read, or its slots are not those of the package's.
    """
    if path.is_symlink():
        raise InputError(f"{path} is a link.", hint="Put the template's text there itself.")
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} can't be read as UTF-8 text.", hint="Save it so.") from None
    if not text or len(text) > _LONGEST:
        raise InputError(f"{path} is empty or too long.", hint=f"Up to {_LONGEST:,} letters.")
    _check_slots(path, name, text)
    return text


def slots_of(text: str) -> list[str]:
    """The names of a template's slots, in their order."""
    return Template(text).get_identifiers()


def copy_out(name: str, folder: Path) -> Path:
    """Write the package's template into a project's ``folder``, to be edited there.

    Raises:
        UsageError: there is no such template, or the project has its own already.
    """
    if name not in NAMES:
        raise UsageError(f"There is no template {name!r}.", hint=f"There are {', '.join(NAMES)}.")
    path = folder / f"{name}.txt"
    if path.exists():
        raise UsageError(f"{path} is there already.", hint="Edit it, or delete it first.")
    folder.mkdir(mode=0o700, exist_ok=True)
    path.write_text(packaged().source(name) + "\n", "utf-8")
    return path


def _check_slots(path: Path, name: str, text: str) -> None:
    """Refuse unknown and missing slots in one sentence."""
    known = set(slots_of(packaged().source(name)))
    hint = f"Its slots are {', '.join(f'${slot}' for slot in sorted(known))}; $$ is a dollar sign."
    if not Template(text).is_valid():
        raise InputError(f"{path} has a $ that begins no slot.", hint=hint)
    found = set(slots_of(text))
    for wrong, said in ((found - known, "no slot"), (known - found, "left out")):
        if wrong:
            raise InputError(f"{path}: ${min(wrong)} is {said}.", hint=hint)
    if name == "manual" and len(text.splitlines()) != len(packaged().source(name).splitlines()):
        raise InputError(f"{path} needs five lines, one for each fifth of the domain ratio.")


@cache
def _parts(source: str) -> tuple[Template, Template]:
    head, line, tail = source.partition("\n---\n")
    return (Template(head), Template(tail)) if line else (Template(""), Template(head))
