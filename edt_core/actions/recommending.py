"""``edt recommend``: items for a user from a trained run; no language model is asked (3.5.2)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from edt_core.actions.jobs import imported
from edt_core.actions.provenance import Origin, is_of, origin, refuse_earlier, stand_in_notes_of
from edt_core.actions.resources import chosen_device
from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Ints, Sequences, offsets_of
from edt_core.errors import MissingInput, UsageError
from edt_core.recipes import Data
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.stages.dual_phase.pretraining import Checkpoint
from edt_core.stages.embed import ItemEmbeddings
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.store.questions import user_by_source_id
from edt_core.variants import Variant


@dataclass(frozen=True)
class Recommended:
    """One recommended item."""

    key: int
    item: str
    """The source id."""
    title: str
    score: float
    target: bool = False
    """The held-out test item; only told where the test is asked for."""


@dataclass(frozen=True)
class Recommendations:
    """The best items of one domain for one user."""

    user: str
    domain: str
    run: int
    seed: int | None
    items: list[Recommended]
    note: str


def recommend(
    project: Project,
    *,
    user: str,
    domain: str,
    top: int = 10,
    run: int | None = None,
    as_tested: bool = False,
) -> Recommendations:
    """Rank a domain's real items by Eq. 11 after everything that is known of the user.

    Choice: the input is the augmented training part and both held-out events, because serving is
    no evaluation; items that the user already has are left out. With ``as_tested`` it is what the
    evaluation ranks (Figure 6): the test item is not in the input, and every real item competes.

    Raises:
        UsageError: there is no such user, domain or run.
        MissingInput: no run is trained.
    """
    dataset = imported(project)
    if domain not in dataset.domain_names:
        raise UsageError(
            f"There is no domain {domain!r}.", hint=f"Use {' or '.join(dataset.domain_names)}."
        )
    which = dataset.domain_names.index(domain)
    person = user_by_source_id(project, user)
    data = Data.of(dataset.digest)
    found = _trained_run(project, run, dataset.digest)
    line = found.line
    catalogue = project.artifacts.read(data.catalogue)
    held_out = [
        targets.items[targets.users == person.id]
        for targets in (project.artifacts.read(data.valid), project.artifacts.read(data.test))
    ]
    given = held_out[:1] if as_tested else held_out
    scores, seen, seed = _scores(project, line, catalogue, person.id, which, given)
    if not as_tested:
        scores[np.isin(catalogue.keys_of(Domain(which)), seen)] = -np.inf
    best = np.argsort(-scores, kind="stable")[: min(top, int(np.isfinite(scores).sum()))]
    keys = catalogue.keys_of(Domain(which))[best]
    note = "as in the test" if as_tested else f"{len(np.unique(seen))} known items left out"
    without = stand_in_notes_of({line.label: found})
    return Recommendations(
        person.source_id,
        domain,
        line.id,
        seed,
        [
            Recommended(
                int(key),
                catalogue.source_ids[key],
                catalogue.titles[key],
                float(score),
                as_tested and key in held_out[1],
            )
            for key, score in zip(keys, scores[best], strict=True)
        ],
        " ".join([f"Run {line.id} ({line.label}), seed {seed}; {note}.", *without]),
    )


def _trained_run(project: Project, wanted: int | None, digest: str) -> Origin:
    lines = runs.run_lines(project) if wanted is None else [runs.run_line(project, wanted)]
    lines.sort(key=lambda line: line.label != Variant.LLM_EDT)  # the full method before baselines
    for line in lines:
        found = origin(project, line)
        if wanted is not None:
            refuse_earlier(found, digest)
            return found
        trained = line.state == "done" and "EvaluateModel" in found.stages
        if trained and is_of(found, digest):
            return found
    raise MissingInput("No run is trained yet.", hint=f"Make one: edt run --project {project.name}")


def _scores(
    project: Project,
    line: runs.RunLine,
    catalogue: Catalogue,
    user: int,
    domain: int,
    held_out: list[Ints],
) -> tuple[np.ndarray, Ints, int | None]:
    """Scores of the domain's real items, the items that the user has, and the run's first seed."""
    from edt_core.stages.evaluate import trained_vectors

    stages = runs.run_stages(project, line.id)
    first = next((stage.seed for stage in stages if stage.stage == "Pretrain"), None)

    def made(name: str) -> str:
        return next(
            (s.fingerprint for s in stages if s.stage == name and s.seed in {None, first}), ""
        )

    store = project.artifacts
    if not made("Pretrain"):
        raise MissingInput(f"Run {line.id} trained no model.", hint="Choose another with --run.")
    augmented = store.read_as(Augmented, made("InsertItems") or made("KeepRaw"))
    with_text = made("EmbedItems")
    known = np.concatenate([augmented.sequences.of(user), *held_out])
    request = Sequences(known, offsets_of(np.array([len(known)])))
    vectors = trained_vectors(
        store.read_as(Checkpoint, made("Pretrain")),
        store.read_as(Checkpoint, made("FineTune")) if made("FineTune") else None,
        augmented,
        store.read_as(ItemEmbeddings, with_text).vectors if with_text else None,
        catalogue,
        (
            PretrainingSettings.model_validate(_settings(project, made("Pretrain"))),
            FineTuningSettings.model_validate(_settings(project, made("FineTune"))),
        ),
        (request, np.array([domain])),
        chosen_device("auto"),
    )
    scores = vectors.items[catalogue.keys_of(Domain(domain))] @ vectors.users[0]
    return scores.detach().cpu().numpy().astype(np.float64), known, first


def _settings(project: Project, checkpoint: str) -> dict[str, Any]:
    """What a checkpoint was trained with: a run's own settings don't name a baseline's encoder."""
    line = project.artifacts.line(checkpoint) if checkpoint else None
    found: dict[str, Any] = line.parameters["settings"] if line else {}
    return found
