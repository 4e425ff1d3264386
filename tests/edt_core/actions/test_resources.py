"""What a run lends its stages."""

import pytest

from edt_core.actions.resources import resources
from edt_core.config import Config
from edt_core.events import silence
from edt_core.llm import openai_chat
from edt_core.store.home import Home


def test_all_stages_of_a_run_spend_from_one_purse(tmp_path, monkeypatch: pytest.MonkeyPatch):
    purses = []
    monkeypatch.setattr(
        openai_chat, "service_model", lambda settings, ledger, purse: purses.append(purse)
    )
    config = Config().changed({"llm.provider": "openai", "llm.model": "gpt-4o-mini"})
    with Home(tmp_path).create("small") as project:
        lent = resources(
            project, config, device="cpu", max_cost=1.0, run=1, emit=silence, check=lambda: None
        )
        for _ in ("generate", "profile"):
            lent.language_model(config.llm.choice, lambda questions: iter(()))
    assert purses[0] is purses[1] is not None
