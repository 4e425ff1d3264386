"""Every stage once on 150 users of a real data set; skipped where the data is not at hand."""

import csv
import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from edt_core.actions.configuring import change, configuration
from edt_core.actions.importing import import_dataset
from edt_core.actions.jobs import Job, imported, pipelines_of
from edt_core.actions.running import run_variant
from edt_core.data.importing import DomainFiles
from edt_core.store.home import Home
from edt_core.variants import Variant

DATA = Path(os.environ.get("EDT_DATA", Path(__file__).parents[3] / "shared" / "data"))
FOLDER = DATA / "food-kitchen"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no real data in {FOLDER}")

NAMES = ("food", "kitchen")
N_USERS = 150
SETTINGS = {
    "embedding.dimensions": 48,
    "clusters.n_clusters": 4,
    "generator.n_generate": 2,
    "noise_filter.threshold_kind": "percentile",
    "noise_filter.threshold": 0.7,
    "profiles.n_clusters": 3,
    "pretraining.width": 16,
    "pretraining.epochs": 1,
    "pretraining.batch_size": 64,
    "fine_tuning.epochs": 1,
    "fine_tuning.adapter_width": 8,
    "evaluation.n_negatives": 50,
}


def events():
    """``(user, item, time)`` of each domain in file order."""
    for name in NAMES:
        with gzip.open(FOLDER / f"{name}.inter.csv.gz", "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            yield [(row["user_id"], row["item_id"], float(row["timestamp"])) for row in rows]


@pytest.fixture(scope="module")
def slice_of(tmp_path_factory):
    """The files of the first users who are in both domains, and their events by user."""
    folder = tmp_path_factory.mktemp("slice")
    domains = list(events())
    shared = {user for user, _, _ in domains[0]} & {user for user, _, _ in domains[1]}
    users = set(sorted(shared)[:N_USERS])
    histories, files = defaultdict(list), []
    for name, rows in zip(NAMES, domains, strict=True):
        kept = [row for row in rows if row[0] in users]
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("user_id", "item_id", "timestamp"), *kept])
        for user, item, time in kept:
            histories[user].append((time, name, item))
        wanted = {item for _, item, _ in kept}
        with gzip.open(FOLDER / f"{name}.items.jsonl.gz", "rt", encoding="utf-8") as file:
            lines = [line for line in file if json.loads(line)["item_id"] in wanted]
        (folder / f"{name}.jsonl").write_text("".join(lines), "utf-8")
        files.append(DomainFiles(name, folder / f"{name}.csv", folder / f"{name}.jsonl"))
    for rows in histories.values():
        rows.sort(key=lambda row: row[0])  # stable: ties stay in file order, A first
    return tuple(files), histories


def run(project):
    return run_variant(project, seeds=[42], device="cpu", sink=lambda _: None, check=lambda: None)


@pytest.fixture(scope="module")
def made(slice_of, tmp_path_factory):
    """The project after all stages, its pipeline, and how the run ended."""
    with Home(tmp_path_factory.mktemp("home")).create("slice") as project:
        import_dataset(
            project, domains=slice_of[0], layout="csv", recipe="none", sink=lambda _: None
        )
        change(project, SETTINGS)
        outcome = run(project)
        job = Job(Variant.LLM_EDT, configuration(project), (42,))
        yield project, pipelines_of(project, job, imported(project).digest)[0], outcome


def test_targets_are_the_last_two_events_as_counted_from_the_files(made, slice_of):
    project, pipeline, _ = made
    catalogue = project.artifacts.read(pipeline.data.catalogue)
    ranks = project.artifacts.read(pipeline.ranks)
    names = [row.source_id for row in users_of(project)]
    for split, place in ((0, -2), (1, -1)):
        rows = np.flatnonzero(ranks.split == split)
        assert len(rows) == sum(len(events) > 2 for events in slice_of[1].values())
        for row in rows:
            _, domain, item = slice_of[1][names[ranks.users[row]]][place]
            target = ranks.targets[row]
            assert catalogue.source_ids[target] == item
            assert NAMES[catalogue.domain[target]] == domain == NAMES[ranks.domains[row]]


def users_of(project):
    from edt_core.store.questions import users

    return users(project, limit=N_USERS + 1)


def test_generated_items_are_judged_inserted_and_written_about(made):
    project, pipeline, _ = made
    store, (part,) = project.artifacts, pipeline.augmenter
    drafts, judged = store.read(part.drafts), store.read(part.judged)
    histories = store.read(pipeline.data.histories).sequences
    augmented = store.read(pipeline.augmented[0])
    domain = store.read(pipeline.data.catalogue).domain
    assert 100 < judged.kept.sum() < len(drafts) <= 2 * 2 * N_USERS
    assert augmented.generated.sum() == judged.kept.sum()
    raw = augmented.sequences.where(~augmented.generated)
    assert np.array_equal(raw.items, histories.items)
    anchored = judged.anchor_position >= 0
    anchors = histories.items[
        histories.offsets[drafts.users[anchored]] + judged.anchor_position[anchored]
    ]
    assert (domain[anchors] != drafts.targets[anchored]).all()
    profiles = store.read(pipeline.profiles[0])
    some = [profiles.of(user) for user in np.flatnonzero(histories.lengths)]
    assert all(profile.analysis and profile.summaries for profile in some)


def test_ranks_lie_within_the_catalogue_and_beat_chance(made):
    project, pipeline, outcome = made
    ranks = project.artifacts.read(pipeline.ranks)
    assert (ranks.rank_full >= 1).all()
    assert (ranks.rank_full <= ranks.candidates_full).all()
    assert (ranks.rank_sampled <= 51).all()
    assert (ranks.rank_full / ranks.candidates_full).mean() < 0.5
    assert outcome.state == "done"
    assert len(outcome.metrics) > 20


def test_the_same_run_again_computes_nothing(made):
    project, _, outcome = made
    again = run(project)
    assert (again.run, again.computed) == (outcome.run, 0)
    assert again.metrics == outcome.metrics
