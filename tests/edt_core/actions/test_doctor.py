"""What is found without asking anybody."""

import pytest

from edt_core.actions.configuring import change
from edt_core.actions.doctor import examine
from edt_core.store.home import Home


@pytest.mark.parametrize(
    ("address", "state"),
    [("http://gpu.example.org/v1", "bad"), ("https://gpu.example.org/v1", "good")],
)
def test_a_key_that_everybody_on_the_way_can_read_is_said(tmp_path, monkeypatch, address, state):
    monkeypatch.setenv("EDT_LLM_KEY", "sk-canary-doctor")
    home = Home(tmp_path)
    with home.create("x") as project:
        change(project, {"llm.provider": "openai", "llm.model": "m", "llm.base_url": address})
        findings = {line.what: line for line in examine(home, project, offline=True)}
    assert findings["chat key"].state == state
    assert "canary" not in str(findings)


def test_a_local_model_that_is_not_here_is_said(tmp_path):
    home = Home(tmp_path)
    local = {"embedding.provider": "sentence-transformers", "embedding.model": "acme/none"}
    with home.create("x") as project:
        change(project, local)
        findings = {line.what: line for line in examine(home, project, offline=True)}
    assert findings["embedding model"].state == "bad"
    assert "installed" in findings["embedding model"].detail or (
        "'acme/none' is not on this machine" in findings["embedding model"].detail
    )


def test_a_model_that_minilm_does_not_read_is_said(tmp_path):
    home = Home(tmp_path)
    with home.create("x") as project:
        change(project, {"embedding.provider": "minilm", "embedding.model": "acme/small"})
        findings = {line.what: line for line in examine(home, project, offline=True)}
    assert findings["embedding model"].detail.startswith("MiniLM; 'acme/small' is read by other")
