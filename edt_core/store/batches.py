"""Requests that were given to a service as files, by the calls that each of them holds."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from edt_core.llm.batch_book import Pending, SentBatch
from edt_core.llm.ledger import Call
from edt_core.store.database import Database, insert_rows, rows_of, run_many
from edt_core.store.memory import OUTCOME, begin_calls, replace_calls

_WITHOUT_END = """
    FROM call c JOIN batched_call l ON l.call = c.id JOIN call_batch b ON b.id = l.batch
    WHERE c.status = 'unknown' AND b.state != 'lost'"""


class CallBatches:
    """Implements the language models' book of batches: one durable commit before it returns.

    Args:
        database: The project's.
        run: The run that asks, if any.
    """

    def __init__(self, database: Database, run: int | None = None) -> None:
        self._database = database
        self._run = run

    def open(self, host: str) -> list[SentBatch]:
        """The batches given to ``host`` with calls that have no end yet, oldest first."""
        query = f"""
            SELECT DISTINCT b.id, b.name, b.state, b.requests, b.created_at, b.changed_at, b.file,
                   b.remote, b.note {_WITHOUT_END} AND b.host = ? ORDER BY b.id"""
        with self._database.read() as session:
            return [SentBatch(*row) for row in rows_of(session, query, host)]

    def pending(self, batch: SentBatch) -> list[Pending]:
        """The calls of one batch that have no end yet."""
        query = f"""
            SELECT c.id, c.key, c.repair, CASE WHEN c.repair THEN c.request ELSE '' END
            {_WITHOUT_END} AND b.id = ? ORDER BY c.id"""
        with self._database.read() as session:
            return [Pending(*row) for row in rows_of(session, query, batch.id)]

    def prepare(
        self, name: str, host: str, calls: Iterable[Call], moved: Sequence[tuple[int, Call]]
    ) -> tuple[SentBatch, list[int]]:
        """In one transaction: a batch, lines for its calls, and lines that it takes over."""
        now = time.time()
        with self._database.write() as session:
            ids = begin_calls(session, self._run, calls)
            count = len(ids) + len(moved)
            (number,) = rows_of(session, "SELECT coalesce(max(id), 0) + 1 FROM call_batch")[0]
            names = ("id", "name", "host", "state", "file", "remote", "requests", "run")
            values = (number, name, host, "prepared", "", "", count, self._run, now, now, "")
            insert_rows(
                session, "call_batch", (*names, "created_at", "changed_at", "note"), [values]
            )
            insert_rows(
                session, "batched_call", ("call", "batch"), ((call, number) for call in ids)
            )
            run_many(
                session,
                "UPDATE batched_call SET batch = ? WHERE call = ?",
                ((number, call) for call, _ in moved),
            )
            replace_calls(session, ("request",), moved)
        return SentBatch(number, name, "prepared", count, now, now), list(ids)

    def note(self, batch: SentBatch, ended: Iterable[tuple[int, Call]] = ()) -> SentBatch:
        """In one transaction: a batch as it is now, and what came of calls (no other column)."""
        batch = replace(batch, changed_at=time.time())
        values = (batch.state, batch.file, batch.remote, batch.note, batch.changed_at, batch.id)
        query = """
            UPDATE call_batch SET state = ?, file = ?, remote = ?, note = ?, changed_at = ?
            WHERE id = ?"""
        with self._database.write() as session:
            run_many(session, query, [values])
            replace_calls(session, OUTCOME, ended)
        return batch
