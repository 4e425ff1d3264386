"""What stands in the header's right corner: the run, its age, what was spent."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edt_core.store.project import Project


def run_strip(project: "Project") -> str:
    """The state of the project's newest run in a line; empty without one. Reads two rows."""
    from edt_core.store.runs import run_lines

    newest = run_lines(project, limit=1)
    if not newest:
        return ""
    run = newest[0]
    if run.state == "running":
        if project.holder() is None:
            return f"? run {run.id} LOST"
        return f"● run {run.id} {run.label} {clock(time.time() - run.started_at)}"
    marks = {"done": "✓", "failed": "✗", "interrupted": "‖"}
    return f"{marks.get(run.state, '·')} run {run.id} {run.state}"


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
