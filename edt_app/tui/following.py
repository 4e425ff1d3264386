"""The newest run as a screen follows it: its rows, its events folded, and whether it lives."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edt_app.views import RunView, begun, fold_all, settled

if TYPE_CHECKING:
    from edt_core.store.project import Project
    from edt_core.store.runs import Liveness, RunLine


@dataclass(frozen=True)
class Followed:
    """A run at a moment."""

    run: "RunLine"
    how: "Liveness"
    folded: RunView
    """Every event so far; what the next look goes on from."""

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
        view = before.folded
    else:
        view = begun(run.id, run_stages(project, run.id))
    how = liveness(project, run.id)
    return Followed(run, how, fold_all(view, events_after(project, run.id, view.last)))
