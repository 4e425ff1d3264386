"""Recommendations from any trained run, and what a second import does to what was made before."""

import json
from pathlib import Path

import pytest

from edt_core.actions.configuring import change, configuration
from edt_core.actions.importing import import_dataset
from edt_core.actions.recommending import recommend
from edt_core.actions.reporting import report
from edt_core.actions.running import run_variant
from edt_core.actions.user_case import user_case
from edt_core.data.importing import DomainFiles
from edt_core.data.shop import make_shop, write_shop
from edt_core.errors import MissingInput
from edt_core.events import silence
from edt_core.store.export import export
from edt_core.store.home import Home
from edt_core.store.project import Project
from edt_core.store.questions import counts, users

SETTINGS = {
    "embedding.dimensions": 16,
    "pretraining.width": 16,
    "pretraining.epochs": 1,
    "fine_tuning.epochs": 1,
    "fine_tuning.adapter_width": 8,
    "evaluation.n_negatives": 20,
    "noise_filter.threshold_kind": "percentile",
    "noise_filter.threshold": 0.5,
}


def shop_into(project: Project, folder: Path, n_users: int) -> None:
    folder.mkdir()
    paths = write_shop(make_shop(n_users=n_users), folder)
    import_dataset(
        project,
        domains=(
            DomainFiles("outdoor", paths[0], paths[1]),
            DomainFiles("kitchen", paths[2], paths[3]),
        ),
        layout="csv",
        recipe="none",
        sink=silence,
    )


def run(project: Project, variant: str) -> int:
    given = {"seeds": [42], "device": "cpu", "sink": silence, "check": lambda: None}
    return run_variant(project, variant=variant, **given).run


@pytest.fixture
def project(tmp_path: Path):
    with Home(tmp_path / "home").create("tiny") as made:
        shop_into(made, tmp_path / "first", 60)
        change(made, SETTINGS)
        yield made


@pytest.mark.parametrize("variant", ["GRU4Rec", "SASRec (text)", "w/o DFT"])
def test_every_trained_model_recommends(project: Project, variant: str):
    number = run(project, variant)
    found = recommend(project, user=users(project)[0].source_id, domain="kitchen", top=3)
    assert found.run == number
    assert len(found.items) == 3


def test_a_second_import_hides_what_was_made_from_the_first(project: Project, tmp_path: Path):
    number = run(project, "LLM-EDT")
    assert counts(project).inserted > 0
    shop_into(project, tmp_path / "second", 40)
    assert counts(project).generated == counts(project).profiles == 0
    person = users(project)[0].source_id
    for wanted in (None, number):
        with pytest.raises(MissingInput):
            recommend(project, user=person, domain="kitchen", run=wanted)
    with pytest.raises(MissingInput, match="No run has a result"):
        report(project)
    export(project, tmp_path / "out", configuration(project))
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == {}
    assert (tmp_path / "out" / "augmented.jsonl").read_text() == ""

    shop_into(project, tmp_path / "again", 60)
    assert run(project, "LLM-EDT") == number
    assert counts(project).inserted > 0
    assert counts(project).profiles > 0


def test_as_tested_the_target_stands_where_the_evaluation_ranks_it(project):
    number = run(project, "LLM-EDT")
    person = users(project)[0]
    case = user_case(project, person.source_id, [number])
    target = next(event for event in case.events if event.kind == "target")
    name = case.domain_names[target.domain]
    given = {"user": person.source_id, "domain": name, "run": number, "top": 10_000}
    found = recommend(project, **given, as_tested=True).items
    (rank,) = [line for line in case.ranks if line.split == "target"]
    assert len(found) == rank.candidates
    place = 1 + [item.target for item in found].index(True)
    ties = [item for item in found if item.score == found[place - 1].score]
    assert abs(place - rank.rank) < len(ties)
    assert not any(item.target for item in recommend(project, **given).items)
