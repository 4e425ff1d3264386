"""Where projects live, by name. What lists or opens them is imported when they are."""

import contextlib
import difflib
import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from edt_core.errors import ProjectError, ProjectExists, ProjectNotFound, UsageError
from edt_core.store.names import project_name, shown

if TYPE_CHECKING:
    from edt_core.store.listing import ProjectLine
    from edt_core.store.project import Project

DATABASE = "project.db"


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

    def folders(self) -> list[Path]:
        """The folder of every project, by name."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path
            for path in self.folder.iterdir()
            if not path.name.startswith(".")
            and not path.is_symlink()
            and (path / DATABASE).is_file()
        )

    def projects(self) -> "list[ProjectLine]":
        """Every project with what a list shows of it, by name."""
        from edt_core.store.listing import listed  # what draws first need not wait for it

        return listed(self)

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
        if not (folder / DATABASE).is_file():
            names = [other.name for other in self.folders()]
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
            schema.create(folder / DATABASE)
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
        from edt_core.store.lock import stage_lock
        from edt_core.store.ownership import refuse_deletion

        folder = self.path(name)
        refuse_deletion(folder / DATABASE, force=force)
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
                own = (self.folder / wanted / DATABASE).is_file()
                raise ProjectExists(
                    f"There is already something named {wanted} in {self.folder}.",
                    hint=f"Choose another name, or delete it with 'edt delete {wanted} --yes'."
                    if own
                    else "Choose another name; it is no project of EDT's.",
                )
        return wanted


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
