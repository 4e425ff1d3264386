"""What a run lends its stages."""

from dataclasses import replace

import pytest

from edt_core.actions.resources import resources
from edt_core.config import Config
from edt_core.errors import UsageError
from edt_core.events import StageAdvanced, silence
from edt_core.llm import openai_chat, openai_embed
from edt_core.store.home import Home

PAID = {
    "llm.provider": "openai",
    "llm.model": "gpt-4o-mini",
    "embedding.provider": "openai",
    "embedding.model": "text-embedding-3-small",
}


@pytest.fixture
def project(tmp_path):
    with Home(tmp_path).create("small") as made:
        yield made


def lent(project, config, max_cost=1.0, emit=silence):
    return resources(
        project, config, device="cpu", max_cost=max_cost, run=1, emit=emit, check=lambda: None
    )


def test_all_stages_of_a_run_spend_from_one_till(project, monkeypatch: pytest.MonkeyPatch):
    purses = []
    monkeypatch.setattr(
        openai_chat, "service_model", lambda settings, ledger, purse, **_: purses.append(purse)
    )
    monkeypatch.setattr(
        openai_embed, "OpenAIEmbedder", lambda *_, ledger, purse: purses.append(purse)
    )
    config = Config().changed(PAID)
    given = lent(project, config)
    for _ in ("generate", "profile"):
        given.language_model(config.llm.choice, lambda questions: iter(()))
    given.embedder(config.embedding.choice, [])
    assert len({id(purse.till) for purse in purses}) == 1
    assert [purse.price.input for purse in purses] == [0.15, 0.15, 0.02]
    assert purses[0].till.cap == 1.0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"llm.model": "new"}, "llm.price_input and llm.price_output"),
        ({"embedding.model": "new"}, "embedding.price_input"),
    ],
)
def test_a_cap_that_could_not_hold_is_refused_before_any_stage(project, changed, said):
    config = Config().changed({**PAID, **changed})
    with pytest.raises(UsageError, match="'new', so a cost cap can't hold") as caught:
        lent(project, config)
    assert said in caught.value.hint
    assert lent(project, config, max_cost=None)


def test_progress_says_what_was_spent(project, monkeypatch: pytest.MonkeyPatch):
    tills, events = [], []
    monkeypatch.setattr(
        openai_chat, "service_model", lambda settings, ledger, purse, **_: tills.append(purse.till)
    )
    given = lent(project, config := Config().changed(PAID), emit=events.append)
    given.language_model(config.llm.choice, lambda questions: iter(()))
    event = StageAdvanced("f", "generate", 1, 2, "questions", "5 items")
    given.emit(event)
    tills[0].spent, tills[0].calls = 0.25, 1
    given.emit(event)
    assert events == [event, replace(event, note="5 items, $0.2500", spent=0.25)]


def test_the_settings_cap_holds_where_the_run_gives_none(project):
    config = Config().changed({**PAID, "llm.max_cost": "2.5"})
    assert cap_of(lent(project, config, max_cost=None)) == 2.5
    assert cap_of(lent(project, config, max_cost=0.5)) == 0.5
    without = config.changed({"llm.max_cost": "none"})
    assert without.llm.max_cost is None
    assert cap_of(lent(project, without, max_cost=None)) == float("inf")
    with pytest.raises(UsageError, match="No price"):
        lent(project, config.changed({"llm.model": "new"}), max_cost=None)
    with pytest.raises(UsageError, match="greater than or equal to 0"):
        config.changed({"llm.max_cost": "-1"})


def test_a_cap_changes_no_answer():
    capped = Config().changed({"llm.max_cost": 1})
    assert capped.llm.choice == Config().llm.choice


def cap_of(given) -> float:
    model = given.language_model(Config().changed(PAID).llm.choice, lambda questions: iter(()))
    return model._desk._purse.till.cap
