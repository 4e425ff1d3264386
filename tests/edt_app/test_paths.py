from pathlib import Path

from edt_app.paths import is_there, typed_path


def test_home_is_opened_and_that_of_nobody_is_not(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert typed_path(" ~/a.jsonl ") == tmp_path / "a.jsonl"
    assert typed_path("~nobody-at-all/x") == Path.cwd() / "~nobody-at-all/x"


def test_a_name_that_no_file_can_have_is_not_there(tmp_path):
    assert is_there(tmp_path)
    assert not is_there(tmp_path / ("x" * 5000))
    assert not is_there(tmp_path / "a\0b")
