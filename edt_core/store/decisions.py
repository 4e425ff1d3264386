"""The history of decisions: batches of changes, each line with what stood before it."""

import json
import time
from collections.abc import Sequence
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
"""What of a generated item can be edited."""

_LONGEST = 10_000  # letters of an edited field


SHOWN = (
    "SELECT d.id FROM drafts d JOIN latest l ON l.fingerprint = d.fingerprint "
    "WHERE l.kind = 'drafts'"
)
"""Selects the drafts whose items are shown at present."""


@dataclass(frozen=True)
class Standing:
    """What stands for one item, and the title that the model wrote."""

    generated: int
    decision: str | None
    fields: str | None
    title: str


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
    """What stands for each item.

    Raises:
        UsageError: there is no item with one of the ids.
    """
    wanted = list(dict.fromkeys(ids))
    query = (
        "SELECT id, decision, fields, title FROM generated "
        "WHERE id IN (SELECT value FROM json_each(?))"
    )
    rows = session.connection().exec_driver_sql(query, (json.dumps(wanted),))
    found = {row[0]: Standing(*row) for row in rows}
    missing = [number for number in wanted if number not in found]
    if missing:
        raise UsageError(
            f"There is no generated item with the id {missing[0]}.",
            hint="'edt items' lists them with their ids.",
        )
    return [found[number] for number in wanted]


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


def checked_field(name: str, value: Any) -> Any:
    """``value`` as the field ``name`` of a generated item.

    Raises:
        UsageError: there is no such field, or the value can't be one.
    """
    if name not in FIELDS:
        raise UsageError(
            f"A generated item has no field {shown(name)}.", hint=f"Fields: {', '.join(FIELDS)}."
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
