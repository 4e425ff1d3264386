"""``edt import`` as a process: what it says, and what a stopped or killed one leaves behind."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from shell import Shell

from edt_core.store.pulse import Stop


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options for files that take a few seconds to read."""
    folder = tmp_path_factory.mktemp("long")
    for name in ("a", "b"):
        with (folder / f"{name}.csv").open("w") as file:
            file.write("user_id,item_id,timestamp\n")
            file.writelines(f"u{n % 40_000},{name}{n % 9_000},{n}\n" for n in range(600_000))
    return [
        "--recipe=none",
        "--format=csv",
        f"--domain-a=a={folder / 'a.csv'}",
        f"--domain-b=b={folder / 'b.csv'}",
    ]


@pytest.fixture
def edt(tmp_path: Path) -> Shell:
    """A home with the empty project ``x``, and a folder for temporary files of its own."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    made = Shell(tmp_path / "home", {"TMPDIR": str(temporary)})
    assert made("new", "x").status == 0
    return made


def importing(edt: Shell, options: list[str]) -> "subprocess.Popen[bytes]":
    """An import that has begun to work on disk."""
    process = edt.start("import", "--project", "x", *options)
    deadline = time.monotonic() + 60
    while not list(scratch(edt).glob("import-*/*")) and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it was seen at work"
        time.sleep(0.01)
    return process


def scratch(edt: Shell) -> Path:
    return edt.home / "x" / "scratch"


def temporary(edt: Shell) -> list[str]:
    return [path.name for path in Path(edt.secrets["TMPDIR"]).iterdir()]


def test_a_killed_import_leaves_nothing_but_what_the_next_one_sweeps(
    edt: Shell, shop: list[str], long: list[str]
):
    process = importing(edt, long)
    process.kill()
    process.wait()
    assert len(list(scratch(edt).glob("import-*"))) == 1
    assert temporary(edt) == []
    done = edt("import", "--project", "x", "--format", "csv", "--recipe", "none", *shop)
    assert done.status == 0, done.err
    assert list(scratch(edt).iterdir()) == []


@pytest.mark.parametrize("by", ["signal", "edt stop"])
def test_a_stopped_import_keeps_nothing_and_leaves_nothing(edt: Shell, long: list[str], by: str):
    process = importing(edt, long)
    if by == "signal":
        process.send_signal(signal.SIGTERM)
    else:
        assert edt("stop", "--project", "x", "--after", Stop.NOW).status == 0
    assert process.wait(timeout=60) == 130
    assert list(scratch(edt).iterdir()) == []
    assert temporary(edt) == []
    assert "import" in edt("status", "--project", "x").err + edt("run", "--project", "x").err


def test_a_window_without_events_is_one_sentence(edt: Shell, shop: list[str]):
    told = edt("import", "--project", "x", "--format", "csv", *shop, "--after", "2030-01-01")
    assert told.status == 2
    assert "left inside the window" in told.err
    assert len(told.err.splitlines()) == 2


def test_files_are_found_at_home_and_behind_a_blank(
    edt: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.csv").write_text("user_id,item_id,date\n" + "u,x,2024-01-01\n" * 3)
    (tmp_path / "b.csv").write_text("customer,sku,created_at\n" + "u,p,2024-01-02 10:00\n" * 3)
    (tmp_path / "a.items.csv").write_text("sku,title\nx,Tea\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    edt("new", "mine")
    told = edt(
        *("import", "--project", "mine", "--format", "csv", "--recipe", "none"),
        *("--domain-a", "tea=~/a.csv, ~/a.items.csv", "--domain-b", "pots=~/b.csv"),
    )
    assert told.status == 0, told.err
    assert "1 users, 1 of them in both domains" in told.out
    assert "Next: edt estimate --project mine" in told.err
