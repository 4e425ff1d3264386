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
