"""The history of decisions: batches of changes, each line with what stood before it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from edt_core.errors import UsageError
from edt_core.store.database import insert_rows
from edt_core.store.memory import storable
from edt_core.store.names import shown
from edt_core.store.tables import Batch

ACTIONS = {"accept": "accepted", "reject": "rejected", "edit": "edited", "reset": None}
"""What a reviewer can do, and the decision that stands afterwards."""

FIELDS = ("title", "brand", "date", "price", "categories", "description")
"""Which texts of a generated item can be edited."""

ANCHOR = "anchor_position"
"""Beside them, after which training event the item is inserted: its position."""

_LONGEST = 10_000  # letters of an edited field


SHOWN = (
    "SELECT d.id FROM drafts d JOIN latest l ON l.fingerprint = d.fingerprint "
    "WHERE l.kind = 'drafts'"
)
"""Selects the drafts whose items are shown at present."""

ITEMS = f"drafts = ({SHOWN})"
"""Those items, as a condition."""

ON_SHOWN = f"""EXISTS (
    SELECT 1 FROM decision d JOIN generated g ON g.id = d.generated
    WHERE d.batch = batch.id AND g.drafts = ({SHOWN}))"""
"""Acts on some of those items, as a condition on ``batch``: what nobody sees is not undone."""

LAST = f"SELECT id FROM batch WHERE undone_at IS NULL AND {ON_SHOWN} ORDER BY id DESC LIMIT 1"
"""The act that stands and was made last."""


@dataclass(frozen=True)
class Standing:
    """What stands for one item, with the title that the model wrote and whom for."""

    generated: int
    decision: str | None
    fields: str | None
    title: str
    user: int


@dataclass(frozen=True)
class Change:
    """What shall stand for one item, and what stood."""

    before: Standing
    decision: str | None
    fields: str | None

    @property
    def real(self) -> bool:
        """It changes something."""
        return (self.before.decision, self.before.fields) != (self.decision, self.fields)


def standing(session: Session, ids: Sequence[int]) -> list[Standing]:
    """What stands for each shown item.

    Raises:
        UsageError: there is no shown item with one of the ids.
    """
    wanted = list(dict.fromkeys(ids))
    query = (
        "SELECT id, decision, fields, title, user FROM generated "
        f"WHERE id IN (SELECT value FROM json_each(?)) AND drafts = ({SHOWN})"
    )
    rows = session.connection().exec_driver_sql(query, (json.dumps(wanted),))
    found = {row[0]: Standing(*row) for row in rows}
    missing = [number for number in wanted if number not in found]
    if missing:
        raise _no_such_item(session, missing[0])
    return [found[number] for number in wanted]


def decide_all(session: Session, action: str, ids: Sequence[int], by: str, note: str) -> int:
    """Accept, reject or reset items as one batch; how many of them that changes.

    Choice: SQLite works on all of them at once; ``apply`` is for changes that differ.

    Raises:
        UsageError: there is no shown item with one of the ids.
    """
    wanted = json.dumps(sorted(set(ids)))  # in the order of the rows: every page is met once
    connection = session.connection()
    # the drafts are asked for once, and every id is looked up: no list of all rows is made
    missing = f"""WITH here AS MATERIALIZED (SELECT coalesce(({SHOWN}), -1) AS drafts)
        SELECT value FROM json_each(?) CROSS JOIN here WHERE NOT EXISTS (
            SELECT 1 FROM generated g INDEXED BY ix_generated_drafts
            WHERE g.id = value AND g.drafts = here.drafts) LIMIT 1"""
    for (number,) in connection.exec_driver_sql(missing, (wanted,)):
        raise _no_such_item(session, number)
    batch = Batch(at=time.time(), by=by, note=storable(note))
    session.add(batch)
    session.flush()
    fields = "NULL" if action == "reset" else "g.fields"
    lines = connection.exec_driver_sql(
        f"""INSERT INTO decision (batch, generated, action, decision, fields, decision_before,
                                  fields_before)
        SELECT ?, g.id, ?, ?, {fields}, g.decision, g.fields
        FROM json_each(?) wanted CROSS JOIN generated g ON g.id = wanted.value
        WHERE (g.decision, g.fields) IS NOT (?, {fields})""",
        (batch.id, action, ACTIONS[action], wanted, ACTIONS[action]),
    )
    if lines.rowcount == 0:
        session.delete(batch)
        return 0
    reset = ", fields = NULL" if action == "reset" else ""
    connection.exec_driver_sql(  # one value for all: a third less work than ``restore``
        f"UPDATE generated SET decision = ?{reset} "
        "WHERE id IN (SELECT generated FROM decision WHERE batch = ?)",
        (ACTIONS[action], batch.id),
    )
    return int(lines.rowcount)


def apply(session: Session, action: str, changes: list[Change], by: str, note: str) -> int:
    """Make the changes that change something, as one batch; how many those are."""
    new = {change.before.generated: change for change in changes if change.real}
    if not new:
        return 0
    batch = Batch(at=time.time(), by=by, note=storable(note))
    session.add(batch)
    session.flush()
    rows = (
        (batch.id, number, action, c.decision, c.fields, c.before.decision, c.before.fields)
        for number, c in new.items()
    )
    columns = ("batch", "generated", "action", "decision", "fields")
    insert_rows(session, "decision", (*columns, "decision_before", "fields_before"), rows)
    return restore(session, int(batch.id or 0), "decision", "fields")


def restore(session: Session, batch: int, decision: str, fields: str) -> int:
    """Set the items of a batch to what its lines have in two of their columns; how many."""
    done = session.connection().exec_driver_sql(
        f"UPDATE generated SET decision = d.{decision}, fields = d.{fields} "
        "FROM decision d WHERE d.generated = generated.id AND d.batch = ?",
        (batch,),
    )
    return int(done.rowcount)


def first_item(session: Session, batch: int) -> int | None:
    """The first item that a batch changed."""
    query = "SELECT generated FROM decision WHERE batch = ? ORDER BY id LIMIT 1"
    found = session.connection().exec_driver_sql(query, (batch,)).scalar()
    return None if found is None else int(found)


def _no_such_item(session: Session, number: int) -> UsageError:
    query = "SELECT count(*) FROM generated WHERE id = ?"
    if session.connection().exec_driver_sql(query, (number,)).scalar():
        return UsageError(
            f"The generated item {number} belongs to other data or settings than are shown now.",
            hint="'edt items' lists those that can be decided on.",
        )
    return UsageError(
        f"There is no generated item with the id {number}.",
        hint="'edt items' lists them with their ids.",
    )


def checked_fields(session: Session, user: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` as those of an item that was generated for ``user``.

    Raises:
        UsageError: there is no such field, or a value can't be one.
    """
    changed = {name: _checked_text(name, fields[name]) for name in fields if name != ANCHOR}
    if ANCHOR in fields:
        changed[ANCHOR] = _checked_anchor(session, user, fields[ANCHOR])
    return changed


