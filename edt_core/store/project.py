"""One project: a folder with its database, its stages' results and its lock."""

import contextlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlmodel import select

from edt_core.errors import ProjectBusy
from edt_core.store import schema
from edt_core.store.artifacts import Artifacts
from edt_core.store.database import Database
from edt_core.store.liveness import cause_of_death
from edt_core.store.lock import Holder, holder, stage_lock
from edt_core.store.pulse import Pulse, last_beat
from edt_core.store.tables import Run, Setting

DATABASE = "project.db"


class Project:
    """An open project. Opening an older one upgrades it; nothing else is written by opening.

    Raises:
        ProjectTooNew: a newer EDT wrote it.
        ProjectError: it is no project of EDT's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.upgraded_from = schema.bring_up_to_date(folder / DATABASE)
        """The copy that was made when opening upgraded the project, else None."""
        self.database = Database(folder / DATABASE)

    @property
    def name(self) -> str:
        """The project's name: its folder's."""
        return self.folder.name

    @cached_property
    def artifacts(self) -> Artifacts:
        """The stages' results."""
        return Artifacts(self.database, self.folder)

    @contextlib.contextmanager
    def stages(self, command: str = "", epitaph: str = "") -> Iterator[Pulse]:
        """Be the one process that runs stages here; runs of dead processes end as interrupted.

        While the block lasts a heartbeat is kept, and what is given hears requests to stop.

        Args:
            command: What is run, for whoever asks who holds the lock.
            epitaph: Why runs of dead processes ended, where the caller knows.

        Raises:
            ProjectBusy: another living process is it.
        """
        with stage_lock(self.folder, command) as me:
            self._bury_dead_runs(epitaph)
            with Pulse(self.folder, me).beating() as pulse:
                yield pulse

    def bury_dead_runs(self) -> None:
        """Write down how runs of dead processes ended, unless a process runs stages here.

        To be done before another process is started: what becomes of that one explains no death
        before it.
        """
        with contextlib.suppress(ProjectBusy), stage_lock(self.folder, "edt"):
            self._bury_dead_runs("")

    def holder(self) -> Holder | None:
        """The living process that runs stages here, or None."""
        return holder(self.folder)

    def settings(self) -> dict[str, Any]:
        """Every configuration key that was set, with its value."""
        with self.database.read() as session:
            return {row.key: json.loads(row.value) for row in session.exec(select(Setting))}

    def set_settings(self, settings: dict[str, Any]) -> None:
        """Keep configuration keys; the caller has checked them. None takes a key back."""
        with self.database.write() as session:
            for key, value in settings.items():
                if value is not None:
                    session.merge(Setting(key=key, value=json.dumps(value)))
                elif (row := session.get(Setting, key)) is not None:
                    session.delete(row)

    def close(self) -> None:
        """Close the database's connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _bury_dead_runs(self, epitaph: str) -> None:
        """Whoever holds the lock knows that no other run is alive."""
        running = select(Run).where(Run.state == "running")
        with self.database.read() as session:
            if session.exec(running).first() is None:
                return
        with self.database.write() as session:
            for run in session.exec(running):
                run.state = "interrupted"
                run.error = epitaph or cause_of_death(self.folder)
                run.finished_at = last_beat(self.folder)
            session.connection().exec_driver_sql(
                "UPDATE run_stage SET state = 'waiting' WHERE state = 'running'"
            )
