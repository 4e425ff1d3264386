"""What every setting is: type, default, what is allowed, help, and the paper's name for it."""

from dataclasses import dataclass
from typing import Any, Final

from edt_core.config import Config

_PAPER: Final = {
    "clusters.n_clusters": "K of A.4",
    "clusters.scope": "3.2.1",
    "generator.enabled": "w/o Aug.",
    "generator.n_generate": "k of Eq. 1",
    "generator.grounding": "3.2.1",
    "noise_filter.enabled": "w/o Filtering",
    "noise_filter.top_k": "rank of Eq. 6",
    "noise_filter.threshold": "tau of Eq. 6",
    "insertion.position": "w/o Inserting",
    "profiles.enabled": "w/o Profiling",
    "profiles.pipeline": "w/o S-R-A",
    "profiles.n_clusters": "C of 3.4.1",
    "pretraining.encoder": "B.3",
    "pretraining.width": "d of A.4",
    "pretraining.batch_size": "A.4",
    "pretraining.learning_rate": "A.4",
    "pretraining.loss": "Eq. 9",
    "pretraining.alignment_weight": "alpha of Eq. 14",
    "pretraining.temperature": "tau of Eq. 13",
    "fine_tuning.enabled": "w/o DFT",
    "fine_tuning.adapter": "Eq. 10",
    "fine_tuning.adapter_width": "A.4",
    "fine_tuning.learning_rate": "A.4",
    "evaluation.n_negatives": "4.1.4",
    "evaluation.cutoffs": "4.1.4",
    "embedding.model": "A.4",
    "embedding.dimensions": "d_L of 3.2.2",
    "llm.model": "A.4",
}
"""The paper uses k for four things and tau for two, so a key says which of them it is."""


@dataclass(frozen=True)
class KeyDescription:
    """One setting."""

    key: str
    type: str
    """``whole number``, ``number``, ``text``, ``true or false``, ``choice`` or ``list``."""
    default: Any
    range: str
    """Such as ``from 1 to 1000``; empty for anything."""
    choices: tuple[str, ...]
    """The words that are allowed; empty where it is no choice."""
    help: str
    paper: str
    """The paper's symbol or name for it and where it stands; empty where it has none."""

    @property
    def allowed(self) -> str:
        """Type, range or choices in a few words."""
        if self.choices:
            return " | ".join(self.choices)
        return f"{self.type} {self.range}".rstrip()

    @property
    def section(self) -> str:
        """The part before the dot."""
        return self.key.partition(".")[0]


def described() -> list[KeyDescription]:
    """Every setting in its order; read from the configuration's own fields."""
    found: list[KeyDescription] = []
    defaults = Config().flat()
    for section, field in Config.model_fields.items():
        kind = field.annotation
        assert kind is not None
        for name, schema in kind.model_json_schema()["properties"].items():
            key = f"{section}.{name}"
            found.append(_described(key, schema, defaults[key]))
    return found


def section_help() -> dict[str, str]:
    """What each section is about."""
    return {
        section: str(kind.__doc__ or "").partition("\n")[0]
        for section, field in Config.model_fields.items()
        if (kind := field.annotation) is not None
    }


def written(value: object) -> str:
    """A setting's value as a user types it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(str(entry) for entry in value)
    return str(value)


def _described(key: str, schema: dict[str, Any], default: Any) -> KeyDescription:
    # an optional value is the one beside null
    shape = next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema)
    kind, choices = _kind(shape)
    optional = " or nothing" if shape is not schema else ""
    return KeyDescription(
        key,
        kind,
        default,
        _range(shape) + optional,
        choices,
        str(schema.get("description", "")).replace("\n", " "),
        _PAPER.get(key, ""),
    )


def _kind(shape: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    if "enum" in shape:
        return "choice", tuple(shape["enum"])
    match shape.get("type"):
        case "boolean":
            return "true or false", ("true", "false")
        case "integer":
            return "whole number", ()
        case "number":
            return "number", ()
        case "array":
            return "list", ()
        case _:
            return "text", ()


def _range(shape: dict[str, Any]) -> str:
    if shape.get("type") == "array":
        return "of whole numbers, with commas between"
    words = [
        f"{word} {_number(shape[bound])}"
        for bound, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if bound in shape
    ]
    if "maxLength" in shape:
        words.append(f"of up to {shape['maxLength']} letters")
    return " ".join(words)


def _number(value: float) -> str:
    """A bound in full: 1,000,000,000 and not 1e+09."""
    return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:g}"
