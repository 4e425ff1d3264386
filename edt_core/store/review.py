"""The reviewer's decisions: made, taken back, handed to the pipeline; all of it kept.

One act of the reviewer is one batch, whether it touched one item or a thousand, and every line of
it knows what stood before. So any process can undo the last act.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edt_core.errors import UsageError
from edt_core.store.decisions import (
    ACTIONS,
    ANCHOR,
    LAST,
    ON_SHOWN,
    SHOWN,
    Change,
    apply,
    checked_fields,
    decide_all,
    first_item,
    restore,
    standing,
)
from edt_core.store.names import shown
from edt_core.store.predicate import parse
from edt_core.store.project import Project
from edt_core.store.review_queue import Wanted, generated_ids
from edt_core.store.tables import Batch


@dataclass(frozen=True)
class Decided:
    """What was decided on one run of the generator: what the review stages read."""

    accepted: list[int]
    """Draft rows, ascending. An edited item counts as accepted unless it is rejected later."""
    rejected: list[int]
    edited: list[int]
    """Draft rows whose texts were changed, whatever was decided afterwards."""
    fields: list[dict[str, Any]]
    """The changed texts of each edited row."""
    moved: list[int]
    """Draft rows whose anchor was moved."""
    anchors: list[int]
    """Where to, each a position in the user's training part."""
    edits_digest: str
    """Content hash of the edits; empty when there are none."""
    verdicts_digest: str
    """Content hash of accepted and rejected rows and moved anchors; empty when there are none."""


def decide(
    project: Project, action: str, ids: Sequence[int], *, by: str = "", note: str = ""
) -> int:
    """Accept, reject or reset generated items: durable when this returns, undone as one act.

    Returns:
        How many items changed; one that already stands so is left as it is.

    Raises:
        UsageError: an unknown action, or an id that doesn't exist (nothing is changed then).
    """
    if action not in {"accept", "reject", "reset"}:
        raise UsageError(f"There is no action {shown(action)}.", hint="accept, reject or reset.")
    with project.database.write() as session:
        return decide_all(session, action, ids, by, note)


def decide_where(project: Project, action: str, where: str, *, by: str = "", note: str = "") -> int:
    """Do ``action`` to every shown item that the condition holds for, as one act.

    Without a ``note`` the condition is kept beside the decisions.

    Raises:
        UsageError: the condition isn't understood, or the action is unknown.
    """
    return decide(project, action, matching(project, where), by=by, note=note or where)


def matching(project: Project, where: str) -> list[int]:
    """The ids of the shown items that the condition holds for.

    Raises:
        UsageError: the condition isn't understood.
    """
    parse(where)  # an empty one is refused, not taken for all
    found: list[int] = generated_ids(project, Wanted(where=where)).tolist()
    return found


def edit(project: Project, number: int, fields: Mapping[str, Any], *, by: str = "") -> int:
    """Change texts of a generated item, or its anchor; what the model wrote stays on record.

    A changed text is embedded and scored again by the next run; a moved anchor
    (``anchor_position``) changes only where the item is inserted.

    Raises:
        UsageError: no such item or field, or a value that can't be one.
    """
    with project.database.write() as session:
        (now,) = standing(session, [number])
        changed = checked_fields(session, now.user, fields)
        merged = json.loads(now.fields or "{}") | changed
        change = Change(now, "edited", json.dumps(merged, sort_keys=True))
        return apply(session, "edit", [change], by, "")


def undo(project: Project) -> int:
    """Take the last act back; any process can, and again for the one before.

    Returns:
        How many items it had changed; 0 when there is nothing to undo.
    """
    return undone(project)[0]


def undone(project: Project) -> tuple[int, int | None]:
    """``undo``: how many items the act had changed, and its first item."""
    with project.database.write() as session:
        number = session.connection().exec_driver_sql(LAST).scalar()
        if number is None:
            return 0, None
        session.get_one(Batch, number).undone_at = time.time()
        changed = restore(session, number, "decision_before", "fields_before")
        return changed, first_item(session, number)


def redo(project: Project) -> int:
    """Do the act again that was undone last; a new act in between ends that.

    Returns:
        How many items it changed; 0 when there is nothing to redo.
    """
    return redone(project)[0]


