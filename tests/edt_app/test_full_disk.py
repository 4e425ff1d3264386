"""A full disk through the command line: one sentence, nothing lost, and the same command goes on.

The disk is a small one in memory where this machine lets us mount it, else a limit on the size of
any file, which the system reports in much the same way.
"""

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from shell import SMALL, Shell, Told

SIZE = 24 << 20


@dataclass
class Disk:
    """A small disk with a home on it, that can be filled and emptied again."""

    edt: Shell
    mounted: bool
    limit: int = 0

    def fill(self, leave: int) -> None:
        """Take all of it but ``leave`` bytes."""
        if not self.mounted:
            self.limit = leave
            return
        with contextlib.suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 65_536)
        with self.ballast.open("r+b") as file:
            file.truncate(max(0, self.ballast.stat().st_size - leave))

    def free(self) -> None:
        self.limit = 0
        self.ballast.unlink(missing_ok=True)

    @property
    def ballast(self) -> Path:
        return self.edt.home.parent / "ballast"

    def __call__(self, *arguments: object) -> Told:
        def limited() -> None:
            if self.limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, resource.RLIM_INFINITY))

        done = subprocess.run(
            self.edt.command(arguments), capture_output=True, env=self.edt.environment(),
            timeout=240, check=False, preexec_fn=limited,
        )  # fmt: skip
        return Told(done.returncode, done.stdout.decode(), done.stderr.decode())

    def refused(self, *arguments: object) -> str:
        """What a command says that has no room: a sentence and a hint, after its own notes."""
        told = self(*arguments)
        assert told.status == 1, (arguments, told)
        assert "Traceback" not in told.err
        assert "a bug" not in told.err
        said = told.err[told.err.index("edt: ") :]
        assert len(said.splitlines()) <= 2
        return said


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield Disk(Shell(place / "home"), mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def ready(disk: Disk, shop: list[str]) -> Disk:
    """The project ``small``: imported and set up."""
    assert disk("new", "small").status == 0
    done = disk("import", "--project", "small", "--format", "csv", "--recipe", "none", *shop)
    assert done.status == 0, done.err
    return disk


def test_an_import_without_room_keeps_the_old_data_set(ready: Disk, tmp_path: Path):
    for name in ("a", "b"):
        with (tmp_path / f"{name}.csv").open("w") as file:
            file.write("user_id,item_id,timestamp\n")
            file.writelines(f"u{n % 9_000},{name}{n % 3_000},{n}\n" for n in range(150_000))
    before = ready("status", "--project", "small", "--json").document()
    ready.fill(3 << 20)
    said = ready.refused(
        "import", "--project", "small", "--format", "csv", "--recipe", "none",
        f"--domain-a=a={tmp_path / 'a.csv'}", f"--domain-b=b={tmp_path / 'b.csv'}",
    )  # fmt: skip
    assert "room" in said or "space" in said
    ready.free()
    assert ready("status", "--project", "small", "--json").document()["stages"] == before["stages"]
    assert not list((ready.edt.home / "small" / "scratch").glob("import-*"))


def test_a_setting_without_room_is_not_kept_and_can_be_set_later(ready: Disk):
    ready.fill(0 if ready.mounted else 4096)
    ready.refused("config", "--project", "small", "set", "noise_filter.top_k", "7")
    ready.free()
    assert ready("config", "--project", "small", "get", "noise_filter.top_k").out == "3\n"
    assert ready("config", "--project", "small", "set", "noise_filter.top_k", "7").status == 0
    assert ready("config", "--project", "small", "get", "noise_filter.top_k").out == "7\n"


def test_a_run_without_room_stops_in_a_sentence_and_goes_on_to_the_same_end(ready: Disk):
    settings = [f"--set={key}={value}" for key, value in SMALL.items()]
    run = ("run", "--project", "small", "--seed", 42, *settings)
    for leave in (200_000, 900_000):
        ready.fill(leave)
        said = ready.refused(*run)
        assert "space" in said.lower() or "written" in said
        ready.free()
    done = ready(*run, "--json")
    assert done.status == 0, done.err
    assert done.document()["metrics"]
    findings = ready("doctor", "--project", "small", "--offline", "--json").document()
    (stored,) = [found for found in findings if found["what"] == "stored results"]
    assert stored["state"] == "good"
