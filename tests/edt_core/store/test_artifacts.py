"""Stored results: whole with row and checksum, or not there."""

import errno

import numpy as np
import pytest

from edt_core.errors import EdtError, MissingInput, ProjectError
from edt_core.runner import ArtifactStore


@pytest.fixture
def stage(toy):
    return toy.CountNumbers(toy.ToyParams(size=3))


def test_what_was_written_is_read(project, stage, toy):
    store: ArtifactStore = project.artifacts
    assert not store.has(stage)
    store.write(stage, toy.Numbers(np.arange(3), ["ä"]), 2.5)
    assert store.has(stage)
    read = store.read(stage)
    assert read.values.tolist() == [0, 1, 2]
    assert read.words == ["ä"]
    line = project.artifacts.line(stage.fingerprint)
    assert (line.stage, line.seconds) == ("CountNumbers", 2.5)
    assert line.parameters == {"params": {"size": 3}}
    assert line.shapes == {"values": [3]}


def test_a_result_that_was_never_made_is_missing(project, stage):
    with pytest.raises(MissingInput, match="CountNumbers"):
        project.artifacts.read(stage)


def test_a_folder_that_a_crash_left_without_a_row_is_not_there(project, stage, toy):
    folder = project.folder / "arrays" / stage.fingerprint
    folder.mkdir(parents=True)
    (folder / "values.json").write_text('{"words": ["stale"]}')
    assert not project.artifacts.has(stage)
    project.artifacts.write(stage, toy.Numbers(np.arange(3), ["new"]), 0.0)
    assert project.artifacts.read(stage).words == ["new"]


def test_a_folder_that_was_cut_short_is_not_there(project, stage, toy):
    project.artifacts.write(stage, toy.Numbers(np.arange(3), ["a"]), 0.0)
    file = project.folder / "arrays" / stage.fingerprint / "values.json"
    file.write_text("")
    assert not project.artifacts.has(stage)


def test_a_changed_byte_is_an_error_and_not_a_result(project, stage, toy):
    project.artifacts.write(stage, toy.Numbers(np.arange(3), ["a"]), 0.0)
    file = project.folder / "arrays" / stage.fingerprint / "values.json"
    file.write_text(file.read_text().replace('"a"', '"b"'))
    with pytest.raises(ProjectError, match="damaged"):
        project.artifacts.read(stage)
    assert project.artifacts.damaged() == [f"arrays/{stage.fingerprint}"]


def test_a_full_disk_is_a_sentence_and_keeps_what_was_stored(project, stage, toy, monkeypatch):
    other = toy.CountNumbers(toy.ToyParams(size=4))
    project.artifacts.write(other, toy.Numbers(np.arange(4), []), 0.0)

    def full(artifact, folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edt_core.artifact._write", full)
    with pytest.raises(EdtError, match="No space left"):
        project.artifacts.write(stage, toy.Numbers(np.arange(3), []), 0.0)
    assert not project.artifacts.has(stage)
    assert project.artifacts.has(other)
    assert len(list((project.folder / "arrays").iterdir())) == 1


def test_unfinished_work_stays_until_it_is_cleared(project, stage):
    (project.artifacts.scratch(stage) / "part").write_text("1")
    assert (project.artifacts.scratch(stage) / "part").exists()
    project.artifacts.clear_scratch(stage)
    assert list(project.artifacts.scratch(stage).iterdir()) == []
