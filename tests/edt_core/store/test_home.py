"""Projects by name: made, listed, copied, deleted."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edt_core.errors import ProjectBusy, ProjectError, ProjectExists, ProjectNotFound
from edt_core.store import listing
from edt_core.store.home import Home


def test_a_new_project_opens_and_is_its_owners_alone(home):
    with home.create("demo") as project:
        project.set_settings({"a": 1})
        files = [path for path in project.folder.rglob("*") if path.is_file()]
        assert stat.S_IMODE(project.folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    with home.open("demo") as project:
        assert project.settings() == {"a": 1}


def test_looking_into_a_project_writes_nothing(home, toy):
    toy.toy_project(home).close()
    before = {path: path.stat().st_mtime_ns for path in (home.folder / "toy").iterdir()}
    with home.open("toy") as project:
        assert project.settings() == {}
        assert project.holder() is None
    kept = {path: path.stat().st_mtime_ns for path in before}
    assert kept == before


def test_the_home_is_the_option_else_the_environment_else_the_platforms(tmp_path, monkeypatch):
    monkeypatch.setenv("EDT_HOME", str(tmp_path / "env"))
    assert Home(tmp_path / "option").folder == tmp_path / "option"
    assert Home().folder == tmp_path / "env"
    monkeypatch.delenv("EDT_HOME")
    assert Home().folder.name == "edt"


def test_a_list_names_size_data_set_and_cost(home, toy):
    toy.toy_project(home, "b").close()
    home.create("a").close()
    first, second = home.projects()
    assert (first.name, first.dataset, first.running) == ("a", "", False)
    assert (second.name, second.dataset, second.cost) == ("b", "toy", 0.0)
    assert second.bytes > 10_000


@pytest.mark.parametrize("carried", [False, True])
def test_a_list_takes_no_lock_from_an_open_project(home, carried):
    """A file that is closed loses its process's locks, and the next one to leave the journal."""
    home.create("demo").close()
    if carried:  # by hand, without the file that a writer leaves
        (home.folder / "demo" / "write.lock").unlink()
    say = (
        "import sys; from edt_core.store.home import Home; "
        "project = Home(sys.argv[1]).open('demo'); {}; project.close()"
    )

    def elsewhere(work):
        words = [sys.executable, "-c", say.format(work), str(home.folder)]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    with home.open("demo") as project:
        project.set_settings({"a": 0})
        assert [line.name for line in home.projects()] == ["demo"]
        elsewhere("project.set_settings({'a': 1})")
        assert project.settings() == {"a": 1}
        project.set_settings({"a": 2})
        assert elsewhere("print(project.settings())") == "{'a': 2}"
    assert elsewhere("print(project.settings())") == "{'a': 2}"


def test_a_name_that_is_taken_is_refused(home):
    home.create("demo").close()
    with pytest.raises(ProjectExists, match="demo"):
        home.create("demo")


def test_a_name_that_is_taken_in_capitals_is_refused(home):
    (home.folder / "Demo").mkdir(parents=True)
    with pytest.raises(ProjectExists):
        home.create("demo")


def test_an_unknown_project_is_named_with_those_that_exist(home):
    home.create("demo").close()
    with pytest.raises(ProjectNotFound, match="demo"):
        home.open("dem")


def test_a_link_to_a_project_is_refused(home, tmp_path):
    home.create("demo").close()
    (home.folder / "linked").symlink_to(home.folder / "demo")
    with pytest.raises(ProjectError, match="link"):
        home.open("linked")
    assert [line.name for line in home.projects()] == ["demo"]


def test_a_deleted_project_is_gone(home):
    home.create("demo").close()
    home.delete("demo")
    assert list(home.folder.iterdir()) == []


def foreign(home: Home, name: str, content: bytes = b"") -> Path:
    """A folder of somebody else's with a ``project.db`` and a file beside it."""
    folder = home.folder / name
    folder.mkdir(parents=True)
    if content:
        (folder / "project.db").write_bytes(content)
    else:
        other = sqlite3.connect(folder / "project.db")
        other.execute("CREATE TABLE run (label TEXT, state TEXT, id INTEGER)")
        other.commit()
        other.close()
    (folder / "thesis.txt").write_text("three years")
    return folder


