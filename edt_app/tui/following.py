"""The newest run as a screen follows it: its rows, its events folded, and whether it lives."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edt_app.views import RunView, begun, fold_all, settled

if TYPE_CHECKING:
    from edt_core.store.journal import EventLine
    from edt_core.store.project import Project
    from edt_core.store.runs import Liveness, RunLine

KEPT_LINES = 500


@dataclass(frozen=True)
class Followed:
    """A run at a moment."""

    run: "RunLine"
    how: "Liveness"
    folded: RunView
    """Every event so far; what the next look goes on from."""
    log: tuple[str, ...] = ()
    """The newest events in words, oldest first."""

    @property
    def view(self) -> RunView:
        """What to show: no stage of a dead run is at work."""
        return settled(self.folded, self.how)


def followed(
    project: "Project", before: Followed | None = None, number: int | None = None
) -> Followed | None:
    """The newest run, or run ``number``; reads only the events after ``before``. For workers."""
    from edt_core.store.journal import events_after
    from edt_core.store.runs import liveness, run_line, run_lines, run_stages

    if number is None:
        newest = run_lines(project, limit=1)
        if not newest:
            return None
        run = newest[0]
    else:
        run = run_line(project, number)
    if before is not None and before.run.id == run.id:
        view, log = before.folded, before.log
    else:
        view, log = begun(run.id, run_stages(project, run.id)), ()
    how = liveness(project, run.id)
    events = events_after(project, run.id, view.last)
    view = fold_all(view, events)
    return Followed(run, how, view, (*log, *log_lines(events, view))[-KEPT_LINES:])


def log_lines(events: "Sequence[EventLine]", view: RunView) -> list[str]:
    """Events in words, a line each; an advance that says nothing of itself has none."""
    seeds = {stage.fingerprint: stage.seed for stage in view.stages}
    found = []
    for event in events:
        text = _words(event)
        if text:
            seed = seeds.get(event.body.get("fingerprint", ""))
            clock = time.strftime("%H:%M:%S", time.localtime(event.at))
            whose = f"{event.body['step']}{'' if seed is None else f' seed {seed}'}"
            found.append(f"{clock}  {whose}: {text}")
    return found


def _words(event: "EventLine") -> str:
    body = event.body
    match event.kind:
        case "StageStarted":
            return f"{body['name']} started"
        case "StageAdvanced" if body["note"]:
            of = f" of {body['total']:,}" if body["total"] else ""
            return f"{body['done']:,}{of} {body['unit']}, {body['note']}"
        case "StageFinished" if not body["reused"]:
            return f"{body['name']} done in {body['seconds']:.1f} s"
        case "StageFailed":
            return f"✗ {body['reason']}"
        case "Noted":
            return str(body["text"])
        case _:
            return ""
