"""What an experiment would cost, and one cap over all its runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_service import LlmService, serving
from paid_shop import paid_shop

from edt_core.actions.configuring import change
from edt_core.actions.estimating import estimate
from edt_core.actions.experimenting import run_experiment
from edt_core.actions.running import run_variant
from edt_core.errors import BudgetReached, UsageError
from edt_core.events import Event, Noted, silence
from edt_core.store.calls import spend
from edt_core.store.project import Project


@pytest.fixture
def service() -> Iterator[LlmService]:
    with serving(LlmService()) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, service: LlmService) -> Iterator[Project]:
    prices = {"llm.price_input": 1.0, "llm.price_output": 1.0}
    with paid_shop(tmp_path, service, prices) as made:
        yield made


def made(project: Project, name: str, max_cost: float | None, sink=silence) -> None:
    run_experiment(
        project, name, seeds=[42], device="cpu", max_cost=max_cost, sink=sink, check=lambda: None
    )


def spent(project: Project) -> float:
    return sum(line.cost for line in spend(project))


def test_one_cap_holds_over_all_runs_of_an_experiment(
    project: Project, service: LlmService, tmp_path: Path
):
    prices = {"llm.price_input": 1.0, "llm.price_output": 1.0}
    with paid_shop(tmp_path, service, prices, name="uncapped") as other:
        made(other, "similarity", None)
        cap = 0.8 * spent(other)
    events: list[Event] = []
    with pytest.raises(BudgetReached):
        made(project, "similarity", cap, events.append)
    assert "Run 2 of 2: w/o Aug." in [e.text for e in events if isinstance(e, Noted)]
    assert 0.5 * cap < spent(project) <= cap
    change(project, {"llm.price_input": None})
    with pytest.raises(UsageError, match="No price is known"):
        made(project, "similarity", cap)


def test_an_estimate_counts_what_runs_share_once(project: Project, service: LlmService):
    run_variant(project, until="embed", seeds=[42], sink=silence, check=lambda: None)
    one = {line.what: line for line in estimate(project).lines}
    every = {line.what: line for line in estimate(project, experiment="alignment").lines}
    assert every == one  # its runs differ in training alone
    more = {line.what: line for line in estimate(project, experiment="clusters").lines}
    assert more["generations"].calls > one["generations"].calls
    assert not more["generations"].exact  # two runs may ask the same question
    short = estimate(project, experiment="statistics").lines  # it ends with the insertion
    assert short == [one["generations"]]
    with pytest.raises(UsageError, match="no experiment"):
        estimate(project, experiment="cluster")


def test_an_experiment_costs_at_most_its_estimate(project: Project, service: LlmService):
    run_variant(project, until="generate", seeds=[42], sink=silence, check=lambda: None)
    before, said = spent(project), estimate(project, experiment="similarity").cost
    made(project, "similarity", None)
    assert said is not None
    assert 0 < spent(project) - before <= said
