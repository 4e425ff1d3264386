"""Where a run's events go: the only channel from a run to a screen."""

import json
import queue
import threading
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from edt_core.events import Event, Point, StageAdvanced
from edt_core.store.database import insert_rows
from edt_core.store.project import Project
from edt_core.store.runs import run_folder
from edt_core.store.telemetry import Recorder

_POINTS_SECONDS = 0.1
"""So that a point is in its file within a tenth of a second, and on a screen within a quarter."""
_EVENTS_SECONDS = 0.25


@dataclass(frozen=True)
class EventLine:
    """A line of the journal."""

    id: int
    at: float
    kind: str
    """The event's class name."""
    body: dict[str, Any]
    """The event's fields."""


class Journal:
    """An event sink that never makes its caller wait: a thread writes.

    Points reach their file ten times a second, everything else the project's database four times.

    Of several advances of one stage in that time the last is kept. Use it as a context manager:
    leaving it writes what is left and raises what went wrong while writing.
    """

    def __init__(self, project: Project, run: int) -> None:
        self._project = project
        self._run = run
        self._waiting: queue.SimpleQueue[tuple[float, Event]] = queue.SimpleQueue()
        self._events: list[tuple[float, Event]] = []
        self._recorder: Recorder | None = None
        self._failure: Exception | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)

    def __call__(self, event: Event) -> None:
        """Take an event; raises when the ones before could not be written (a full disk)."""
        if self._failure is not None:
            raise self._failure
        self._waiting.put((time.time(), event))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        if self._recorder is not None:
            self._recorder.close()
        if self._failure is not None and error is None:
            raise self._failure

    def _work(self) -> None:
        told = time.monotonic()
        while not self._ending.wait(_POINTS_SECONDS):
            due = time.monotonic() - told >= _EVENTS_SECONDS
            self._flush(due)
            if due:
                told = time.monotonic()
        self._flush(due=True)

    def _flush(self, due: bool) -> None:
        points: list[tuple[float, Point]] = []
        while not self._waiting.empty():
            at, event = self._waiting.get()
            if isinstance(event, Point):
                points.append((at, event))
            else:
                self._events.append((at, event))
        if self._failure is not None:
            return
        try:
            self._write_points(points)
            if due:
                self._write_events(_last_advances(self._events))
                self._events = []
        except Exception as error:  # noqa: BLE001 (raised again in the run's own thread)
            self._failure = error

    def _write_points(self, points: list[tuple[float, Point]]) -> None:
        if not points:
            return
        if self._recorder is None:
            self._recorder = Recorder(run_folder(self._project, self._run))
        self._recorder.write(points)

    def _write_events(self, events: list[tuple[float, Event]]) -> None:
        if not events:
            return
        rows = (
            (self._run, at, type(event).__name__, json.dumps(asdict(event))) for at, event in events
        )
        with self._project.database.write() as session:
            insert_rows(session, "event", ("run", "at", "kind", "body"), rows)


def events_after(
    project: Project, run: int, after: int = 0, limit: int = 10_000
) -> list[EventLine]:
    """A run's events after the one with the id ``after``, oldest first."""
    query = "SELECT id, at, kind, body FROM event WHERE run = ? AND id > ? ORDER BY id LIMIT ?"
    with project.database.read() as session:
        rows = session.connection().exec_driver_sql(query, (run, after, limit))
        return [EventLine(number, at, kind, json.loads(body)) for number, at, kind, body in rows]


def _last_advances(taken: list[tuple[float, Event]]) -> list[tuple[float, Event]]:
    """Without advances that a later one of the same stage overtakes."""
    last: dict[str, int] = {}
    for place, (_, event) in enumerate(taken):
        if isinstance(event, StageAdvanced):
            last[event.fingerprint] = place
    return [
        (at, event)
        for place, (at, event) in enumerate(taken)
        if not isinstance(event, StageAdvanced) or last[event.fingerprint] == place
    ]
