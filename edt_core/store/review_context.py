"""What a reviewer sees around an item: the training history, and what was decided last.

A validation or test event never leaves this module: a decision that was made in its light would
carry it into the training data.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edt_core.data.catalogue import item_name
from edt_core.errors import UsageError
from edt_core.store.database import rows_of
from edt_core.store.decisions import FIELDS, LAST, ON_SHOWN, SHOWN
from edt_core.store.project import Project

_AT_ONCE = 2000


@dataclass(frozen=True)
class TrainingEvent:
    """One event of a user's training part."""

    position: int
    """In the user's raw sequence, from 0."""
    key: int
    domain: int
    name: str
    """What people are shown for the item."""
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
    item: int
    """The act's first item."""
    title: str
    """That item's."""
    undone: bool


def training_history(project: Project, user: int) -> TrainingHistory:
    """The user's training part, by index; of the held-out events only how many there are."""
    events = """
        SELECT n.position, n.key, i.domain, i.title, i.brand, i.source_id, n.timestamp
        FROM interaction n JOIN item i ON i.key = n.key
        WHERE n.user = ? AND n.split = 0 ORDER BY n.position"""
    hidden = "SELECT count(*) FROM interaction WHERE user = ? AND split != 0"
    with project.database.read() as session:
        ((n_hidden,),) = rows_of(session, hidden, user)
        return TrainingHistory(
            [
                TrainingEvent(position, key, domain, item_name(title, brand, source_id), timestamp)
                for position, key, domain, title, brand, source_id, timestamp in rows_of(
                    session, events, user
                )
            ],
            int(n_hidden),
        )


def last_acts(project: Project, limit: int = 10) -> list[Act]:
    """The reviewer's last acts on what is shown, newest first; undone ones are marked.

    Where all of them are undone, the one that an undo would take back comes behind them.
    """
    query = f"""
        SELECT b.id, b.at, b.by, b.note, d.action,
               (SELECT count(*) FROM decision WHERE batch = b.id) AS items,
               g.id AS item, coalesce(json_extract(g.fields, '$.title'), g.title) AS title,
               b.undone_at IS NOT NULL AS undone
        FROM (SELECT * FROM (SELECT * FROM batch WHERE {ON_SHOWN} ORDER BY id DESC LIMIT ?)
              UNION SELECT * FROM batch WHERE id = ({LAST})) b
        JOIN decision d ON d.id = (SELECT min(id) FROM decision WHERE batch = b.id)
        JOIN generated g ON g.id = d.generated
        ORDER BY b.id DESC"""
    with project.database.read() as session:
        return [Act(**row._mapping) for row in rows_of(session, query, limit)]


def queue_state(project: Project) -> tuple[object, ...]:
    """Two parts: one changes when the shown items or their scores do, one when a decision does.

    The second one also changes when an edited item was scored between two runs.

    Tells a screen whether the ids of a queue can have changed; costs a few look-ups.
    """
    query = f"""
        SELECT ({SHOWN}), (SELECT fingerprint FROM latest WHERE kind = 'judged'),
               (SELECT max(id) FROM batch), (SELECT max(undone_at) FROM batch),
               (SELECT min(id) FROM batch WHERE undone_at IS NOT NULL),
               (SELECT max(at) FROM rescored)"""
    with project.database.read() as session:
        ((drafts, judged, *acts),) = rows_of(session, query)
        return (drafts, judged), tuple(acts)


def next_undecided(project: Project, ids: Sequence[int]) -> int | None:
    """The first of ``ids`` that nobody decided on; None when there is none."""
    query = """
        SELECT value FROM json_each(?) JOIN generated ON generated.id = value
        WHERE decision IS NULL ORDER BY json_each.key LIMIT 1"""
    with project.database.read() as session:
        for start in range(0, len(ids), _AT_ONCE):
            some = json.dumps([int(number) for number in ids[start : start + _AT_ONCE]])
            for (number,) in rows_of(session, query, some):
                return int(number)
    return None


@dataclass(frozen=True)
class Origin:
    """Where a generated item comes from."""

    written: dict[str, Any]
    """Its texts as the model wrote them."""
    anchor_position: int | None
    """Eq. 5's anchor, whatever the reviewer chose."""
    siblings: int
    """Items generated for this user and direction, itself among them: what it is ranked in."""


def origin(project: Project, number: int) -> Origin:
    """Where the generated item with this id comes from.

    Raises:
        UsageError: there is no such item.
    """
    # the plus keeps SQLite from counting through half of all items instead of one user's
    query = f"""
        SELECT {", ".join(FIELDS)}, anchor_position,
               (SELECT count(*) FROM generated s WHERE s.drafts = g.drafts AND s.user = g.user
                AND +s.target = g.target)
        FROM generated g JOIN generated_text USING (id) WHERE id = ?"""
    with project.database.read() as session:
        for *texts, anchor, siblings in rows_of(session, query, number):
            written = dict(zip(FIELDS, texts, strict=True))
            written["categories"] = json.loads(written["categories"])
            return Origin(written, anchor, siblings)
    raise UsageError(
        f"There is no generated item with the id {number}.", hint="'edt items' lists them."
    )
