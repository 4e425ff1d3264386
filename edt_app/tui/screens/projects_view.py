"""What the list of projects says: texts, no Textual."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edt_app.terminal import size, when
from edt_app.tui.theme import MARKS
from edt_app.tui.widgets.cells import fit

if TYPE_CHECKING:
    from edt_core.store.listing import ProjectLine

WIDTHS = (18, 18, 11, 18, 21, 11, 9)
"""Of the columns."""
_ONLY_WIDE = (3, 6)


def heading(wide: bool) -> list[str]:
    """The columns' names."""
    return _fitted(("name", "data set", "size", "changed", "last run", "best N@10", "cost"), wide)


def row(line: "ProjectLine", wide: bool) -> list[str]:
    """A project as cells."""
    cells = (
        line.name,
        unopened(line)[0] or line.dataset or "no data yet",
        size(line.bytes),
        when(line.changed_at),
        f"{MARKS[line.life]} {line.last_run}" if line.life else line.last_run or "-",
        "-" if line.best is None else f"{line.best:.4f}",
        f"${line.cost:.2f}" if line.cost else "-",
    )
    return _fitted(cells, wide)


def _fitted(cells: Iterable[str], wide: bool) -> list[str]:
    """Cells cut and filled to their columns; numbers stand right."""
    fitted = []
    for at, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True)):
        if at in _ONLY_WIDE and not wide:
            continue
        fitted.append(fit(cell, width - 2, "right" if at in {2, 5, 6} else "left") + "  ")
    return fitted


def unopened(line: "ProjectLine") -> tuple[str, str]:
    """Of a project that can't be opened: what the list says, and why; else nothing."""
    from edt_core.store.ownership import Standing

    match line.standing:
        case Standing.FOREIGN:
            return "- no EDT project", "another program wrote its project.db."
        case Standing.NEWER:
            return "! of a newer EDT", "a newer EDT wrote it; that version opens it."
        case Standing.DAMAGED:
            return (
                "✗ damaged",
                "its project.db can't be read; {projects.restore} restores a backup.",
            )
        case Standing.OWN:
            return "", ""


def told(line: "ProjectLine") -> str:
    """What there is to say of a project without stages."""
    reason = unopened(line)[1]
    return (
        f"{line.name}: {reason}"
        if reason
        else "No data yet: {projects.open}, then {go.data} Data imports."
    )
