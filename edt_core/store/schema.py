"""The schema's revisions: make a new file, bring an older one up to date, refuse a newer one.

Alembic's defaults harm SQLite data in two ways: a migration that fails half-way leaves its traces
behind, and a table that is rebuilt under foreign keys takes its children's rows with it. So every
upgrade is one real transaction with foreign keys off, checked before it is committed, on a file of
which a copy was made first. Alembic is imported only where something is to be done.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from edt_core.errors import ProjectBusy, ProjectError, ProjectTooNew
from edt_core.store.database import connect, holding, plain_errors, write_lock, writing_engine
from edt_core.store.ownership import APPLICATION_ID, migrations, revisions

BACKUPS = "backups"


def create(path: Path, folder: Path | None = None) -> None:
    """Make an empty ``project.db``, readable by its owner alone.

    Raises:
        ProjectError: the file exists or can't be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise ProjectError(
            f"{path} can't be made: {error.strerror}.", hint="Choose another folder."
        ) from error
    with plain_errors(path), holding(write_lock(path)):
        raw = connect(path, "rw")
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.close()
        _migrate(path, folder or migrations(), {})


def bring_up_to_date(path: Path, folder: Path | None = None) -> Path | None:
    """Upgrade an older file; leave one of today's revision as it is.

    Returns:
        The copy that was made before an upgrade, or None when there was nothing to do.

    Raises:
        ProjectTooNew: a newer EDT wrote it; not a byte is changed.
        ProjectBusy: a run goes on in the project.
        ProjectError: it is no file of EDT's, or the upgrade failed (nothing is changed then).
    """
    folder = folder or migrations()
    known = revisions(folder)
    found = revision_of(path)
    if found == known[-1]:
        return None
    if found not in known:
        raise ProjectTooNew(
            f"{path.parent.name} was written by a newer version of EDT (schema {found}; this one "
            f"knows up to {known[-1]}).",
            hint="Install the newest version; the project was not touched.",
        )
    stages = FileLock(path.with_name("stages.lock"), mode=0o600)
    try:
        stages.acquire(timeout=0)
    except Timeout:
        raise ProjectBusy(
            f"{path.parent.name} needs an upgrade, but a run goes on in it.",
            hint="Wait until the run ends and try again.",
        ) from None
    try:
        with plain_errors(path), holding(write_lock(path)):
            if revision_of(path) == known[-1]:  # someone else was faster
                return None
            copy = _copy(path, found)
            _migrate(path, folder, _row_counts(path), copy)
        return copy
    finally:
        stages.release()


def revision_of(path: Path) -> str:
    """The file's revision; reads alone.

    Raises:
        ProjectError: no database, or one of another program.
    """
    with plain_errors(path):
        reader = connect(path, "ro")
        try:
            (owner,) = reader.execute("PRAGMA application_id").fetchone()
            rows = []
            if owner == APPLICATION_ID:
                rows = reader.execute("SELECT version_num FROM alembic_version").fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            rows = []
        finally:
            reader.close()
    if len(rows) != 1:
        raise ProjectError(
            f"{path} is no project of EDT: another program wrote it, or it was never finished.",
            hint="Choose another folder, or restore a backup with 'edt restore FILE'.",
        )
    return str(rows[0][0])


def _copy(path: Path, revision: str) -> Path:
    """A copy of the file as it stands, kept in the project's ``backups`` folder."""
    backups = path.with_name(BACKUPS)
    backups.mkdir(mode=0o700, exist_ok=True)
    copy = backups / f"schema-{revision}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns()}.db"
    unfinished = copy.with_suffix(".part")
    source = connect(path, "ro")
    try:
        source.execute("VACUUM INTO ?", (str(unfinished),))
    finally:
        source.close()
    unfinished.chmod(0o600)
    return unfinished.rename(copy)


def _migrate(
    path: Path, folder: Path, rows_before: dict[str, int], copy: Path | None = None
) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    engine = writing_engine(path)
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                _refuse_loss(raw, path, rows_before)
    except (ProjectError, sqlite3.Error):
        raise
    except Exception as error:
        kept = f"; a copy is {copy}" if copy else ""
        raise ProjectError(
            f"{path} could not be upgraded: {error}.",
            hint=f"It is unchanged{kept}. Please report this.",
        ) from error
    finally:
        engine.dispose()


def _refuse_loss(raw: sqlite3.Connection, path: Path, rows_before: dict[str, int]) -> None:
    """Raise, and so undo the upgrade, when a table lost rows or a reference leads nowhere."""
    after = _counts(raw)
    lost = sorted(table for table, rows in rows_before.items() if after.get(table, 0) < rows)
    broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    if lost or broken:
        tables = ", ".join(lost or sorted({str(row[0]) for row in broken}))
        raise ProjectError(
            f"Upgrading {path} would lose rows of {tables}; it was not done.",
            hint="The project is unchanged. Please report this.",
        )


def _row_counts(path: Path) -> dict[str, int]:
    reader = connect(path, "ro")
    try:
        return _counts(reader)
    finally:
        reader.close()


def _counts(raw: sqlite3.Connection) -> dict[str, int]:
    names = raw.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {name: raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}