@pytest.mark.parametrize("content", [b"", b"a plain text file", b"SQLite format 3\0" + b"x" * 200])
@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_edt_did_not_make_is_never_deleted(home, content, force):
    folder = foreign(home, "thesis", content)
    with pytest.raises(ProjectError, match="no project of EDT"):
        home.delete("thesis", force=force)
    assert (folder / "thesis.txt").read_text() == "three years"
    assert sorted(path.name for path in folder.iterdir()) == ["project.db", "thesis.txt"]
    (line,) = home.projects()
    assert line.standing == "foreign"


def spoil(database: Path) -> None:
    """Overwrite all but the header, or the whole file where it is short."""
    database.write_bytes(database.read_bytes()[:100] + b"\xff" * 50_000)


def spoil_header(database: Path) -> None:
    database.write_bytes(b"\xff" * 50_000)


def age(database: Path) -> None:
    raw = sqlite3.connect(database)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()


@pytest.mark.parametrize(
    ("harm", "state"), [(spoil, "damaged"), (spoil_header, "damaged"), (age, "newer")]
)
def test_a_damaged_or_newer_project_is_marked_and_deleted_only_by_force(home, harm, state):
    home.create("demo").close()
    for journal in (home.folder / "demo").glob("project.db-*"):
        journal.unlink()
    harm(home.folder / "demo" / "project.db")
    assert [line.standing for line in home.projects()] == [state]
    with pytest.raises(ProjectError, match="--force"):
        home.delete("demo")
    home.delete("demo", force=True)
    assert home.projects() == []


def test_a_project_in_use_is_not_deleted(home):
    with home.create("demo") as project, project.stages("edt run"):
        with pytest.raises(ProjectBusy):
            home.delete("demo")
        assert home.projects()[0].running
    assert not home.projects()[0].running


def test_a_copy_has_everything_and_lives_apart(home, toy):
    stage = toy.CountNumbers(toy.ToyParams(size=3))
    with toy.toy_project(home) as project:
        project.artifacts.write(stage, toy.Numbers(toy.np.arange(3), ["a"]), 1.0)
        with home.copy("toy", "twin") as twin:
            twin.set_settings({"only": "here"})
            assert twin.artifacts.read(stage).values.tolist() == [0, 1, 2]
        assert project.settings() == {}


def test_a_failed_creation_leaves_nothing(home, monkeypatch):
    def fail(path):
        raise ProjectError("no")

    monkeypatch.setattr("edt_core.store.schema.create", fail)
    with pytest.raises(ProjectError):
        home.create("demo")
    assert list(home.folder.iterdir()) == []


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="can't be written"):
        Home(tmp_path / "file" / "home").create("demo")


def test_a_listing_loads_no_database_library_and_opening_no_alembic(home):
    home.create("demo").close()
    script = (
        "import sys; from edt_core.store.home import Home; home = Home();"
        "assert [p.name for p in home.projects()] == ['demo'];"
        "assert not {'sqlmodel', 'sqlalchemy', 'numpy'} & set(sys.modules);"
        "home.open('demo').settings();"
        "from edt_core.store import questions, calls, review_queue, runs;"
        "slow = {'alembic', 'torch', 'sklearn', 'scipy', 'openai', 'duckdb'} & set(sys.modules);"
        "assert not slow, slow"
    )
    environment = os.environ | {"EDT_HOME": str(home.folder)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_a_folder_that_is_no_project_is_not_said_to_be_deletable(tmp_path):
    home = Home(tmp_path)
    (tmp_path / "notes").mkdir()
    with pytest.raises(ProjectExists) as error:
        home.create("notes")
    assert "edt delete" not in error.value.hint


def test_a_project_deleted_while_the_list_is_read_is_left_out(tmp_path, monkeypatch):
    home = Home(tmp_path)
    for name in ("stays", "goes"):
        home.create(name).close()
    sizes = listing._size

    def meanwhile(path):  # "goes" is first
        monkeypatch.setattr(listing, "_size", sizes)
        home.delete("goes")
        return sizes(path)

    monkeypatch.setattr(listing, "_size", meanwhile)
    assert [line.name for line in home.projects()] == ["stays"]
