"""Everything as open formats: every file of DESIGN section 7, whole or not at all."""

import csv
import json
import time

import numpy as np
import pytest
from safetensors.numpy import load_file
from sqlmodel import select

from edt_core.config import Config
from edt_core.errors import EdtError, MissingInput, UsageError
from edt_core.llm.ledger import Call
from edt_core.store import runs
from edt_core.store.export import export
from edt_core.store.generated import record_drafts, record_inserted, record_profiles
from edt_core.store.memory import CallLedger
from edt_core.store.review import edit
from edt_core.store.tables import Artifact, Latest

FILES = {
    "items.jsonl", "interactions.csv", "generated.jsonl", "augmented.jsonl", "profiles.jsonl",
    "calls.jsonl", "text_embeddings.safetensors", "text_embeddings.json", "candidates.npz",
    "ranks.csv", "metrics.json", "config.json",
}  # fmt: skip


def store_arrays(project, stage, arrays, inputs=(), step="embed"):
    """A stored result of a stage class that this layer does not know; its fingerprint."""
    from safetensors.numpy import save_file

    from edt_core.store.artifacts import _checksum, _size

    fingerprint = f"{stage.lower():0<40}"
    folder = project.folder / "arrays" / fingerprint
    folder.mkdir(parents=True)
    save_file(arrays, folder / "arrays.safetensors")
    (folder / "values.json").write_text("{}")
    with project.database.write() as session:
        session.add(
            Artifact(
                fingerprint=fingerprint, step=step, stage=stage, parameters="{}",
                inputs=json.dumps(list(inputs)), folder=f"arrays/{fingerprint}",
                checksum=_checksum(folder), bytes=_size(folder), seconds=0.0,
                created_at=time.time(),
            )
        )  # fmt: skip
    return fingerprint


@pytest.fixture
def finished(project):
    """A project in which every stage ran: draft 1 stands as key 4 in the first user's sequence."""
    ones = np.ones((4, 3), dtype=np.float32)
    embeddings = store_arrays(project, "EmbedItems", {"vectors": ones})
    drafts = store_arrays(project, "EmbedDrafts", {"vectors": 2 * ones})
    augmented = {
        "sequences.items": np.array([0, 2, 4, 1, 3, 0]),
        "sequences.offsets": np.array([0, 3, 4, 6]),
        "generated": np.array([False, False, True, False, False, False]),
        "drafts": np.array([-1, -1, 1, -1, -1, -1]),
    }
    inserted = store_arrays(project, "InsertItems", augmented, [embeddings, drafts], "insert")
    record_inserted(project, "f" * 40, augmented["sequences.items"], augmented["drafts"])
    candidates = {
        "users": np.array([0, 1]),
        "negatives": np.array([[2], [1]]),
        "valid_negatives": np.array([[0], [3]]),
    }
    drawn = store_arrays(project, "DrawCandidates", candidates, step="evaluate")
    ranks = {
        "split": np.array([0, 1, 0, 1]),
        "users": np.array([0, 0, 1, 1]),
        "targets": np.array([1, 3, 2, 0]),
        "domains": np.array([0, 1, 1, 0]),
        "rank_full": np.array([1.0, 2.0, 1.5, 1.0]),
        "candidates_full": np.array([2, 2, 2, 2]),
        "rank_sampled": np.array([1.0, 2.0, 1.0, 1.0]),
    }
    evaluated = store_arrays(project, "EvaluateModel", ranks, [drawn], "evaluate")
    stages = [runs.RunStageLine(evaluated, "evaluate", "EvaluateModel", 42, "done")]
    run = runs.start_run(project, runs.NewRun("LLM-EDT", "evaluate", [42], {}), stages)
    runs.end_run(project, run, "done")
    with project.database.write() as session:
        session.merge(Latest(kind="inserted", fingerprint=inserted))
    row = {"user": 1, "clusters": [{"items": [1]}], "summaries": ["Jam."], "reform": "r"}
    record_profiles(project, "p" * 40, [row | {"analysis": "Likes jam."}])
    CallLedger(project.database).record(
        [
            Call("k", "generate", "generate", 1, "openai", "m", '{"messages": []}', "answered",
                 "{}", parsed='{"items": []}'),
            Call("l", "generate", "generate", None, "openai", "m", "{}", "failed"),
        ]
    )  # fmt: skip
    edit(project, 2, {"title": "Edited"})
    return project