def redone(project: Project) -> tuple[int, int | None]:
    """``redo``: how many items the act changed, and its first item."""
    query = f"""
        SELECT id FROM batch WHERE id > coalesce(({LAST}), 0) AND {ON_SHOWN}
        ORDER BY id LIMIT 1"""
    with project.database.write() as session:
        number = session.connection().exec_driver_sql(query).scalar()
        batch = session.get(Batch, number) if number is not None else None
        if batch is None:
            return 0, None
        batch.undone_at = None
        number = int(batch.id or 0)
        return restore(session, number, "decision", "fields"), first_item(session, number)


def decided(project: Project, fingerprint: str) -> Decided:
    """What was decided on the drafts with this fingerprint; all empty when they have no rows."""
    query = (
        "SELECT row, decision, fields FROM generated JOIN drafts ON drafts.id = generated.drafts "
        "WHERE fingerprint = ? AND (decision IS NOT NULL OR fields IS NOT NULL) ORDER BY row"
    )
    with project.database.read() as session:
        rows = list(session.connection().exec_driver_sql(query, (fingerprint,)))
    accepted = [row for row, decision, _ in rows if decision in {"accepted", "edited"}]
    rejected = [row for row, decision, _ in rows if decision == "rejected"]
    changed = [(row, json.loads(fields)) for row, _, fields in rows if fields]
    moved = [(row, fields.pop(ANCHOR)) for row, fields in changed if ANCHOR in fields]
    edits = [(row, fields) for row, fields in changed if fields]
    verdicts = [accepted, rejected] if accepted or rejected or moved else []
    return Decided(
        accepted,
        rejected,
        [row for row, _ in edits],
        [fields for _, fields in edits],
        [row for row, _ in moved],
        [position for _, position in moved],
        _digest(edits),
        _digest([*verdicts, moved] if moved else verdicts),
    )


def export_decisions(project: Project) -> list[dict[str, Any]]:
    """Every standing decision on the shown items, in the form that ``import_decisions`` takes."""
    query = (
        "SELECT g.id, u.source_id, g.target, g.title, g.decision, g.fields FROM generated g "
        f"JOIN user u ON u.id = g.user WHERE g.drafts = ({SHOWN}) "
        "AND g.decision IS NOT NULL ORDER BY g.id"
    )
    with project.database.read() as session:
        return [
            {
                "id": number,
                "user": user,
                "direction": "a2b" if target else "b2a",
                "title": title,
                "decision": decision,
                "fields": json.loads(fields or "{}"),
            }
            for number, user, target, title, decision, fields in (
                session.connection().exec_driver_sql(query)
            )
        ]


def import_decisions(project: Project, entries: Iterable[Any], *, by: str = "") -> int:
    """Make exported decisions this project's, as one act.

    Each must name an item by its id, and the title that the model wrote must be the same, so that
    decisions on other items never land here.

    Raises:
        UsageError: an entry is not understood or names another item; nothing is changed then.
    """
    with project.database.write() as session:
        changes = []
        for place, entry in enumerate(entries, 1):
            number, decision, fields = _entry(entry, place)
            (now,) = standing(session, [number])
            if now.title != entry.get("title"):
                raise UsageError(
                    f"Decision {place} is about another item than the one with id {number} here.",
                    hint="Import decisions into the project that they were exported from.",
                )
            checked = json.dumps(checked_fields(session, now.user, fields), sort_keys=True)
            changes.append(Change(now, decision, checked if fields else None))
        return apply(session, "import", changes, by, "")


def _entry(entry: Any, place: int) -> tuple[int, str, dict[str, Any]]:
    known = set(ACTIONS.values()) - {None}
    fields = entry.get("fields", {}) if isinstance(entry, dict) else None
    if (
        not isinstance(fields, dict)
        or type(entry.get("id")) is not int
        or not isinstance(entry.get("decision"), str)
        or entry["decision"] not in known
    ):
        raise UsageError(
            f"Decision {place} is not understood.",
            hint="Each needs id, title, decision (accepted, rejected or edited) and fields.",
        )
    return entry["id"], entry["decision"], fields


def _digest(content: Any) -> str:
    if not content:
        return ""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:40]
