"""What the noise filter says of one edited item, asked for at once (3.2.2)."""

from dataclasses import dataclass

import numpy as np

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import imported
from edt_core.actions.resources import resources
from edt_core.data.vectors import unit_rows
from edt_core.errors import MissingInput
from edt_core.llm.prompts import item_prompt
from edt_core.recipes import pipeline
from edt_core.stages.augmenter.generator import edited
from edt_core.stages.augmenter.noise_filter import (
    UNDEFINED,
    best_in_catalogue,
    best_matches,
    ranks_within,
    verdicts,
)
from edt_core.stages.embed import catalogue_prompts, embed_texts
from edt_core.store.decisions import FIELDS
from edt_core.store.project import Project
from edt_core.store.review_queue import generated_item
from edt_core.store.shown import shown
from edt_core.variants import Variant


@dataclass(frozen=True)
class ItemScore:
    """Eq. 4 to 6 for one item's present text, against the others as they were judged last."""

    id: int
    source_score: float | None
    target_score: float | None
    source_rank: int
    anchor_position: int | None
    threshold: float
    kept: bool


def score_item(project: Project, number: int) -> ItemScore:
    """Embed and score one generated item as it stands, edits included; nothing is stored.

    The embedded model is fitted on the catalogue first, so this takes seconds on a large one, and
    an endpoint is paid for one text. The next run gives the item the same scores; only its rank can
    still change, with other edits.

    Raises:
        UsageError: there is no such item.
        MissingInput: its surroundings are not stored, or are not those shown: run 'filter' first.
    """
    item = generated_item(project, number)
    config = configuration(project)
    made = pipeline(Variant.LLM_EDT, config, imported(project).digest, 0)
    store = project.artifacts
    for part in made.augmenter:
        if part.generated.fingerprint != shown(project, "drafts"):
            break
        drafts, catalogue = store.read(part.generated), store.read(made.data.catalogue)
        histories = store.read(made.data.histories)
        representatives = store.read(part.representatives)
        table = unit_rows(store.read(made.embeddings[0]).vectors)
        judged = _judged(project)
        texts = {name: value for name, value in item.edited.items() if name in FIELDS}
        changed = edited(drafts, [item.row], [texts]).text(item.row)
        lent = resources(
            project, config, device="cpu", max_cost=None, run=0,
            emit=lambda event: None, check=lambda: None,
        )  # fmt: skip
        embedder = lent.embedder(config.embedding.choice, catalogue_prompts(catalogue))
        user, target = int(drafts.users[item.row]), int(drafts.targets[item.row])
        prompt = item_prompt(catalogue.domain_names[target], changed)
        vector = embed_texts(embedder, [prompt], lambda done, total: None)
        keys, offsets = representatives.keys(histories.sequences), representatives.offsets
        row = np.array([2 * user + 1 - target])
        source, anchor = best_matches(vector, row, table, keys, offsets)
        row = np.array([2 * user + target])
        aim, _ = best_matches(vector, row, table, keys, offsets)
        if aim[0] == UNDEFINED and config.noise_filter.empty_target == "catalogue":
            aim = best_in_catalogue(vector, table[catalogue.domain == target], lambda: None)
        mine = np.flatnonzero((drafts.users == user) & (drafts.targets == target))
        scores = judged["source_score"][mine].copy()
        scores[mine == item.row] = source[0]
        ranks = ranks_within(np.zeros(len(mine), dtype=np.int64), scores)
        rank = ranks[mine == item.row]
        threshold = judged["thresholds"][target]
        passed = verdicts(rank, aim, threshold[None], config.noise_filter.top_k)[0]
        kept = not config.noise_filter.enabled or (passed and aim[0] > UNDEFINED)
        place = int(representatives.positions[anchor[0]]) if anchor[0] >= 0 else None
        return ItemScore(
            number, _score(source[0]), _score(aim[0]), int(rank[0]), place,
            float(threshold), bool(kept),
        )  # fmt: skip
    raise MissingInput(
        "The shown items were generated with other settings than the project has now.",
        hint="Run 'edt run --until filter' first.",
    )


def _judged(project: Project) -> dict[str, np.ndarray]:
    fingerprint = shown(project, "judged")
    if not fingerprint:
        raise MissingInput("Nothing was scored yet.", hint="Run 'edt run --until filter' first.")
    arrays, _ = project.artifacts.arrays(fingerprint)
    return arrays


def _score(value: float) -> float | None:
    return float(value) if value > UNDEFINED else None
