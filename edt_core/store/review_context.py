"""What a reviewer sees around an item: the training history, and what was decided last.

A validation or test event never leaves this module: a decision that was made in its light would
carry it into the training data.
"""

from dataclasses import dataclass

from edt_core.store.database import rows_of
from edt_core.store.decisions import SHOWN
from edt_core.store.project import Project


@dataclass(frozen=True)
class TrainingEvent:
    """One event of a user's training part."""

    position: int
    """In the user's raw sequence, from 0."""
    key: int
    domain: int
    title: str
    timestamp: int


@dataclass(frozen=True)
class TrainingHistory:
    """What may be shown of a user's sequence."""

    events: list[TrainingEvent]
    hidden: int
    """Events held out for validation and test; that they exist is all that may be said."""


@dataclass(frozen=True)
class Act:
    """One act of the reviewer: one decision or a thousand."""

    id: int
    at: float
    by: str
    note: str
    action: str
    items: int
    title: str
    """Of the act's first item."""
    undone: bool


def training_history(project: Project, user: int) -> TrainingHistory:
    """The user's training part, by index; of the held-out events only how many there are."""
    events = """
        SELECT n.position, n.key, i.domain, i.title, n.timestamp
        FROM interaction n JOIN item i ON i.key = n.key
        WHERE n.user = ? AND n.split = 0 ORDER BY n.position"""
    hidden = "SELECT count(*) FROM interaction WHERE user = ? AND split != 0"
    with project.database.read() as session:
        ((n_hidden,),) = rows_of(session, hidden, user)
        return TrainingHistory(
            [TrainingEvent(*row) for row in rows_of(session, events, user)], int(n_hidden)
        )


def last_acts(project: Project, limit: int = 10) -> list[Act]:
    """The reviewer's last acts, newest first; those that were undone are marked."""
    query = """
        SELECT b.id, b.at, b.by, b.note, d.action,
               (SELECT count(*) FROM decision WHERE batch = b.id), g.title,
               b.undone_at IS NOT NULL
        FROM (SELECT * FROM batch ORDER BY id DESC LIMIT ?) b
        JOIN decision d ON d.id = (SELECT min(id) FROM decision WHERE batch = b.id)
        JOIN generated g ON g.id = d.generated
        ORDER BY b.id DESC"""
    with project.database.read() as session:
        return [Act(*row[:-1], bool(row[-1])) for row in rows_of(session, query, limit)]


def queue_state(project: Project) -> tuple[object, ...]:
    """Changes when the shown items or their scores do, then when a decision does: two parts.

    Tells a screen whether the ids of a queue can have changed; costs a few look-ups.
    """
    query = f"""
        SELECT ({SHOWN}), (SELECT fingerprint FROM latest WHERE kind = 'judged'),
               (SELECT max(id) FROM batch), (SELECT max(undone_at) FROM batch),
               (SELECT min(id) FROM batch WHERE undone_at IS NOT NULL)"""
    with project.database.read() as session:
        ((drafts, judged, *acts),) = rows_of(session, query)
        return (drafts, judged), tuple(acts)
