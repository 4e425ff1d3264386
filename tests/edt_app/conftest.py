"""A small shop, imported and run once by the command line, for every test of this folder."""

import shutil
from pathlib import Path

import pytest
from finished import finished
from shell import Shell, prepare

from edt_core.data.shop import make_shop, write_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """``--domain-a`` and ``--domain-b`` with the small shop's files."""
    paths = write_shop(make_shop(n_users=120), tmp_path_factory.mktemp("shop"))
    return [
        f"--domain-a=outdoor={paths[0]},{paths[1]}",
        f"--domain-b=kitchen={paths[2]},{paths[3]}",
    ]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, shop: list[str]) -> Shell:
    """A home whose project ``small`` is imported and run with one seed. Tests only read it."""
    edt = Shell(tmp_path_factory.mktemp("made"))
    prepare(edt, shop)
    done = edt("run", "--project", "small", "--seed", 42)
    assert done.status == 0, done.err
    return edt


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the project ``shop``, whose results were written, not computed."""
    home = tmp_path_factory.mktemp("written")
    finished(home).close()
    return home


@pytest.fixture
def written_shop(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own with that project, which every command is about."""
    home = tmp_path / "home"
    shutil.copytree(written, home)
    monkeypatch.setenv("EDT_HOME", str(home))
    monkeypatch.setenv("EDT_PROJECT", "shop")
    return home


@pytest.fixture
def edt(tmp_path: Path) -> Shell:
    """An empty home."""
    return Shell(tmp_path / "home")


@pytest.fixture
def copied(made: Shell, tmp_path: Path) -> Shell:
    """A home of its own with a copy of the finished project."""
    own = Shell(tmp_path / "home")
    shutil.copytree(made.home, own.home)  # a copied folder is a copied project
    return own
