"""What the noise filter says of one edited item, asked for between two runs (3.2.2)."""

import numpy as np

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import imported, templates_of
from edt_core.actions.resources import resources
from edt_core.config import Config, NoiseFilterSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Floats
from edt_core.data.vectors import unit_rows
from edt_core.errors import MissingInput
from edt_core.llm.prompts import item_prompt
from edt_core.llm.templating import Templates
from edt_core.recipes import Augmenter, Pipeline, pipeline
from edt_core.stages.augmenter.generator import Drafts, edited
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
from edt_core.store.rescored import ItemScore, keep_score, scored_texts, texts_digest
from edt_core.store.review_queue import GeneratedLine, generated_item
from edt_core.store.shown import shown
from edt_core.variants import Variant


def score_item(project: Project, number: int) -> ItemScore:
    """Embed and score one generated item as it stands, edits included, and keep the score.

    It is kept beside the run's and shown while the item has these texts, until a run judges anew;
    texts that the run scored itself need none. The embedded model is fitted on the catalogue first,
    so this takes seconds on a large one, and an endpoint is paid for one text. The next run gives
    the item the same scores; only its rank can still change, with other edits.

    Raises:
        UsageError: there is no such item.
        MissingInput: its surroundings are not stored, or are not those shown: run 'filter' first.
    """
    item = generated_item(project, number)
    judged = shown(project, "judged")
    if not judged:
        raise MissingInput("Nothing was scored yet.", hint="Run 'edt run --until filter' first.")
    config, own = configuration(project), templates_of(project)
    made = pipeline(Variant.LLM_EDT, config, imported(project).digest, 0, templates=own)
    for part in made.augmenter:
        if part.generated.fingerprint == shown(project, "drafts"):
            found = _score(project, item, judged, config, made, part, own.only("item"))
            texts = texts_digest(item.edited)
            if texts != scored_texts(project, judged).get(item.row, ""):
                keep_score(project, found, texts, judged)
            return found
    raise MissingInput(
        "The shown items were generated with other settings than the project has now.",
        hint="Run 'edt run --until filter' first.",
    )


def _score(
    project: Project,
    item: GeneratedLine,
    judged: str,
    config: Config,
    made: Pipeline,
    part: Augmenter,
    template: Templates,
) -> ItemScore:
    """Eq. 4 to 6 for one item, ranked among and held against what was judged last."""
    store = project.artifacts
    drafts, catalogue = store.read(part.generated), store.read(made.data.catalogue)
    histories, representatives = store.read(made.data.histories), store.read(part.representatives)
    table = unit_rows(store.read(made.embeddings[0]).vectors)
    before, settings = _judged(project, judged)
    vector = _vector(project, item, config, drafts, catalogue, template)
    user, target = int(drafts.users[item.row]), int(drafts.targets[item.row])
    keys, offsets = representatives.keys(histories.sequences), representatives.offsets
    source, anchor = best_matches(vector, np.array([2 * user + 1 - target]), table, keys, offsets)
    aim, _ = best_matches(vector, np.array([2 * user + target]), table, keys, offsets)
    if aim[0] == UNDEFINED and settings.empty_target == "catalogue":
        aim = best_in_catalogue(vector, table[catalogue.domain == target], lambda: None)
    mine = np.flatnonzero((drafts.users == user) & (drafts.targets == target))
    scores = before["source_score"][mine].copy()
    scores[mine == item.row] = source[0]
    rank = ranks_within(np.zeros(len(mine), dtype=np.int64), scores)[mine == item.row]
    threshold = before["thresholds"][target]
    passed = verdicts(rank, aim, threshold[None], settings.top_k)[0] and aim[0] > UNDEFINED
    return ItemScore(
        id=item.id,
        source_score=_defined(source[0]),
        target_score=_defined(aim[0]),
        source_rank=int(rank[0]),
        anchor_position=int(representatives.positions[anchor[0]]) if anchor[0] >= 0 else None,
        threshold=float(threshold),
        kept=bool(passed or not settings.enabled),
    )


def _vector(
    project: Project,
    item: GeneratedLine,
    config: Config,
    drafts: Drafts,
    catalogue: Catalogue,
    template: Templates,
) -> Floats:
    """The embedding of the item's present text, ``[1, E]``."""
    texts = {name: value for name, value in item.edited.items() if name in FIELDS}
    text = edited(drafts, [item.row], [texts]).text(item.row)
    lent = resources(
        project, config, device="cpu", max_cost=None, run=0,
        emit=lambda event: None, check=lambda: None,
    )  # fmt: skip
    corpus = catalogue_prompts(catalogue, template)
    embedder = lent.embedder(config.embedding.choice, corpus)
    domain = catalogue.domain_names[int(drafts.targets[item.row])]
    return embed_texts(embedder, [item_prompt(domain, text, template)], lambda done, total: None)


def _judged(
    project: Project, fingerprint: str
) -> tuple[dict[str, np.ndarray], NoiseFilterSettings]:
    """The filter's columns, and the settings that it judged by."""
    arrays, _ = project.artifacts.arrays(fingerprint)
    line = project.artifacts.line(fingerprint)
    return arrays, NoiseFilterSettings(**(line.parameters["settings"] if line else {}))


def _defined(value: float) -> float | None:
    return float(value) if value > UNDEFINED else None
