"""Where projects live, by name. Listing them imports no database library."""

import contextlib
import difflib
import os
import shutil
import sqlite3
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from edt_core.errors import ProjectError, ProjectExists, ProjectNotFound, UsageError
from edt_core.store.liveness import heartbeat
from edt_core.store.lock import stage_lock
from edt_core.store.names import project_name, shown
from edt_core.store.ownership import Standing, standing

if TYPE_CHECKING:
    from edt_core.store.project import Project

_DATABASE = "project.db"


@dataclass(frozen=True)
class ProjectLine:
    """A project in a list."""

    name: str
    folder: Path
    bytes: int
    changed_at: float
    """When its database changed last, seconds since 1970."""
    dataset: str
    """The data set's name; empty before an import."""
    cost: float
    """US dollars spent on calls, as far as prices are known."""
    running: bool
    last_run: str = ""
    """The newest run's model and state; empty without one."""
    best: float | None = None
    """The best run's N@10 over the full catalogue on the test targets, mean over its seeds."""
    standing: Standing = Standing.OWN
    """Whether it is a project that this version of EDT can open."""
    life: str = ""
    """``running`` or ``silent`` while a process runs stages in it, else empty."""


class Home:
    """The folder that holds every project.

    Args:
        folder: The command line's ``--home``; else ``EDT_HOME``, else the platform's data folder.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        chosen = folder or os.environ.get("EDT_HOME")
        if not chosen:
            from platformdirs import user_data_path

            chosen = user_data_path("edt", appauthor=False)
        self.folder = Path(chosen).expanduser().absolute()
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{self.folder} is no folder.", hint="Name a folder with --home.")

    def projects(self) -> list[ProjectLine]:
        """Every project, by name."""
        found = []
        for folder in self._folders():
            with contextlib.suppress(FileNotFoundError):  # deleted while it was looked at
                found.append(self._line(folder))
        return found

    def path(self, name: str) -> Path:
        """The folder of an existing project.

        Raises:
            UsageError: ``name`` can't be a name.
            ProjectNotFound: there is none of that name.
            ProjectError: its folder is a link, which could lead anywhere.
        """
        folder = self.folder / project_name(name)
        if folder.is_symlink():
            raise ProjectError(
                f"{folder} is a link, not a project's folder.",
                hint="Set --home or EDT_HOME to the folder that it leads to.",
            )
        if not (folder / _DATABASE).is_file():
            names = [other.name for other in self._folders()]
            near = difflib.get_close_matches(folder.name, names, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            hint += f"There are: {', '.join(names[:10])}." if names else ""
            raise ProjectNotFound(
                f"There is no project {shown(name)} in {self.folder}.",
                hint=hint or f"Make it with 'edt new {folder.name}'.",
            )
        return folder

    def create(self, name: str) -> "Project":
        """Make an empty project and open it.

        Raises:
            UsageError: ``name`` can't be a name.
            ProjectExists: the name is taken.
        """
        from edt_core.store import schema
        from edt_core.store.project import Project

        with new_folder(self, name) as folder:
            schema.create(folder / _DATABASE)
        return Project(self.folder / project_name(name))

    def open(self, name: str) -> "Project":
        """Open a project; an older schema is brought up to date.

        Raises:
            UsageError: ``name`` can't be a name.
            ProjectNotFound: there is none of that name.
            ProjectTooNew: a newer EDT wrote it.
        """
        from edt_core.store.project import Project

        return Project(self.path(name))

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove a project and all that is in it.

        Args:
            name: The project.
            force: Also one that is damaged, or that a newer EDT wrote; another program's never.

        Raises:
            ProjectNotFound: there is none of that name.
            ProjectError: it is no project of EDT's, or one that only ``force`` deletes.
            ProjectBusy: a process runs stages in it.
        """
        folder = self.path(name)
        _refuse_deletion(folder, force=force)
        with stage_lock(folder, "edt delete"):
            # renamed first: a deletion that is cut short leaves no half project under the name
            aside = self.folder / f".{folder.name}.{uuid4().hex[:8]}.deleted"
            folder.rename(aside)
        shutil.rmtree(aside)

    def copy(self, name: str, new_name: str) -> "Project":
        """Copy a project, also while a run goes on in it.

        Raises:
            ProjectNotFound: there is none of that name.
            ProjectExists: the new name is taken.
        """
        from edt_core.store.backup import copy_contents
        from edt_core.store.project import Project

        source = self.path(name)
        with new_folder(self, new_name) as folder:
            copy_contents(source, folder)
        return Project(self.folder / project_name(new_name))

    def free_name(self, name: str) -> str:
        """``name``, checked and not taken.

        Raises:
            UsageError: it can't be a name.
            ProjectExists: it is taken, by whatever spelling.
        """
        wanted = project_name(name)
        if self.folder.is_dir():
            taken = {unicodedata.normalize("NFC", p.name).casefold() for p in self.folder.iterdir()}
            if wanted.casefold() in taken:
                raise ProjectExists(
                    f"There is already something named {wanted} in {self.folder}.",
                    hint=f"Choose another name, or delete it with 'edt delete {wanted} --yes'.",
                )
        return wanted

    def _folders(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(
            path
            for path in self.folder.iterdir()
            if not path.name.startswith(".")
            and not path.is_symlink()
            and (path / _DATABASE).is_file()
        )

    def _line(self, folder: Path) -> ProjectLine:
        whose = standing(folder / _DATABASE)
        # of a foreign database nothing is asked: its tables may mean anything
        seen = _Glance() if whose is Standing.FOREIGN else _glance(folder / _DATABASE)
        beating = heartbeat(folder)
        life = "" if beating is None else beating.life.word
        state = life or "lost" if seen.state == "running" else seen.state
        return ProjectLine(
            folder.name,
            folder,
            sum(_size(path) for path in folder.rglob("*")),
            (folder / _DATABASE).stat().st_mtime,
            seen.dataset,
            seen.cost,
            bool(life),
            f"{seen.label} {state}".strip(),
            seen.best,
            whose,
            life,
        )


@contextlib.contextmanager
def new_folder(home: Home, name: str) -> Iterator[Path]:
    """A new project's folder: filled aside, renamed into place, gone when anything fails."""
    wanted = home.free_name(name)
    aside = home.folder / f".{wanted}.{uuid4().hex[:8]}.new"
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
        aside.mkdir(mode=0o700)
    except OSError as error:
        raise ProjectError(
            f"{home.folder} can't be written: {error.strerror}.",
            hint="Choose another folder with --home or EDT_HOME.",
        ) from error
    try:
        yield aside
        try:
            aside.rename(home.folder / wanted)
        except OSError:
            raise ProjectExists(
                f"{wanted} was made by someone else meanwhile.", hint="Choose another name."
            ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _refuse_deletion(folder: Path, *, force: bool) -> None:
    match standing(folder / _DATABASE):
        case Standing.FOREIGN:
            raise ProjectError(
                f"{folder} is no project of EDT: another program wrote its {_DATABASE}.",
                hint="It was not touched. Delete it by other means if you are sure.",
            )
        case Standing.DAMAGED | Standing.NEWER as found if not force:
            why = "is damaged" if found is Standing.DAMAGED else "was written by a newer EDT"
            raise ProjectError(
                f"The project {folder.name} {why}, so that nobody can see what is lost with it.",
                hint=f"To delete it all the same: edt delete {folder.name} --yes --force",
            )


def _size(path: Path) -> int:
    """Bytes of a file; none of a folder, nor of a file that a run has just taken away."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


@dataclass(frozen=True)
class _Glance:
    dataset: str = ""
    cost: float = 0.0
    label: str = ""
    state: str = ""
    best: float | None = None


def _glance(database: Path) -> _Glance:
    """What a list shows; a file that can't be read has nothing to show, and no error."""
    try:
        reader = sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=1.0)
        try:
            dataset = reader.execute("SELECT name FROM dataset").fetchone()
            (cost,) = reader.execute("SELECT total(cost) FROM call").fetchone()
            run = reader.execute("SELECT label, state FROM run ORDER BY id DESC LIMIT 1").fetchone()
            (best,) = reader.execute(_BEST).fetchone()
        finally:
            reader.close()
    except sqlite3.Error:
        return _Glance()
    label, state = run or ("", "")
    return _Glance(dataset[0] if dataset else "", cost, label, state, best)


_BEST = """
    SELECT max(mean) FROM (
        SELECT avg(value) AS mean FROM metric
        WHERE split = 'test' AND domain = 'all' AND name = 'full.ndcg@10' GROUP BY run)"""
