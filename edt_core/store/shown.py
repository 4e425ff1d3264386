"""Which stage results the project's rows show at present."""

from edt_core.store.project import Project
from edt_core.store.tables import Latest


def shown(project: Project, kind: str) -> str:
    """The fingerprint that the rows of ``kind`` show; empty when they show nothing yet."""
    with project.database.read() as session:
        row = session.get(Latest, kind)
        return row.fingerprint if row else ""


def show(project: Project, kind: str, fingerprint: str) -> None:
    """Note that the rows of ``kind`` show the result with this fingerprint from now on."""
    with project.database.write() as session:
        session.merge(Latest(kind=kind, fingerprint=fingerprint))
