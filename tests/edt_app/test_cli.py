"""The command line as processes: what scripts and people rely on."""

import contextlib
import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from shell import Shell, prepare

SLOW_TO_IMPORT = ("torch", "sklearn", "openai", "sqlmodel", "duckdb", "textual")


def test_help_needs_no_heavy_library(edt: Shell):
    code = (
        "import sys; from edt_app.cli import main; main(['--help']); "
        f"sys.exit(any(name in sys.modules for name in {SLOW_TO_IMPORT}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"recommend" in done.stdout


def test_status_needs_no_torch(made: Shell):
    code = (
        "import sys; from edt_app.cli import main; main(['status', '--project', 'small']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'openai', 'alembic')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=made.environment(), check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_same_run_twice_computes_nothing_the_second_time(made: Shell):
    again = made("run", "--project", "small", "--seed", 42, "--json")
    assert again.status == 0
    told = again.document()
    assert told["computed"] == 0
    assert told["run"] == 1


def test_a_changed_threshold_runs_from_the_filter_on_and_asks_for_no_generation(copied: Shell):
    before = copied("calls", "--project", "small", "--stage", "generate", "--limit", 9999, "--json")
    changed = ("--set", "noise_filter.threshold=0.8", "--seed", 42)
    assert copied("run", "--project", "small", *changed).status == 0
    after = copied("calls", "--project", "small", "--stage", "generate", "--limit", 9999, "--json")
    assert before.document() == after.document()
    stages = copied("runs", "--project", "small", "--json").document()
    assert [line["id"] for line in stages] == [2, 1]


def test_a_run_from_the_import_says_that_it_repeats_none(copied: Shell):
    told = copied("run", "--project", "small", "--from", "import", "--until", "import")
    assert told.status == 0, told.err
    assert "A run repeats no import; 'edt import' does." in told.err


def test_a_key_says_what_it_makes_stale(copied: Shell):
    def states() -> dict[str, str]:
        found = copied("status", "--project", "small", "--json").document()
        return {line["step"]: line["state"] for line in found["stages"]}

    before = states()
    assert before["generate"] == before["filter"] == before["profile"] == "fresh"
    change = ("config", "--project", "small", "set", "noise_filter.top_k", "1")
    told = copied(*change, "--dry-run", "--json").document()
    assert states() == before
    copied(*change)
    after = states()
    assert {step for step in before if before[step] != after[step]} <= set(told["stale"])
    assert {step for step in before if before[step] != after[step]} <= {
        "filter", "review", "insert", "profile", "pretrain", "finetune", "evaluate",
    }  # fmt: skip
    assert after["filter"] == "stale"
    copied("config", "--project", "small", "set", "noise_filter.top_k", "3")
    assert states() == before


def test_json_is_exactly_one_document_and_nothing_else(made: Shell):
    for command in (
        ["projects", "--json"],
        ["status", "--project", "small", "--json"],
        ["estimate", "--project", "small", "--json"],
        ["items", "--project", "small", "--json"],
        ["calls", "--project", "small", "--json"],
        ["runs", "--project", "small", "--json"],
        ["config", "--project", "small", "--json"],
        ["report", "--project", "small", "--format", "json"],
        ["recommend", "--project", "small", "--user", "u0001", "--domain", "kitchen", "--json"],
        ["doctor", "--json"],
    ):
        told = made(*command)
        assert told.status == 0, (command, told.err)
        told.document()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["run", "--project", "nothing"], "no project 'nothing'"),
        (["run", "--project", "small", "--until", "fly"], "no stage 'fly'"),
        (["run", "--project", "small", "--set", "noise_filter.treshold=1"], "threshold"),
        (["run", "--project", "small", "--set", "noise_filter.threshold=7"], "less than or equal"),
        (["run", "--project", "small", "--variant", "GPT"], "no model 'GPT'"),
        (["run", "--project", "small", "--device", "tpu"], "no device 'tpu'"),
        (["run", "--project", "small", "--fly"], "--fly"),
        (["run", "--project", "small", "--seed", "-1"], "--seed"),
        (["run", "--project", "small", "--seed", "99999999999999999999"], "--seed"),
        (["run", "--project", "small", "--from", "evaluate", "--until", "embed"], "comes after"),
        (["run", "--project", "small", "--set", "evaluation.cutoffs=0"], "at least 1"),
        (["calls", "--project", "small", "--stage", "fly"], "no stage 'fly'"),
        (["items", "--project", "small", "--user", "nobody"], "nobody"),
        (["frobnicate"], "frobnicate"),
        (["new", "a/b"], "name"),
        (["new", ".."], "name"),
        (["new", "x\x1b]0;evil\x07"], "name"),
        (["new", "small"], "small"),
        (["delete", "small"], "--yes"),
        (["items", "--project", "small", "--verdict", "maybe"], "--verdict"),
        (["items", "--project", "small", "--where", "1; DROP TABLE run"], ""),
        (["review", "accept", "--project", "small"], "ids"),
        (["review", "accept", "999999", "--project", "small"], "999999"),
        (["calls", "show", "999999", "--project", "small"], "999999"),
        (["recommend", "--project", "small", "--user", "nobody", "--domain", "kitchen"], "nobody"),
        (["recommend", "--project", "small", "--user", "u0001", "--domain", "x"], "no domain"),
        (["runs", "--project", "small", "compare", "1", "77"], "no run 77"),
        (["report", "--project", "small", "--format", "xml"], "xml"),
        (["experiment", "magic", "--project", "small"], "magic"),
        (["restore", "/nonexistent.zip"], "nonexistent"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(made: Shell, command: list[str], said: str):
    told = made(*command)
    assert told.status == 2, told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    assert "\x1b" not in told.err
    assert said in told.err
    assert len(told.err.splitlines()) <= 2
    if "run" in command:  # what can't begin leaves no run behind
        assert len(made("runs", "--project", "small", "--json").document()) == 1


def test_a_second_run_is_refused_while_one_goes_on(edt: Shell, shop: list[str]):
    prepare(edt, shop)
    slow = ("--set", "pretraining.epochs=100000", "--set", "pretraining.patience=100000")
    first = edt.start("run", "--project", "small", "--seed", 42, *slow)
    try:
        wait_for_state(edt, "running")
        second = edt("run", "--project", "small", "--seed", 42)
        assert second.status == 1
        assert str(first.pid) in second.err
        assert edt("status", "--project", "small").status == 0
    finally:
        first.terminate()
    assert first.wait(timeout=60) == 130
    assert edt("runs", "--project", "small", "--json").document()[0]["state"] == "interrupted"


def test_a_run_killed_in_both_phases_goes_on_to_the_same_ranks(edt: Shell, shop: list[str]):
    prepare(edt, shop)
    longer = [
        f"--set={phase}.{name}=16"
        for phase in ("pretraining", "fine_tuning")
        for name in ("epochs", "patience")
    ]
    assert edt("run", "--project", "small", "--until", "profile").status == 0
    archive = edt.home.parent / "before.zip"
    assert edt("backup", archive, "--project", "small").status == 0
    assert edt("restore", archive, "--as", "whole").status == 0
    killed_in = set()
    for epochs in (5, 16):  # the last kill falls into the second phase
        process = edt.start("run", "--project", "small", "--seed", 42, *longer)
        wait_for_epochs(edt, process, epochs)
        if process.poll() is None:
            process.kill()
            killed_in.update(path.parent.name for path in training_states(edt))
        process.wait()
    assert len(killed_in) == 2
    ended = edt("run", "--project", "small", "--seed", 42, *longer, "--json").document()
    whole = edt("run", "--project", "whole", "--seed", 42, *longer, "--json").document()
    assert ended["metrics"] == whole["metrics"]


def training_states(edt: Shell) -> list[Path]:
    """The file that a training writes after every epoch, while it trains."""
    return list((edt.home / "small" / "scratch").glob("*/training.safetensors"))


def wait_for_epochs(edt: Shell, process: "subprocess.Popen[bytes]", epochs: int) -> None:
    """Wait until so many more epochs were trained, or the process has ended."""
    seen, before = 0, stamps(edt)
    deadline = time.monotonic() + 120
    while seen < epochs and process.poll() is None and time.monotonic() < deadline:
        now = stamps(edt)
        seen += now != before
        before = now
        time.sleep(0.002)


def stamps(edt: Shell) -> list[int]:
    found = []
    for path in training_states(edt):
        with contextlib.suppress(OSError):  # replaced or gone in this moment
            found.append(path.stat().st_mtime_ns)
    return found


def wait_for_state(edt: Shell, state: str) -> None:
    """Wait until the newest run of ``small`` is in this state and past its first stages."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        told = edt("runs", "--project", "small", "--json")
        if told.status == 0 and (lines := told.document()) and lines[0]["state"] == state:
            return
        time.sleep(0.2)
    raise AssertionError(f"the run never was {state}")


def test_export_holds_every_file_and_the_metrics_follow_from_the_ranks(made: Shell, tmp_path: Path):
    out = tmp_path / "out"
    assert made("export", "--project", "small", "--out", out).status == 0
    assert {path.name for path in out.iterdir()} == {
        "items.jsonl", "interactions.csv", "generated.jsonl", "augmented.jsonl", "profiles.jsonl",
        "calls.jsonl", "text_embeddings.safetensors", "text_embeddings.json", "candidates.npz",
        "ranks.csv", "metrics.json", "config.json",
    }  # fmt: skip
    assert {path.stat().st_mode for path in out.iterdir()} == {(out / "ranks.csv").stat().st_mode}
    page = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    for path in sorted(out.glob("*.jsonl")) + sorted(out.glob("*.csv")):
        first = path.read_text().partition("\n")[0]
        columns = list(json.loads(first)) if path.suffix == ".jsonl" else first.split(",")
        (described,) = [line for line in page.splitlines() if line.startswith(f"| `{path.name}`")]
        assert [name for name in columns if f"`{name}`" not in described] == []
    with (out / "ranks.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    hits = np.mean([float(row["rank_full"]) <= 10 for row in rows])
    told = made("run", "--project", "small", "--seed", 42, "--json").document()["metrics"]
    stored = next(
        line["value"]
        for line in told
        if (line["split"], line["domain"], line["name"]) == ("test", "all", "full.hit_rate@10")
    )
    assert hits == pytest.approx(stored)
    config = json.loads((out / "config.json").read_text())
    assert config["pretraining"]["width"] == 16
    assert made("export", "--project", "small", "--out", out).status == 2


def test_a_decision_changes_what_is_inserted_and_can_be_taken_back(copied: Shell):
    kept = copied("items", "--project", "small", "--verdict", "kept", "--json").document()
    filtered = copied("items", "--project", "small", "--verdict", "filtered", "--json").document()
    rejected, accepted = kept[0]["id"], filtered[0]["id"]
    assert copied("review", "--project", "small", "reject", rejected).status == 0
    assert copied("review", "accept", accepted, "--project", "small").status == 0
    assert copied("run", "--project", "small", "--until", "insert").status == 0
    items = copied("items", "--project", "small", "--limit", 99999, "--json").document()
    now = {line["id"]: line["inserted"] for line in items}
    assert not now[rejected]
    assert now[accepted]
    for _ in range(2):
        assert copied("review", "undo", "--project", "small").status == 0
    assert copied("run", "--project", "small", "--until", "insert").status == 0
    items = copied("items", "--project", "small", "--limit", 99999, "--json").document()
    assert {line["id"] for line in items if line["inserted"]} == {
        line["id"] for line in items if line["verdict"] == "kept"
    }


def test_decisions_travel_in_a_file(copied: Shell, tmp_path: Path):
    file = tmp_path / "decisions.jsonl"
    assert copied("review", "reject", "--where", "source_rank>1", "--project", "small").status == 0
    assert copied("review", "export", file, "--project", "small").status == 0
    assert copied("review", "undo", "--project", "small").status == 0
    told = copied("review", "import", file, "--project", "small")
    assert told.status == 0
    lines = copied("items", "--project", "small", "--limit", 99999, "--json").document()
    assert {line["decision"] for line in lines if line["source_rank"] > 1} == {"rejected"}


def test_a_required_review_stops_with_status_3_and_goes_on_after_it(edt: Shell, shop: list[str]):
    prepare(edt, shop)
    edt("config", "--project", "small", "set", "review.required", "true")
    waiting = edt("run", "--project", "small", "--until", "insert")
    assert waiting.status == 3
    assert "review" in waiting.err.lower()
    kept = edt("review", "accept", "--where", "verdict='kept'", "--project", "small")
    assert kept.status == 0, kept.err
    assert edt("run", "--project", "small", "--until", "insert").status == 0


def test_recommendations_are_unseen_items_of_the_domain_best_first(made: Shell, tmp_path: Path):
    asked = ("recommend", "--project", "small", "--user", "u0001", "--domain", "kitchen")
    told = made(*asked, "--top", 5, "--json").document()
    assert len(told["items"]) == 5
    scores = [line["score"] for line in told["items"]]
    assert scores == sorted(scores, reverse=True)
    out = tmp_path / "out"
    made("export", "--project", "small", "--out", out)
    with (out / "interactions.csv").open(newline="") as file:
        seen = {int(row["key"]) for row in csv.DictReader(file) if row["user"] == "u0001"}
    assert not seen & {line["key"] for line in told["items"]}


def test_a_wrong_import_leaves_the_project_as_it_was(copied: Shell, tmp_path: Path):
    before = copied("status", "--project", "small", "--json").document()["stages"][0]
    bad = tmp_path / "bad.csv"
    bad.write_text("who,what\n1,2\n")
    for path, said in (
        (tmp_path / "missing.csv", "missing.csv"),
        (tmp_path, str(tmp_path)),
        (bad, "bad.csv"),
    ):
        told = copied(
            "import", "--project", "small", "--format", "csv",
            f"--domain-a=a={path}", f"--domain-b=b={path}",
        )  # fmt: skip
        assert told.status == 2, told.err
        assert said in told.err
        assert "Traceback" not in told.err
    assert copied("status", "--project", "small", "--json").document()["stages"][0] == before


def test_a_backup_of_a_project_is_the_project(copied: Shell, made: Shell):
    ours = copied("report", "--project", "small")
    assert ours.status == 0
    assert ours.out == made("report", "--project", "small").out
