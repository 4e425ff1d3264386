from pathlib import Path

import pytest
from standing import DIGEST, make_stand, standing

from edt_core.actions.configuring import change, configuration
from edt_core.actions.jobs import Job, keep_decisions, pipelines_of
from edt_core.actions.status import project_status
from edt_core.recipes import DEFAULT_SEEDS, Pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.store.generated import record_drafts
from edt_core.store.project import Project
from edt_core.store.review import decide, edit
from edt_core.store.runs import NewRun, RunStageLine, end_run, note_stage, start_run
from edt_core.store.shown import show
from edt_core.variants import Variant


def job(project: Project, variant: Variant = Variant.LLM_EDT, **settings: object) -> Job:
    return Job(variant, configuration(project).changed(settings), DEFAULT_SEEDS)


def run(project: Project, asked: Job, *, ended: bool = True) -> tuple[int, list[Stage[object]]]:
    """A run of ``asked`` in the books, every stage of it done."""
    keep_decisions(project, asked, DIGEST)
    stages: dict[str, Stage[object]] = {}
    made: Pipeline
    for made in pipelines_of(project, asked, DIGEST):
        stages |= {stage.fingerprint: stage for stage in walk(made.ranks)}
    lines = [
        RunStageLine(stage.fingerprint, stage.step, type(stage).__name__, None, "done")
        for stage in stages.values()
    ]
    new = NewRun(asked.variant, "evaluate", DEFAULT_SEEDS, asked.config.model_dump(mode="json"))
    number = start_run(project, new, lines)
    if ended:
        end_run(project, number, "done")
    return number, list(stages.values())


def told(project: Project) -> dict[str, tuple[str, str]]:
    return {line.step: (line.state, line.reason) for line in project_status(project).stages}


@pytest.fixture
def shop(tmp_path: Path):
    """A project that was run once; two items were generated."""
    with standing(tmp_path) as project:
        (generated,) = (part.generated for part in _first(project).augmenter)
        record_drafts(project, generated.fingerprint, _drafts())
        show(project, "drafts", generated.fingerprint)
        run(project, job(project))
        yield project


def _first(project: Project) -> Pipeline:
    return pipelines_of(project, job(project), DIGEST)[0]


def _drafts():
    from types import SimpleNamespace

    import numpy as np

    return SimpleNamespace(
        users=np.array([0, 1]), targets=np.array([1, 1]), titles=["Wok", "Kettle"],
        brands=[""] * 2, dates=[""] * 2, prices=[""] * 2, categories=[[]] * 2,
        descriptions=[""] * 2, calls=np.array([1, 1]),
    )  # fmt: skip


def test_a_finished_project_is_fresh_and_says_nothing(shop: Project):
    assert set(told(shop).values()) == {("fresh", "")}


def test_a_changed_setting_is_named_with_its_stage_and_both_values(shop: Project):
    change(shop, {"noise_filter.threshold": 0.8})
    found = told(shop)
    assert found["generate"] == ("fresh", "")
    assert found["filter"] == ("stale", "noise_filter.threshold 0.9 → 0.8")
    assert found["evaluate"] == ("stale", "filter: noise_filter.threshold 0.9 → 0.8")


def test_what_changes_no_result_is_not_named_and_many_changes_are_counted(shop: Project):
    change(shop, {"llm.concurrency": 2, "pretraining.epochs": 3})
    assert told(shop)["pretrain"] == ("stale", "pretraining.epochs 200 → 3")
    change(shop, {
        "noise_filter.top_k": 1, "pretraining.layers": 1, "pretraining.patience": 2,
        "pretraining.heads": 3, "pretraining.width": 9,
    })  # fmt: skip
    state, reason = told(shop)["finetune"]
    assert state == "stale"
    assert reason.startswith("filter: noise_filter.top_k 3 → 1, pretrain: pretraining.")
    assert reason.endswith(" and 3 more")


def test_decisions_are_counted_and_enter_where_they_matter(shop: Project):
    decide(shop, "accept", [1])
    found = told(shop)
    assert found["filter"] == ("fresh", "")
    assert found["review"] == ("stale", "1 decision")
    assert found["pretrain"] == ("stale", "review: 1 decision")
    edit(shop, 2, {"title": "A kettle"})
    assert told(shop)["filter"] == ("stale", "review: 2 decisions")
    run(shop, job(shop))
    make_stand(shop, Step)
    assert set(told(shop).values()) == {("fresh", "")}


def test_a_run_of_another_model_or_setting_is_no_reason(shop: Project):
    run(shop, job(shop, Variant.SASREC, **{"pretraining.epochs": 7}))
    evaluated = [s.fingerprint for s in walk(_first(shop).ranks) if s.step is Step.EVALUATE]
    shop.artifacts._drop(evaluated)
    assert told(shop)["evaluate"] == ("partial", "not every seed or part is made")


def test_an_edited_prompt_is_the_reason(shop: Project):
    folder = shop.folder / "prompts"
    folder.mkdir()
    from edt_core.llm.prompts import PACKAGED

    (folder / "generate.txt").write_text(PACKAGED.source("generate") + "\nBe brief.")
    found = told(shop)
    assert found["embed"] == ("fresh", "")
    assert found["generate"] == ("stale", "its prompts were edited")
    assert found["evaluate"] == ("stale", "generate: its prompts were edited")


@pytest.mark.parametrize("changed", ["FilterNoise", "InsertItems", "Pretrain"])
def test_what_another_version_of_a_stage_made_is_stale_for_that(shop, monkeypatch, changed):
    stages = {type(stage).__name__: type(stage) for stage in walk(_first(shop).ranks)}
    assert changed in stages, sorted(stages)
    root = stages[changed].step
    monkeypatch.setattr(stages[changed], "version", 99)
    found = told(shop)
    assert found["embed"] == ("fresh", "")
    assert found[root] == ("stale", "another version of EDT made it")
    assert found["evaluate"] == ("stale", f"{root}: another version of EDT made it")
    change(shop, {"pretraining.batch_size": 7})
    assert "batch_size" in told(shop)["pretrain"][1]


def test_the_first_run_is_at_work_and_nothing_was_stopped_or_is_stale(tmp_path: Path):
    some = [Step.EMBED, Step.GENERATE, Step.FILTER, Step.REVIEW, Step.INSERT, Step.PROFILE]
    with standing(tmp_path, steps=some) as project, project.stages("edt run"):
        number, stages = run(project, job(project), ended=False)
        for stage in stages:
            state = "waiting" if stage.step in {Step.FINETUNE, Step.EVALUATE} else "done"
            note_stage(project, number, stage.fingerprint, state)
        training = next(stage for stage in stages if stage.step is Step.PRETRAIN)
        note_stage(project, number, training.fingerprint, "running")
        (project.artifacts.scratch(training) / "epoch-1").touch()
        found = told(project)
    assert found["pretrain"] == ("partial", "run 1 is at work on it")
    assert found["evaluate"] == ("missing", "run 1 comes to it")
