"""Reads a run's points while they are written, and only when something was."""

from typing import TYPE_CHECKING

from edt_app.tui.screens.train.view import PANELS, Curve, Curves

if TYPE_CHECKING:
    from edt_core.store.project import Project
    from edt_core.store.runs import RunLine

_ROWS = 1000
"""Of a curve: more than any chart has columns."""


class Reader:
    """One run's points. For one worker at a time.

    Args:
        project: The project.
        run: The run.
    """

    def __init__(self, project: "Project", run: "RunLine") -> None:
        from edt_core.store.runs import run_folder
        from edt_core.store.telemetry import Points

        self.run = run
        self._points: Points = Points(run_folder(project, run.id))
        self._version = -1
        self._found: Curves | None = None

    def read(self) -> Curves | None:
        """Every curve, decimated; None when nothing was written since the last call."""
        version = self._points.version()
        if version == self._version and self._found is not None and self._found.curves:
            return None
        self._version = version
        wanted = {name for panel in PANELS for name in panel.names}
        self._found = Curves(
            self.run.id,
            self.run.started_at,
            tuple(
                Curve(one.phase, one.seed, one.name, self._points.overview(one.id, _ROWS))
                for one in self._points.series()
                if one.name in wanted
            ),
        )
        return self._found

    def close(self) -> None:
        """Close the file."""
        self._points.close()
