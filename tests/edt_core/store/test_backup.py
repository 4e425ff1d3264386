"""Backups: made while others write, read back with suspicion."""

import json
import sqlite3
import stat
import threading
import zipfile

import numpy as np
import pytest

from edt_core.errors import InputError, ProjectExists, UsageError
from edt_core.store.backup import MANIFEST, back_up, restore
from edt_core.store.questions import counts
from edt_core.store.review import decide
from edt_core.store.telemetry import Points, Recorder


@pytest.fixture
def stored(project, toy):
    stage = toy.CountNumbers(toy.ToyParams(size=3))
    project.artifacts.write(stage, toy.Numbers(np.arange(3), ["a"]), 1.0)
    return stage


@pytest.fixture
def file(project, stored, tmp_path):
    back_up(project.folder, tmp_path / "toy.zip")
    return tmp_path / "toy.zip"


def rewritten(file, change):
    """The archive with members changed by ``change(name, content)``; None leaves one out."""
    other = file.with_name("other.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return other


def test_a_restored_project_has_everything(home, project, stored, tmp_path):
    decide(project, "accept", [1])
    recorder = Recorder(project.folder / "runs" / "1")
    recorder.close()
    (project.folder / "reports").mkdir()
    (project.folder / "reports" / "table.md").write_text("| a |")
    back_up(project.folder, tmp_path / "toy.zip")
    assert restore(home, tmp_path / "toy.zip", "again") == "again"
    with home.open("again") as again:
        assert counts(again) == counts(project)
        assert again.artifacts.read(stored).values.tolist() == [0, 1, 2]
        assert (again.folder / "reports" / "table.md").read_text() == "| a |"
        assert Points(again.folder / "runs" / "1").series() == []
        assert stat.S_IMODE((again.folder / "project.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "toy.zip").stat().st_mode) == 0o600


def test_without_a_name_it_gets_its_old_one(home, file):
    with pytest.raises(ProjectExists):
        restore(home, file)
    home.delete("toy")
    assert restore(home, file) == "toy"


def test_a_backup_is_whole_while_others_write(home, project, stored, tmp_path):
    ending = threading.Event()

    def write():
        number = 0
        while not ending.is_set():
            project.set_settings({"a": number, "b": number})
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    for round_ in range(5):
        back_up(project.folder, tmp_path / f"{round_}.zip")
    ending.set()
    writer.join()
    for round_ in range(5):
        with home.open(restore(home, tmp_path / f"{round_}.zip", f"copy{round_}")) as copy:
            settings = copy.settings()
            assert settings.get("a") == settings.get("b")


def test_an_existing_file_is_not_written_over(project, file):
    with pytest.raises(UsageError, match="exists"):
        back_up(project.folder, file)
    assert sorted(path.name for path in file.parent.iterdir()) == ["home", "toy.zip"]


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "arrays/../../evil", "arrays/..\\evil", "C:/evil", "evil", "other/x",
     "project.db/x/../..", "stages.lock", "backups/x"],
)  # fmt: skip
def test_a_member_that_could_land_elsewhere_is_refused(home, file, name):
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, "evil")
    with pytest.raises(InputError):
        restore(home, file, "again")
    assert [path.name for path in home.folder.iterdir()] == ["toy"]
    assert not list(home.folder.parent.rglob("evil"))


def test_a_link_inside_is_refused(home, file):
    link = zipfile.ZipInfo("arrays/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(InputError, match="link"):
        restore(home, file, "again")


def test_a_compressed_bomb_is_refused_before_it_is_unpacked(home, file):
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arrays/bomb", b"0" * 10_000_000)
    with pytest.raises(InputError, match="bomb"):
        restore(home, file, "again")


def test_a_damaged_database_is_refused(home, file):
    def damage(name, content):
        return content[:4096] + b"\xff" * 4096 + content[8192:] if name == "project.db" else content

    with pytest.raises(InputError):
        restore(home, rewritten(file, damage), "again")
    assert [path.name for path in home.folder.iterdir()] == ["toy"]


def test_a_damaged_result_is_refused(home, file):
    def damage(name, content):
        return b"{}" if name.endswith("values.json") else content

    with pytest.raises(InputError, match="damaged"):
        restore(home, rewritten(file, damage), "again")


def test_a_row_that_names_a_folder_elsewhere_is_refused(home, project, file, tmp_path):
    home.folder.joinpath("secret").mkdir()
    with project.database.write() as session:
        session.connection().exec_driver_sql("UPDATE artifact SET folder = '../secret'")
    project.close()
    content = sqlite3.connect(project.folder / "project.db").serialize()

    def swap(name, old):
        return content if name == "project.db" else old

    with pytest.raises(InputError, match="damaged"):
        restore(home, rewritten(file, swap), "again")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"text"])
def test_a_file_that_is_no_backup_is_refused(home, tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(InputError, match="backup"):
        restore(home, tmp_path / "x.zip")
    with pytest.raises(InputError, match="no file"):
        restore(home, tmp_path / "missing.zip")
    with pytest.raises(InputError, match="folder"):
        restore(home, tmp_path)


def test_a_backup_of_a_later_form_is_refused(home, file):
    def later(name, content):
        return json.dumps({"format": 99, "name": "x"}) if name == MANIFEST else content

    with pytest.raises(InputError, match="version"):
        restore(home, rewritten(file, later), "again")


def test_a_cut_file_is_refused(home, file):
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(InputError):
        restore(home, file, "again")
