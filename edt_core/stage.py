"""A stage is a value: a frozen dataclass of input stages and parameters.

The nested expression is the pipeline, and every fingerprint is known before anything runs.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from edt_core.config import EmbeddingChoice, LlmChoice
from edt_core.events import EventSink
from edt_core.params import Params
from edt_core.ports import Embedder, LanguageModel, StandIn

LATER = {"later": True}
"""Metadata of a stage's field that older results were made without, as if with its default."""

CHECK = {"check": True}
"""Metadata of an input that results are only checked against: it decides nothing, so it enters no
fingerprint and no plan."""

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Step(StrEnum):
    """The ten stages as a user names them (DESIGN section 3), in their order."""

    IMPORT = "import"
    EMBED = "embed"
    GENERATE = "generate"
    FILTER = "filter"
    REVIEW = "review"
    INSERT = "insert"
    PROFILE = "profile"
    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    EVALUATE = "evaluate"


class LanguageModels(Protocol):
    """Opens a language model; with the provider ``stand-in`` the given one answers."""

    def __call__(self, choice: LlmChoice, stand_in: StandIn) -> LanguageModel:
        """A model whose every call is kept and never paid twice."""


class Embedders(Protocol):
    """Opens a text embedder; the embedded default is fitted on ``corpus``, others ignore it."""

    def __call__(self, choice: EmbeddingChoice, corpus: Sequence[str]) -> Embedder:
        """An embedder that embeds identical texts once."""


class Loader(Protocol):
    """Reads the artifact of a stage that has run."""

    def __call__(self, stage: "Stage[T]", /) -> T:
        """The stage's artifact."""


@dataclass(frozen=True)
class Context:
    """All that a stage may ask of the world while it computes; none of it can change a result."""

    load: Loader
    scratch: Path
    """A folder of this fingerprint's own: survives a crash, is emptied when the stage is done."""
    emit: EventSink
    device: str
    """``cpu`` or ``cuda``."""
    language_model: LanguageModels
    embedder: Embedders
    check: Callable[[], None]
    """Raises RunCancelled when the user asked to stop; call it once per unit of work."""


@dataclass(frozen=True)
class Stage(ABC, Generic[T_co]):
    """One step, filled in: input stages, tuples of them, ``Params`` and plain values as fields.

    A subclass is a frozen dataclass with the class variables below and ``compute``.
    """

    step: ClassVar[Step]
    """The stage of DESIGN section 3 that a user sees it under."""
    section: ClassVar[str]
    """The paper's section, such as ``3.2.2``."""
    version: ClassVar[int] = 1
    """Raised by hand when ``compute`` changes meaning."""
    output: ClassVar[type[Any]]
    """The artifact's dataclass."""

    @abstractmethod
    def compute(self, ctx: Context) -> T_co:
        """Make the artifact from the inputs."""

    @property
    def inputs(self) -> "tuple[Stage[Any], ...]":
        """The input stages, in field order, without those that are only checked against."""
        found: list[Stage[Any]] = []
        for field in fields(self):
            if "check" in field.metadata:
                continue
            value = getattr(self, field.name)
            if isinstance(value, Stage):
                found.append(value)
            elif isinstance(value, tuple):
                found.extend(entry for entry in value if isinstance(entry, Stage))
        return tuple(found)

    @property
    def parameters(self) -> dict[str, Any]:
        """Every field that is no stage, as plain JSON values.

        A field of a later version stays out while it has its default: what was made without it
        keeps its fingerprint.
        """
        return {
            field.name: _plain(getattr(self, field.name))
            for field in fields(self)
            if not _holds_stages(getattr(self, field.name))
            and not ("later" in field.metadata and getattr(self, field.name) == field.default)
        }

    @cached_property
    def fingerprint(self) -> str:
        """40 hex digits over the class, its version, its parameters and its inputs."""
        content = {
            "stage": type(self).__name__,
            "version": self.version,
            "parameters": self.parameters,
            "inputs": [stage.fingerprint for stage in self.inputs],
        }
        text = json.dumps(content, sort_keys=True, allow_nan=False, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]


def walk(target: Stage[Any]) -> Iterator[Stage[Any]]:
    """Every stage behind ``target`` and itself, inputs first, each fingerprint once."""
    seen: set[str] = set()

    def visit(stage: Stage[Any]) -> Iterator[Stage[Any]]:
        if stage.fingerprint in seen:
            return
        seen.add(stage.fingerprint)
        for source in stage.inputs:
            yield from visit(source)
        yield stage

    yield from visit(target)


def _plain(value: Any) -> Any:
    if isinstance(value, Params):
        return value.model_dump(mode="json")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    raise TypeError(f"a stage's field can't hold a {type(value).__name__}")


def _holds_stages(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(isinstance(entry, Stage) for entry in value)
    return isinstance(value, Stage)
