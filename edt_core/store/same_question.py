"""All calls that asked one question: a call's key is its question's, whoever asked it and when."""

import json
from collections.abc import Sequence

from edt_core.store.database import rows_of
from edt_core.store.project import Project


def key_of(project: Project, number: int) -> str:
    """The key of a call that is there."""
    with project.database.read() as session:
        ((key,),) = rows_of(session, "SELECT key FROM call WHERE id = ?", number)
        return str(key)


def calls_of(project: Project, key: str, after: int = 0) -> list[tuple[int, float | None]]:
    """Every call of a question that is newer than the call ``after``: id and cost, oldest first.

    The cost is in US dollars, None where it is not known.
    """
    query = "SELECT id, cost FROM call WHERE id > ? AND key = ? ORDER BY id"
    with project.database.read() as session:
        return [(int(number), cost) for number, cost in rows_of(session, query, after, key)]


def batch_of(project: Project, calls: Sequence[int]) -> str:
    """The batch that holds one of these calls without an end, as it is named; empty for none."""
    query = """
        SELECT CASE b.remote WHEN '' THEN b.name ELSE b.remote END
        FROM call c JOIN batched_call l ON l.call = c.id JOIN call_batch b ON b.id = l.batch
        WHERE c.status = 'unknown' AND b.state != 'lost'
          AND c.id IN (SELECT value FROM json_each(?)) LIMIT 1"""
    with project.database.read() as session:
        found = rows_of(session, query, json.dumps(list(calls)))
        return str(found[0][0]) if found else ""


def decisions_on(project: Project, fingerprint: str, calls: Sequence[int]) -> int:
    """How many items that these calls wrote a reviewer has decided on.

    Args:
        project: The project.
        fingerprint: Of the stage that generated the items.
        calls: The calls.
    """
    query = """
        SELECT count(*) FROM generated g JOIN drafts d ON d.id = g.drafts
        WHERE d.fingerprint = ? AND (g.decision IS NOT NULL OR g.fields IS NOT NULL)
          AND g.call IN (SELECT value FROM json_each(?))"""
    with project.database.read() as session:
        ((count,),) = rows_of(session, query, fingerprint, json.dumps(list(calls)))
        return int(count)
