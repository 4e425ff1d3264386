"""A review beside the decisions themselves: what is asked about an item, decisions as files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edt_core.actions.configuring import configuration
from edt_core.config import EmbeddingSettings, InsertionSettings, NoiseFilterSettings
from edt_core.errors import EdtError, InputError, MissingInput, UsageError
from edt_core.store.calls import CallText, call
from edt_core.store.project import Project
from edt_core.store.rescored import ItemScore, kept_scores, scored_texts, texts_digest
from edt_core.store.review import export_decisions, import_decisions
from edt_core.store.review_context import Origin, TrainingHistory, origin, training_history
from edt_core.store.review_queue import (
    GeneratedLine,
    Wanted,
    generated_by_ids,
    generated_ids,
    generated_item,
    generated_page,
)
from edt_core.store.shown import shown

Order = Literal["id", "near", "target_score"]
ORDERS: tuple[Order, ...] = ("id", "near", "target_score")
"""As generated, closest to the threshold first, highest target score first."""


@dataclass(frozen=True)
class Standing:
    """What the shown verdicts were given by."""

    thresholds: tuple[float, float]
    """The least target score asked of items of A and of B."""
    noise_filter: NoiseFilterSettings
    insertion: InsertionSettings
    texts: Mapping[int, str]
    """Which edited texts they are about: ``texts_digest`` by draft row; else what was written."""
    scores_edits: bool
    """An edited text can be scored at once, and that costs nothing."""

    def outdated(self, item: GeneratedLine) -> bool:
        """Are the item's scores of other texts than it has now?"""
        known = item.verdict is not None
        return known and texts_digest(item.edited) != self.texts.get(item.row, "")


@dataclass(frozen=True)
class ItemContext:
    """A generated item with all that its reviewer may know: nothing of a held-out event."""

    item: GeneratedLine
    origin: Origin
    history: TrainingHistory
    call: CallText | None
    """The question and answer that it comes from, where they are on record."""
    rescored: ItemScore | None = None
    """The scores of its present text, where that was scored after the shown verdicts."""


def standing(project: Project) -> Standing:
    """Thresholds and settings of the shown verdicts.

    Until items were filtered, or where the filter's result is not at hand, the threshold is the
    setting's.
    """
    config = configuration(project)
    threshold = config.noise_filter.threshold
    low, high = threshold, threshold
    texts: Mapping[int, str] = {}
    fingerprint = shown(project, "judged")
    if fingerprint:
        try:
            arrays, _ = project.artifacts.arrays(fingerprint)
            low, high = (float(value) for value in arrays["thresholds"])
            texts = scored_texts(project, fingerprint)
        except MissingInput:
            fingerprint = ""
    at_once = bool(fingerprint) and _costs_nothing(config.embedding)
    return Standing((low, high), config.noise_filter, config.insertion, texts, at_once)


def _costs_nothing(settings: EmbeddingSettings) -> bool:
    """Is a text embedded for free, as far as anybody says?"""
    if settings.provider in {"embedded", "minilm", "sentence-transformers"}:
        return True
    from edt_core.llm.prices import price_of

    try:
        price = price_of(settings)
    except EdtError:  # a setting is missing: who scores is told which
        return False
    return price is not None and price.input == 0.0


def ordered_items(
    project: Project, wanted: Wanted, order: Order, limit: int
) -> list[GeneratedLine]:
    """The first ``limit`` generated items of a kind, in the order that the review shows them in.

    Raises:
        UsageError: the condition isn't understood.
    """
    if order == "near":
        near = generated_ids(project, wanted, near=standing(project).thresholds)
        ids = near[:limit].tolist()
        lines = {line.id: line for line in generated_by_ids(project, ids)}
        return [lines[number] for number in ids]
    descending = order == "target_score"
    return generated_page(project, wanted, order=order, descending=descending, limit=limit)


def item_context(project: Project, number: int) -> ItemContext:
    """One generated item and its surroundings.

    Raises:
        UsageError: there is no such item.
    """
    item = generated_item(project, number)
    try:
        asked = call(project, item.call) if item.call is not None else None
    except UsageError:  # an export may leave the calls out
        asked = None
    return ItemContext(
        item,
        origin(project, number),
        training_history(project, item.user),
        asked,
        kept_scores(project, [number]).get(number),
    )


def write_decisions(project: Project, file: Path) -> int:
    """Write every standing decision, one JSON object a line; how many there were.

    Raises:
        UsageError: the file exists.
    """
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in export_decisions(project)]
    try:
        with file.open("x", encoding="utf-8") as out:
            out.writelines(lines)
    except FileExistsError:
        raise UsageError(f"{file} exists.", hint="Choose another file.") from None
    return len(lines)


def read_decisions(project: Project, file: Path) -> int:
    """Make the file's decisions this project's, as one act; how many items changed.

    Raises:
        InputError: the file can't be read as what ``write_decisions`` writes.
    """
    entries: list[Any] = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    entries.append(_entry(line, file, number))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} can't be read: {error}.", hint="Check the path.") from None
    return import_decisions(project, entries, by=f"import of {file.name}")


def _entry(line: str, file: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(
            f"{file}:{number} is no JSON object.", hint="Export the decisions once more."
        ) from None
