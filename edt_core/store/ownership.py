"""Whose a ``project.db`` is, told from the file alone, before anything is opened or deleted."""

import re
import sqlite3
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from edt_core.errors import ProjectError

APPLICATION_ID = 0x45445431  # "EDT1": SQLite's own place for saying whose file it is
_MAGIC = b"SQLite format 3\x00"
_HEADER, _OWNER = 100, slice(68, 72)  # bytes of SQLite's header, and where the owner stands in it
_UNREADABLE, _NO_DATABASE = -1, -2  # instead of an owner
_TRACE = "write.lock"  # beside every database that EDT ever opened
_MIGRATION = re.compile(r"(\d{4})_\w+\.py")


class Standing(StrEnum):
    """What a folder with a ``project.db`` is to this version of EDT."""

    OWN = ""
    """A project that can be opened."""
    FOREIGN = "foreign"
    """Another program's, as far as anyone can tell."""
    NEWER = "newer"
    """A newer EDT's project."""
    DAMAGED = "damaged"
    """One of EDT's that can't be read."""


def migrations() -> Path:
    """The folder of the migrations: in the installed package, else at the checkout's root."""
    inside = Path(__file__).with_name("migrations")
    return inside if inside.is_dir() else Path(__file__).parents[2] / "migrations"


def revisions(folder: Path) -> list[str]:
    """Every known revision, oldest first: the numbers that the files' names begin with."""
    names = (_MIGRATION.fullmatch(path.name) for path in (folder / "versions").iterdir())
    return sorted(match[1] for match in names if match)


def standing(database: Path) -> Standing:
    """Whose ``database`` is; reads alone, and of a foreign file nothing but its header.

    The header is read as bytes only where nobody of this process can have the file open: a file
    that is closed loses every lock that its process held on it, those of open connections too, and
    the next process to leave would take the journal away from under them.
    """
    if not database.with_name(_TRACE).is_file():
        owner = _owner(database)
        if owner != APPLICATION_ID:
            return Standing.DAMAGED if owner == _UNREADABLE else Standing.FOREIGN
    try:
        reader = sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=1.0)
        try:
            if reader.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                return Standing.FOREIGN
            found = reader.execute("SELECT version_num FROM alembic_version").fetchall()
        finally:
            reader.close()
    except sqlite3.DatabaseError as error:
        # no connection stands on a file that SQLite can't read; its header still tells the owner
        broken = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
        foreign = broken and _owner(database) not in {APPLICATION_ID, _UNREADABLE, _NO_DATABASE}
        return Standing.FOREIGN if foreign else Standing.DAMAGED
    if len(found) != 1:
        return Standing.DAMAGED
    return Standing.OWN if str(found[0][0]) in revisions(migrations()) else Standing.NEWER


def _owner(database: Path) -> int:
    """The application id in the file's header; below 0 when there is none to read."""
    try:
        with database.open("rb") as file:
            header = file.read(_HEADER)
    except OSError:
        return _UNREADABLE
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        return _NO_DATABASE
    return int.from_bytes(header[_OWNER], "big")


def refuse_deletion(database: Path, *, force: bool) -> None:
    """Raise where the project of this file is not to be deleted.

    Raises:
        ProjectError: another program wrote it; or only ``force`` deletes it.
    """
    folder = database.parent
    match standing(database):
        case Standing.FOREIGN:
            raise ProjectError(
                f"{folder} is no project of EDT: another program wrote its {database.name}.",
                hint="It was not touched. Delete it by other means if you are sure.",
            )
        case Standing.DAMAGED | Standing.NEWER as found if not force:
            why = "is damaged" if found is Standing.DAMAGED else "was written by a newer EDT"
            raise ProjectError(
                f"The project {folder.name} {why}, so that nobody can see what is lost with it.",
                hint=f"To delete it all the same: edt delete {folder.name} --yes --force",
            )
