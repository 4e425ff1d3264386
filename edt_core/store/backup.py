"""Backups: a project as one file, made while a run goes on, and read back with suspicion."""

import json
import os
import shutil
import sqlite3
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from uuid import uuid4

from edt_core.errors import InputError, ProjectError, UsageError
from edt_core.store.artifacts import ASKED_AGAIN, Artifacts, plain_disk_errors
from edt_core.store.database import Database, connect, plain_errors
from edt_core.store.home import DATABASE, Home, new_folder
from edt_core.store.names import shown
from edt_core.store.schema import revision_of

MANIFEST = "edt-backup.json"
_FOLDERS = {"prompts", "arrays", "checkpoints", "reports", "runs"}
_FORMAT = 1


def back_up(folder: Path, file: Path) -> None:
    """Write the project at ``folder`` into ``file``, one zip archive without compression.

    Raises:
        UsageError: ``file`` exists, or its folder doesn't.
        EdtError: the disk is full; no half file is left.
    """
    check_target(file)
    aside = file.with_name(f".{file.name}.{uuid4().hex[:8]}.tmp")
    try:
        with plain_disk_errors(file):
            aside.mkdir(mode=0o700)
            copy_contents(folder, aside / "copy")
            _pack(aside / "copy", aside / "zip", folder.name)
            (aside / "zip").rename(file)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_target(file: Path) -> None:
    """Can a backup be written into ``file``?

    Raises:
        UsageError: it exists, or its folder doesn't.
    """
    if file.exists():
        raise UsageError(f"{file} exists.", hint="Choose another file, or delete it first.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}.", hint="Make it first.")


def name_in(file: Path) -> str:
    """What the project in a backup is called; nothing of it is checked yet.

    Raises:
        InputError: the file is no backup.
    """
    with _opened(file) as archive:
        return str(_manifest(archive, file).get("name", ""))


def restore(home: Home, file: Path, name: str = "") -> str:
    """Make a project out of a backup; its name, which is the old one unless ``name`` is given.

    Nothing of the project appears before all of it was checked: names inside the archive, the
    database's integrity, every stored result's checksum.

    Raises:
        InputError: the file is no backup, is damaged, or holds what a backup doesn't.
        ProjectExists: the name is taken.
    """
    with _opened(file) as archive, plain_disk_errors(home.folder):
        manifest = _manifest(archive, file)
        members = _checked_members(archive, file)
        wanted = name or str(manifest.get("name", ""))
        with new_folder(home, wanted) as folder:
            for member in members:
                _unpack(archive, member, folder)
            _verify(folder, file)
    return wanted


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"{file} is no whole backup of EDT: {error}.",
            hint="Make a backup with 'edt backup --project X FILE'.",
        ) from error
    except FileNotFoundError:
        raise InputError(f"There is no file {file}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{file} is a folder.", hint="Give the backup's file.") from None


def copy_contents(source: Path, target: Path) -> None:
    """Copy a project's folder as of one moment, whatever is written meanwhile.

    The database is copied as a snapshot first; stored results never change, and those that the
    snapshot names are copied after it.
    """
    target.mkdir(mode=0o700, exist_ok=True)
    _copy_database(source / DATABASE, target / DATABASE)
    reader = connect(target / DATABASE, "ro")
    try:
        folders = [row[0] for row in reader.execute("SELECT folder FROM artifact")]
    finally:
        reader.close()
    for relative in folders:
        if (source / relative).is_dir():
            shutil.copytree(source / relative, target / relative)
    for points in sorted(source.glob("runs/*/telemetry.db")):
        _copy_database(points, target / points.relative_to(source))
    for mark in sorted(source.glob(f"scratch/*/{ASKED_AGAIN}")):
        noted = target / mark.relative_to(source)
        noted.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # a run has just made that stage anew
            shutil.copyfile(mark, noted)
    for name in ("prompts", "reports"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)


def _copy_database(source: Path, target: Path) -> None:
    """A copy as of one moment, in one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with plain_errors(source):
        reader = connect(source, "ro")
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        writer = sqlite3.connect(target)
        try:
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode = DELETE")  # one file, until someone writes again
        finally:
            writer.close()
            reader.close()


def _pack(folder: Path, file: Path, name: str) -> None:
    manifest = {"format": _FORMAT, "name": name, "made_at": time.time()}
    with zipfile.ZipFile(file, "x", zipfile.ZIP_STORED) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    file.chmod(0o600)


def _manifest(archive: zipfile.ZipFile, file: Path) -> dict[str, object]:
    try:
        entry = archive.getinfo(MANIFEST)
        manifest = json.loads(archive.read(entry)) if entry.file_size < 10_000 else None
    except (KeyError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise InputError(
            f"{file} is no backup that this version of EDT can read.",
            hint="Make a backup with 'edt backup --project X FILE', or install a newer version.",
        )
    return manifest


def _checked_members(archive: zipfile.ZipFile, file: Path) -> list[zipfile.ZipInfo]:
    """The archive's members, every one of which a backup could hold under that name and size."""
    members = [info for info in archive.infolist() if info.filename != MANIFEST]
    size = sum(info.file_size for info in members)
    for info in members:
        parts = PurePosixPath(info.filename).parts
        plain = not any(
            part in {"..", "/"} or "\\" in part or ":" in part or "\0" in part for part in parts
        )
        known = (
            info.filename == DATABASE
            or (len(parts) > 1 and parts[0] in _FOLDERS)
            or parts[:1] + parts[2:] == ("scratch", ASKED_AGAIN)
        )
        regular = stat.S_IFMT(info.external_attr >> 16) in {0, stat.S_IFREG}
        if not (plain and known and regular and info.compress_type == zipfile.ZIP_STORED):
            raise InputError(
                f"{file} holds {shown(info.filename)}, which no backup of EDT does.",
                hint="Only restore files that 'edt backup' made.",
            )
    if size > file.stat().st_size:  # nothing is compressed, so entries that add up to more overlap
        raise InputError(f"{file} claims more than it holds.", hint="Make a new backup.")
    return members


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    path = folder / member.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, path.open("xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    if path.suffix == ".db":
        path.chmod(0o600)


def _verify(folder: Path, file: Path) -> None:
    path = folder / DATABASE
    try:
        revision_of(path)
        reader = connect(path, "ro")
        try:
            (state,) = reader.execute("PRAGMA integrity_check(1)").fetchone()
        finally:
            reader.close()
        if state != "ok":
            raise ProjectError(f"its database is damaged: {state}")
        database = Database(path)
        try:
            damaged = Artifacts(database, folder).damaged()
        finally:
            database.close()
    except (ProjectError, sqlite3.Error) as error:
        raise InputError(
            f"{file} can't be restored: {error}", hint="Use another backup."
        ) from error
    if damaged:
        raise InputError(
            f"{file} can't be restored: the stored result {damaged[0]} is damaged.",
            hint="Use another backup.",
        )
