"""Reading what an embedding service answers (3.2.2): nobody checked it before."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edt_core.data.sequences import Floats
from edt_core.errors import LlmError, LlmUnavailable


@dataclass(frozen=True)
class VectorReply:
    """What an answer is good for."""

    sound: dict[str, Floats] = field(default_factory=dict)
    """The vectors that can be used, by key."""
    reason: str = ""
    """What is wrong with the others, in one sentence; empty when nothing is."""
    placed: bool = True
    """It is known whose each vector is."""


def read_vectors(
    answer: Mapping[str, Any], wanted: Sequence[tuple[str, str]], length: int
) -> VectorReply:
    """The sound vectors of an answer.

    Args:
        answer: The service's.
        wanted: Keys and texts, in the order in which they were sent.
        length: That of the vectors before; 0 where there are none.
    """
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != len(wanted):
        told = f"{len(wanted)} texts were sent, and not as many vectors came back."
        return VectorReply(reason=told, placed=False)
    by_place = {
        entry["index"]: _vector(entry.get("embedding"))
        for entry in data
        if isinstance(entry, dict) and isinstance(entry.get("index"), int)
    }
    if sorted(by_place) != list(range(len(wanted))):
        return VectorReply(reason="The vectors' indices are not those of the texts.", placed=False)
    whole = {key: by_place[n] for n, (key, _) in enumerate(wanted) if _is_sound(by_place[n])}
    lengths = {len(vector) for vector in whole.values()}
    if not length and len(lengths) > 1:
        return VectorReply(reason="The vectors have different lengths.")
    if odd := lengths - {length or min(lengths, default=0)}:
        sound = {key: vector for key, vector in whole.items() if len(vector) == length}
        return VectorReply(sound, other_length(min(odd), length))
    if len(whole) < len(wanted):
        reason = "A vector is empty, all zero, or holds something that is no number."
        return VectorReply(whole, reason)
    return VectorReply(whole)


def other_length(found: int, length: int) -> str:
    """The sentence on a vector of another length than those before."""
    return f"It gives vectors of {found} numbers where it gave {length} before."


def unsound(model: str, reason: str, text: str = "") -> LlmError:
    """The error of a model whose vectors are no good; ``text``: the one that gets none."""
    named = f" The text is {text[:80]!r}." if text else ""
    return LlmError(
        f"The model {model!r} gives no sound vector: {reason}{named}",
        hint="Check embedding.model, and that embedding.base_url still serves it.",
    )


def no_vector(reason: str, text: str = "") -> LlmUnavailable:
    """The error of a service that gives no vectors; ``text``: the one that it refuses."""
    what = f"The service refuses the text {text[:80]!r}" if text else "Embedding failed"
    return LlmUnavailable(f"{what}: {reason}", hint="Run again: the vectors that came are kept.")


def _is_sound(vector: Floats) -> bool:
    return len(vector) >= 2 and bool(np.isfinite(vector).all()) and bool(vector.any())


def _vector(value: Any) -> Floats:
    """A vector from base64 (what the SDK asks for) or from a list; empty for anything else."""
    try:
        if isinstance(value, str):
            return np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4")
        if isinstance(value, list):
            vector = np.array(value, dtype=np.float32)
            return vector if vector.ndim == 1 else np.zeros(0, dtype=np.float32)
    except (ValueError, TypeError, OverflowError):
        pass
    return np.zeros(0, dtype=np.float32)