def _checked_anchor(session: Session, user: int, value: Any) -> int:
    """A position in the training part: an item is never inserted beside a held-out event."""
    query = "SELECT max(position) FROM interaction WHERE user = ? AND split = 0"
    last = session.connection().exec_driver_sql(query, (user,)).scalar()
    position = int(value) if isinstance(value, str) and value.isdecimal() else value
    if type(position) is int and last is not None and 0 <= position <= last:
        return position
    raise UsageError(
        f"This can't be an item's anchor: {shown(str(value))}.",
        hint="Give a position in the user's training part"
        + (f", 0 to {last}." if last is not None else "; this user has none."),
    )


def _checked_text(name: str, value: Any) -> Any:
    if name not in FIELDS:
        raise UsageError(
            f"A generated item has no field {shown(name)}.",
            hint=f"Fields: {', '.join((*FIELDS, ANCHOR))}.",
        )
    if name == "categories":
        parts = value.split(",") if isinstance(value, str) else value
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            return [storable(part.strip()) for part in parts if part.strip()]
    elif isinstance(value, str) and len(value) <= _LONGEST and (value.strip() or name != "title"):
        return storable(value)
    raise UsageError(
        f"This can't be an item's {name}: {shown(str(value))}.",
        hint=f"Give a text of up to {_LONGEST} letters; a title can't be empty.",
    )
