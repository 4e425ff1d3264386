"""What a run lends its stages."""

from dataclasses import replace

import pytest

from edt_core.actions.resources import resources
from edt_core.config import Config
from edt_core.errors import UsageError
from edt_core.events import StageAdvanced, StageStarted, silence
from edt_core.llm import local_embed, openai_chat, openai_embed
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
        openai_embed, "OpenAIEmbedder", lambda *_, purse, **__: purses.append(purse)
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


def test_the_settings_cap_holds_where_the_run_gives_none(project, monkeypatch):
    caps = []
    monkeypatch.setattr(
        openai_chat,
        "service_model",
        lambda settings, ledger, purse, **_: caps.append(purse.till.cap),
    )
    config = Config().changed({**PAID, "llm.max_cost": "2.5"})
    without = config.changed({"llm.max_cost": "none"})
    assert without.llm.max_cost is None
    for settings, given in ((config, None), (config, 0.5), (without, None)):
        lent(project, settings, max_cost=given).language_model(settings.llm.choice, lambda _: [])
    assert caps == [2.5, 0.5, float("inf")]
    with pytest.raises(UsageError, match="No price"):
        lent(project, config.changed({"llm.model": "new"}), max_cost=None)
    with pytest.raises(UsageError, match="greater than or equal to 0"):
        config.changed({"llm.max_cost": "-1"})


def test_a_cap_changes_no_answer():
    capped = Config().changed({"llm.max_cost": 1})
    assert capped.llm.choice == Config().llm.choice


@pytest.mark.parametrize(("mode", "batch"), [("live", False), ("batch", True)])
def test_money_is_held_back_at_the_price_of_the_mode(
    project, monkeypatch: pytest.MonkeyPatch, mode, batch
):
    purses = []
    monkeypatch.setattr(
        openai_chat, "service_model", lambda settings, ledger, purse, **_: purses.append(purse)
    )
    config = Config().changed({**PAID, "llm.mode": mode})
    lent(project, config).language_model(config.llm.choice, lambda questions: iter(()))
    assert purses[0].batch is batch


def test_the_mode_changes_no_answer():
    assert Config().changed({"llm.mode": "batch"}).llm.choice == Config().llm.choice


def test_progress_of_batches_is_that_of_the_stage_that_waits(project):
    events = []
    given = lent(project, Config(), emit=events.append)
    given.emit(StageStarted("f1", "generate", "GenerateItems"))
    given.emit(StageAdvanced("", "generate", 1, 2, "requests", "batch 1 of 1"))
    given.emit(StageAdvanced("f2", "generate", 2, 2, "questions"))
    assert [event.fingerprint for event in events] == ["f1", "f1", "f2"]


def test_whoever_buys_vectors_hears_of_a_wish_to_stop(project, monkeypatch: pytest.MonkeyPatch):
    checks = []
    monkeypatch.setattr(
        openai_embed, "OpenAIEmbedder", lambda *_, check, **__: checks.append(check)
    )

    def check():
        """Raises when the user asked to stop."""

    config = Config().changed(PAID)
    given = resources(
        project, config, device="cpu", max_cost=None, run=1, emit=silence, check=check
    )
    given.embedder(config.embedding.choice, [])
    assert checks == [check]


@pytest.mark.parametrize("provider", ["minilm", "sentence-transformers"])
def test_a_local_model_is_opened_on_the_runs_device(project, provider, monkeypatch):
    opened = []
    for name in ("open_minilm", "open_local"):
        monkeypatch.setattr(local_embed, name, lambda *given: opened.append(given))
    config = Config().changed({"embedding.provider": provider, "embedding.model": "acme/small"})
    lent(project, config).embedder(config.embedding.choice, [])
    assert "cpu" in opened[0]
    assert ("acme/small" in opened[0]) == (provider != "minilm")
