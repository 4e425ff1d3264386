"""Which run is watched, and how it is: read in a worker, shown by the screen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edt_app.tui.following import Followed, followed
from edt_core.store.datasets import dataset_of
from edt_core.store.project import Project
from edt_core.store.runs import RunLine, run_folder, run_lines

RECENT_RUNS = 30
"""Among so many the app looks for the one to watch; any other is chosen by hand."""


@dataclass(frozen=True)
class Watched:
    """A run as it was at one moment."""

    found: Followed
    domains: tuple[str, ...]


def look(project: Project, before: Watched | None, pinned: int | None) -> Watched | None:
    """The run that is watched, as it is now; None while the project has none.

    Args:
        project: The project.
        before: What was found last time; its events aren't read again.
        pinned: The run that the user chose; without, it is the living one, else the newest that
            trained, else the newest.
    """
    number = pinned or _default(project)
    if number is None:
        return None
    same = before if before is not None and before.found.run.id == number else None
    found = followed(project, same.found if same else None, number)
    if found is None:
        return None
    return Watched(found, same.domains if same else _domains(project))


def as_followed(before: Watched, newest: Followed | None) -> Watched | None:
    """The watched run as the header's look found it, which is as new; None where it was another's.

    Of an ended run the header does not tell which one goes on instead.
    """
    if newest is None or newest.how.ended or newest.run.id != before.found.run.id:
        return None
    return replace(before, found=newest)


def trained(project: Project, lines: Sequence[RunLine]) -> list[RunLine]:
    """The runs that wrote curves."""
    return [line for line in lines if (run_folder(project, line.id) / "telemetry.db").exists()]


def _default(project: Project) -> int | None:
    lines = run_lines(project, RECENT_RUNS)
    living = [line for line in lines if line.state == "running"]
    return next((line.id for line in (*living, *trained(project, lines), *lines)), None)


def _domains(project: Project) -> tuple[str, ...]:
    dataset = dataset_of(project)
    return tuple(dataset.domain_names) if dataset else ()
