"""What a table of several runs has to say of where its rows come from, beside their numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edt_core.actions.jobs import flat, stand_in_note
from edt_core.errors import MissingInput
from edt_core.recipes import Data
from edt_core.service_settings import EmbeddingChoice, LlmChoice
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.variants import Variant, settings_of

ASKING = ("GenerateItems", "WriteProfiles")
"""The stages that ask a language model."""

_MOST_KEYS = 5
_LLM = tuple(f"llm.{name}" for name in LlmChoice.model_fields)
_EMBEDDING = tuple(f"embedding.{name}" for name in EmbeddingChoice.model_fields)
_ALIGNMENT = ("pretraining.alignment_weight", "pretraining.temperature")
_DECIDED_BY = {
    "GenerateItems": ("clusters.", "generator.", *_LLM),
    "FilterNoise": ("noise_filter.",),
    "InsertItems": ("insertion.", "generator.grounding"),
    "WriteProfiles": ("profiles.", *_LLM, *_ALIGNMENT),
    "EmbedItems": _EMBEDDING,
    "Pretrain": ("pretraining.",),
    "FineTune": ("fine_tuning.",),
    "DrawCandidates": ("evaluation.n_negatives",),
}
"""Which settings, by key or by section, decide what a stage makes."""


@dataclass(frozen=True)
class Origin:
    """The run behind a table's row, and the stages behind the run."""

    line: runs.RunLine
    stages: frozenset[str]
    fingerprints: frozenset[str]

    @property
    def stand_in(self) -> bool:
        """Did the embedded stand-in write what a language model should have written?"""
        return is_stand_in(self.line, self.stages)

    @property
    def deciding(self) -> dict[str, object]:
        """The settings that decided the result, without those that the model's name stands for."""
        wanted = tuple(part for stage in self.stages for part in _DECIDED_BY.get(stage, ()))
        named = _named_settings(self.line.label)
        return {
            key: value
            for key, value in flat(self.line.config).items()
            if key.startswith(wanted)
            and key not in named
            and (key not in _ALIGNMENT or "WriteProfiles" in self.stages)
        }


def is_stand_in(line: runs.RunLine, stages: Iterable[str]) -> bool:
    """Did the embedded stand-in write what a language model should have written in this run?"""
    provider = line.config.get("llm", {}).get("provider")
    return provider == "stand-in" and any(stage in ASKING for stage in stages)


def origin(project: Project, line: runs.RunLine) -> Origin:
    """The run with its stages."""
    stages = runs.run_stages(project, line.id)
    return Origin(
        line,
        frozenset(stage.stage for stage in stages),
        frozenset(stage.fingerprint for stage in stages),
    )


def is_of(found: Origin, digest: str) -> bool:
    """Is the run about the data set with this digest?"""
    return Data.of(digest).histories.fingerprint in found.fingerprints


def refuse_earlier(found: Origin, digest: str) -> None:
    """Refuse a run whose items and users have other names by now.

    Raises:
        MissingInput: the run is about data that was imported before.
    """
    if not is_of(found, digest):
        raise MissingInput(
            f"Run {found.line.id} is about data that was imported before.",
            hint="Choose another run; 'edt runs' marks those of earlier data.",
        )


def stand_in_notes_of(rows: Mapping[str, Origin]) -> list[str]:
    """What has to be said when rows were made without a language model; names them if not all."""
    asking = [label for label, found in rows.items() if found.stages & set(ASKING)]
    without = [label for label in asking if rows[label].stand_in]
    if not without:
        return []
    return [stand_in_note([] if without == asking else without)]


def seed_notes(rows: Mapping[str, Origin]) -> list[str]:
    """A sentence on the seeds where not every trained row has the same."""
    trained = {label: found for label, found in rows.items() if "Pretrain" in found.stages}
    seeds = {label: " ".join(map(str, found.line.seeds)) for label, found in trained.items()}
    return [f"The runs differ in seeds: {_by_value(seeds)}."] if _differ(seeds) else []


def setting_notes(rows: Mapping[str, Origin]) -> list[str]:
    """A sentence on the settings that decided a row's numbers and are not the same for another."""
    deciding = {label: found.deciding for label, found in rows.items()}
    keys = dict.fromkeys(key for settings in deciding.values() for key in settings)
    told = []
    for key in keys:
        values = {label: str(each[key]) for label, each in deciding.items() if key in each}
        if _differ(values):
            told.append(f"{key} {_by_value(values)}")
    more = f" and {len(told) - _MOST_KEYS} more" if len(told) > _MOST_KEYS else ""
    return [f"The runs differ in settings: {'; '.join(told[:_MOST_KEYS])}{more}."] if told else []


def _differ(values: Mapping[str, str]) -> bool:
    return len(set(values.values())) > 1


def _by_value(values: Mapping[str, str]) -> str:
    labels: dict[str, list[str]] = {}
    for label, value in values.items():
        labels.setdefault(value, []).append(label)
    return ", ".join(f"{value} ({', '.join(each)})" for value, each in labels.items())


def _named_settings(label: str) -> Sequence[str]:
    known = [variant for variant in Variant if variant.value == label]
    return tuple(settings_of(known[0])) if known else ()
