"""``edt export``: everything in a project as open formats (DESIGN section 7)."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from edt_core.config import Config
from edt_core.data.sequences import BOTH
from edt_core.errors import MissingInput, UsageError
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.summary import Summary, reported, summarise
from edt_core.store import export_rows as rows
from edt_core.store.artifacts import Artifacts, plain_disk_errors
from edt_core.store.database import rows_of
from edt_core.store.datasets import dataset_of
from edt_core.store.decisions import SHOWN
from edt_core.store.project import Project


@dataclass(frozen=True)
class Sources:
    """The stored results that an export is made of; an empty fingerprint: not made yet."""

    embeddings: str = ""
    draft_embeddings: str = ""
    augmented: str = ""
    candidates: str = ""
    evaluations: Sequence[tuple[int, int | None, str]] = ()
    """Run, seed and fingerprint of every evaluation of a finished run."""


def export(project: Project, out: Path, config: Config) -> None:
    """Write the whole project into the folder ``out``, all or nothing.

    What was not made yet is an empty file, so that every file of the contract is always there.

    Args:
        project: The project.
        out: A folder that doesn't exist or is empty.
        config: The project's configuration.

    Raises:
        UsageError: ``out`` holds something, or can't be made.
        MissingInput: nothing was imported yet.
        EdtError: the disk is full; nothing is left behind.
    """
    dataset = dataset_of(project)
    if dataset is None:
        raise MissingInput(f"{project.name} holds no data yet.", hint="Run 'edt import' first.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is not empty.", hint="Choose another folder.")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {out.absolute().parent}.", hint="Make it first.")
    aside = out.absolute().with_name(f".{out.name}.{uuid4().hex[:8]}.tmp")
    try:
        with plain_disk_errors(out):
            aside.mkdir()
            _write(project, aside, config, dataset.domain_names)
            if out.exists():
                out.rmdir()
            aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def found_sources(project: Project) -> Sources:
    """What stands behind the generated items that are shown, and every finished evaluation.

    Results of another data set are left out: its users and items are not this one's. So are those
    made from other generated items than the shown ones: their ids and keys would lead nowhere.
    """
    with project.database.read() as session:
        latest = dict(rows_of(session, "SELECT kind, fingerprint FROM latest"))
        digests = [digest for (digest,) in rows_of(session, "SELECT digest FROM dataset")]
        evaluations = rows_of(
            session,
            "SELECT s.run, s.seed, s.fingerprint FROM run_stage s JOIN run r ON r.id = s.run "
            "JOIN artifact a ON a.fingerprint = s.fingerprint WHERE s.step = 'evaluate' "
            "AND s.stage LIKE 'Evaluate%' AND r.state = 'done' ORDER BY s.run, s.seed",
        )
        stages = rows_of(
            session,
            "SELECT fingerprint, stage, inputs, parameters FROM artifact ORDER BY created_at",
        )
    graph = {fingerprint: (stage, json.loads(inputs)) for fingerprint, stage, inputs, _ in stages}
    imports = {
        fingerprint: json.loads(parameters)["dataset"]["digest"]
        for fingerprint, stage, _, parameters in stages
        if stage.startswith("Imported")
    }
    shown = latest.get("drafts", "")
    ours: set[str] = set()
    newest: dict[str, str] = {}
    for fingerprint, (stage, _) in graph.items():
        behind = _behind(graph, fingerprint)
        if all(imports.get(made, digests[0]) == digests[0] for made in behind.values()):
            ours.add(fingerprint)
            if behind.get("GenerateItems", shown) == shown:
                newest[stage] = fingerprint
    inserted = latest.get("inserted", "")
    fits = inserted in ours and _behind(graph, inserted).get("GenerateItems", shown) == shown
    augmented = inserted if fits else newest.get("KeepRaw", "")
    behind = newest | _behind(graph, augmented)
    return Sources(
        behind.get("EmbedItems", ""),
        behind.get("EmbedDrafts", ""),
        augmented,
        behind.get("DrawCandidates", ""),
        [(run, seed, made) for run, seed, made in evaluations if made in ours],
    )


def _behind(graph: dict[str, tuple[str, list[str]]], target: str) -> dict[str, str]:
    """By stage class, the fingerprints of everything that ``target`` was made from."""
    found: dict[str, str] = {}
    waiting, seen = [target], set()
    while waiting:
        fingerprint = waiting.pop()
        if fingerprint in seen or fingerprint not in graph:
            continue
        seen.add(fingerprint)
        stage, inputs = graph[fingerprint]
        found.setdefault(stage, fingerprint)
        waiting.extend(inputs)
    return found


def _write(project: Project, folder: Path, config: Config, domain_names: list[str]) -> None:
    sources = found_sources(project)
    with project.database.read() as session:
        users = [name for (name,) in rows_of(session, "SELECT source_id FROM user ORDER BY id")]
        drafts = [
            number
            for (number,) in rows_of(
                session, f"SELECT id FROM generated WHERE drafts = ({SHOWN}) ORDER BY row"
            )
        ]
        labels = dict(rows_of(session, "SELECT id, label FROM run"))
        rows.write_items(session, folder / "items.jsonl", domain_names)
        rows.write_interactions(session, folder / "interactions.csv", domain_names)
        rows.write_generated(session, folder / "generated.jsonl")
        rows.write_profiles(session, folder / "profiles.jsonl")
        rows.write_calls(session, folder / "calls.jsonl")
    store = project.artifacts
    evaluations = list(sources.evaluations)
    rows.write_augmented(store, sources.augmented, users, folder / "augmented.jsonl")
    rows.write_ranks(store, evaluations, users, domain_names, folder / "ranks.csv")
    _write_embeddings(store, sources, drafts, folder)
    _write_candidates(store, sources.candidates, users, folder / "candidates.npz")
    cutoffs = reported(config.evaluation.cutoffs)
    metrics = _metrics(store, evaluations, labels, cutoffs, domain_names)
    _write_json(folder / "metrics.json", metrics)
    _write_json(folder / "config.json", config.model_dump(mode="json"))


def _write_embeddings(store: Artifacts, sources: Sources, drafts: list[int], folder: Path) -> None:
    from safetensors.numpy import save_file

    vectors = {}
    for name, fingerprint in (
        ("items", sources.embeddings),
        ("generated", sources.draft_embeddings),
    ):
        empty = np.zeros((0, 0), dtype=np.float32)
        vectors[name] = store.arrays(fingerprint)[0]["vectors"] if fingerprint else empty
    ids = drafts[: len(vectors["generated"])]
    known = store.line(sources.embeddings) if sources.embeddings else None
    file = folder / "text_embeddings.safetensors"
    save_file(vectors, file)  # for its owner alone; the other files are whose the umask says
    file.chmod((folder / "items.jsonl").stat().st_mode & 0o777)
    _write_json(
        folder / "text_embeddings.json",
        {
            "items": list(range(len(vectors["items"]))),
            "generated": ids,
            "choice": known.parameters if known else {},
            "dimensions": int(vectors["items"].shape[1]),
        },
    )


def _write_candidates(store: Artifacts, fingerprint: str, users: list[str], file: Path) -> None:
    if fingerprint:
        arrays, _ = store.arrays(fingerprint)
        names = np.array([users[user] for user in arrays["users"].tolist()], dtype=np.str_)
        test, valid = arrays["negatives"], arrays["valid_negatives"]
    else:
        names = np.zeros(0, dtype=np.str_)
        test = valid = np.zeros((0, 0), dtype=np.int64)
    np.savez_compressed(file, users=names, negatives=test, valid_users=names, valid_negatives=valid)


def _metrics(
    store: Artifacts,
    evaluations: list[tuple[int, int | None, str]],
    labels: dict[int, str],
    cutoffs: Sequence[int],
    domain_names: list[str],
) -> dict[str, Any]:
    """``{run: {label, seeds: {seed: {split: {domain: {metric: value}}}}}}``."""
    told: dict[str, Any] = {}
    for run, seed, fingerprint in evaluations:
        arrays, _ = store.arrays(fingerprint)
        by_split: dict[str, Any] = {}
        for line in summarise([Ranks(**arrays)], cutoffs):
            domain = BOTH if line.domain is None else domain_names[line.domain]
            by_split.setdefault(line.split, {}).setdefault(domain, {})[_name(line)] = line.mean
        entry = told.setdefault(str(run), {"label": labels[run], "seeds": {}})
        entry["seeds"]["none" if seed is None else str(seed)] = by_split
    return told


def _name(line: Summary) -> str:
    """Such as ``full.ndcg@10``."""
    return f"{line.protocol}.{line.metric}" + (f"@{line.cutoff}" if line.cutoff else "")


def _write_json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