def lines(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def table(file):
    with file.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def test_every_row_is_in_the_files(finished, tmp_path):
    out = tmp_path / "out"
    export(finished, out, Config())
    assert {path.name for path in out.iterdir()} == FILES

    items = lines(out / "items.jsonl")
    assert [item["key"] for item in items] == [0, 1, 2, 3, 4]
    assert items[0] == {
        "key": 0, "domain": "food", "item": "x", "generated": False, "title": "Tea", "brand": "a",
        "price": "1", "categories": ["Hot", "Drinks"], "description": "black",
    }  # fmt: skip
    assert items[4]["generated"]
    assert (items[4]["title"], items[4]["domain"]) == ("Edited", "kitchen")

    events = table(out / "interactions.csv")
    assert len(events) == 9
    assert events[3] == {
        "user": "u0", "key": "3", "domain": "kitchen", "timestamp": "3", "split": "test",
    }  # fmt: skip
    assert {event["user"] for event in events} == {"u0", "0001", "ü"}

    generated = lines(out / "generated.jsonl")
    assert [item["inserted"] for item in generated] == [False, True, False, False]
    assert generated[1] | {"fields": None, "source_score": 0.5} == {
        "id": 2, "user": "0001", "direction": "a2b", "fields": None, "source_score": 0.5,
        "target_score": pytest.approx(0.1), "source_rank": 1, "anchor_key": None,
        "anchor_position": None, "verdict": "filtered", "decision": "edited", "inserted": True,
        "key": 4,
    }  # fmt: skip
    assert generated[1]["fields"]["title"] == "Edited"
    assert generated[3]["target_score"] is None

    assert lines(out / "augmented.jsonl")[0] == {
        "user": "u0", "keys": [0, 2, 4], "generated": [False, False, True],
    }  # fmt: skip
    assert lines(out / "profiles.jsonl") == [
        {"user": "0001", "clusters": [{"items": [1]}], "summaries": ["Jam."], "reform": "r",
         "analysis": "Likes jam."}
    ]  # fmt: skip
    answered, failed = lines(out / "calls.jsonl")
    assert answered["stage"] == "generate"
    assert (answered["user"], answered["parsed"]) == ("0001", {"items": []})
    assert (failed["user"], failed["parsed"], failed["status"]) == (None, None, "failed")

    vectors = load_file(out / "text_embeddings.safetensors")
    names = json.loads((out / "text_embeddings.json").read_text())
    assert {name: len(vectors[name]) for name in vectors} == {"items": 4, "generated": 4}
    assert (names["items"], names["generated"]) == ([0, 1, 2, 3], [1, 2, 3, 4])
    assert names["dimensions"] == vectors["items"].shape[1] == 3

    candidates = np.load(out / "candidates.npz", allow_pickle=False)
    assert candidates["users"].tolist() == ["u0", "0001"]
    assert candidates["negatives"].tolist() == [[2], [1]]
    assert candidates["valid_users"].tolist() == ["u0", "0001"]
    assert candidates["valid_negatives"].tolist() == [[0], [3]]

    ranks = table(out / "ranks.csv")
    assert ranks[2] == {
        "run": "1", "seed": "42", "user": "0001", "domain": "kitchen", "split": "valid",
        "target": "2", "rank_full": "1.5", "candidates_full": "2", "rank_sampled": "1.0",
    }  # fmt: skip
    metrics = json.loads((out / "metrics.json").read_text())["1"]
    assert metrics["label"] == "LLM-EDT"
    assert metrics["seeds"]["42"]["test"]["all"]["full.hit_rate@1"] == 0.5
    assert metrics["seeds"]["42"]["test"]["food"]["full.mrr"] == 1.0
    config = json.loads((out / "config.json").read_text())
    assert config["noise_filter"]["threshold"] == 0.9


def test_what_was_not_made_yet_is_an_empty_file(project, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    export(project, out, Config())
    assert {path.name for path in out.iterdir()} == FILES
    assert table(out / "ranks.csv") == lines(out / "augmented.jsonl") == []
    assert len(lines(out / "items.jsonl")) == 4


def test_generated_items_that_are_not_shown_leave_no_trace(finished, toy, tmp_path):
    """Other items are generated, and nothing was made from them yet."""
    record_drafts(finished, "e" * 40, toy.drafts(2))
    with finished.database.write() as session:
        for kind, fingerprint in (("GenerateItems", "f" * 40), ("GenerateItems", "e" * 40)):
            session.add(
                Artifact(
                    fingerprint=fingerprint, step="generate", stage=kind, parameters="{}",
                    inputs="[]", folder="arrays/x", checksum="", bytes=0, seconds=0.0,
                    created_at=time.time(),
                )
            )  # fmt: skip
        for made in session.exec(select(Artifact).where(Artifact.stage == "EmbedDrafts")):
            made.inputs = json.dumps(["f" * 40])
    out = tmp_path / "out"
    export(finished, out, Config())
    assert len(lines(out / "generated.jsonl")) == 2
    assert not any(item["generated"] for item in lines(out / "items.jsonl"))
    assert lines(out / "augmented.jsonl") == []
    names = json.loads((out / "text_embeddings.json").read_text())
    assert (len(names["items"]), names["generated"]) == (4, [])
    assert load_file(out / "text_embeddings.safetensors")["generated"].shape[0] == 0


def test_results_of_data_that_was_imported_before_are_left_out(finished, tmp_path):
    with finished.database.write() as session:
        session.add(
            Artifact(
                fingerprint="h" * 40, step="import", stage="ImportedHistories",
                parameters='{"dataset": {"digest": "another"}}', inputs="[]", folder="arrays/h",
                checksum="", bytes=0, seconds=0.0, created_at=time.time(),
            )
        )  # fmt: skip
        for made in session.exec(select(Artifact).where(Artifact.stage != "ImportedHistories")):
            made.inputs = json.dumps([*json.loads(made.inputs), "h" * 40])
    out = tmp_path / "out"
    export(finished, out, Config())
    assert table(out / "ranks.csv") == lines(out / "augmented.jsonl") == []
    assert json.loads((out / "metrics.json").read_text()) == {}
    assert len(np.load(out / "candidates.npz", allow_pickle=False)["users"]) == 0


def test_an_item_without_categories_after_an_edit_has_none(finished, tmp_path):
    edit(finished, 2, {"categories": ""})
    export(finished, tmp_path / "out", Config())
    assert lines(tmp_path / "out" / "items.jsonl")[4]["categories"] == []


def test_a_folder_with_something_in_it_is_left_alone(project, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        export(project, tmp_path, Config())
    with pytest.raises(UsageError, match="not empty"):
        export(project, tmp_path / "notes.txt", Config())
    with pytest.raises(UsageError, match="no folder"):
        export(project, tmp_path / "a" / "b", Config())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_export_that_fails_leaves_nothing(finished, tmp_path):
    for file in (finished.folder / "arrays").rglob("*.safetensors"):
        file.write_bytes(b"")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(EdtError, match="damaged"):
        export(finished, tmp_path / "out", Config())
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_project_without_data_has_nothing_to_export(home, tmp_path):
    with home.create("empty") as empty, pytest.raises(MissingInput, match="import"):
        export(empty, tmp_path / "out", Config())
