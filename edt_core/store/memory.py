"""What was paid for, kept: every call to a language model, and every bought embedding."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from sqlmodel import Session

from edt_core.data.sequences import Floats
from edt_core.llm.ledger import Call, StoredCall
from edt_core.store.database import Database, insert_rows, run_many

_COLUMNS = (
    "key",
    "step",
    "status",
    "template",
    "user",
    "repair",
    "provider",
    "model",
    "model_answered",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "cost",
    "latency",
    "reason",
    "reused_from",
    "uncertain",
    "attempts",
    "request",
    "response",
    "parsed",
    "raw",
)

OUTCOME = (
    *("status", "model_answered", "prompt_tokens", "cached_tokens", "completion_tokens", "cost"),
    *("latency", "reason", "uncertain", "attempts", "response", "parsed", "raw"),
)
"""What is known of a call once it has ended."""

_KEPT = 2000
"""Letters of the body that an attempt brought, where a later one brought another."""

_NAME_USERS = """
    UPDATE call SET user_id = (SELECT source_id FROM user WHERE user.id = call.user)
    WHERE id > ? AND user IS NOT NULL"""


class CallLedger:
    """Implements the language models' ledger: one durable commit before a method returns.

    Args:
        database: The project's.
        run: The run that asks, if any.
    """

    def __init__(self, database: Database, run: int | None = None) -> None:
        self._database = database
        self._run = run

    def find(self, keys: Sequence[str]) -> dict[str, StoredCall]:
        """The answered calls among ``keys``; the newest where there are several."""
        query = (
            # max: response is that row's; the index is named because SQLite, which keeps no
            # statistics here, would else read every answered call there is
            "SELECT key, max(id), response FROM call INDEXED BY ix_call_answered "
            "WHERE status = 'answered' AND key IN (SELECT value FROM json_each(?)) GROUP BY key"
        )
        with self._database.read() as session:
            rows = session.connection().exec_driver_sql(query, (json.dumps(list(keys)),))
            return {key: StoredCall(number, response) for key, number, response in rows}

    def record(self, calls: Sequence[Call]) -> list[int]:
        """Write finished calls in one transaction; their ids in order."""
        return self.write(calls, ())

    def write(self, begun: Sequence[Call], ended: Sequence[tuple[int, Call]]) -> list[int]:
        """In one transaction: new lines, whose ids it returns, and begun ones replaced."""
        with self._database.write() as session:
            ids = begin_calls(session, self._run, begun)
            if ended:
                replace_calls(session, _COLUMNS, ended)
        return list(ids)


def begin_calls(session: Session, run: int | None, begun: Iterable[Call]) -> range:
    """Insert lines for calls; their ids, in order."""
    last = session.connection().exec_driver_sql("SELECT max(id) FROM call").scalar() or 0
    now = time.time()
    rows = (
        (number, run, now, *_values(_COLUMNS, call)) for number, call in enumerate(begun, last + 1)
    )
    count = insert_rows(session, "call", ("id", "run", "created_at", *_COLUMNS), rows)
    if count:
        session.connection().exec_driver_sql(_NAME_USERS, (last,))
    return range(last + 1, last + 1 + count)


def replace_calls(
    session: Session, columns: Sequence[str], changed: Iterable[tuple[int, Call]]
) -> None:
    """Write these columns of calls by their ids; the others stay."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    rows = ((*_values(columns, call), number) for number, call in changed)
    run_many(session, f"UPDATE call SET {changes} WHERE id = ?", rows)


class EmbeddingLedger:
    """Vectors that a service was paid for, by a content key of text and model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, keys: Sequence[str]) -> dict[str, Floats]:
        """The known vectors among ``keys``."""
        query = (
            "SELECT key, vector FROM embedding_memory WHERE key IN (SELECT value FROM json_each(?))"
        )
        with self._database.read() as session:
            rows = session.connection().exec_driver_sql(query, (json.dumps(list(keys)),))
            return {key: np.frombuffer(vector, "<f4").copy() for key, vector in rows}

    def keep(self, vectors: Mapping[str, Floats]) -> None:
        """Write vectors; one that is known stays as it is."""
        rows = ((key, vector.astype("<f4").tobytes()) for key, vector in vectors.items())
        with self._database.write() as session:
            run_many(session, "INSERT OR IGNORE INTO embedding_memory VALUES (?, ?)", rows)


def storable(text: str) -> str:
    """``text`` with lone surrogates spelled out: a model can write them, UTF-8 can't."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _values(columns: Sequence[str], call: Call) -> tuple[Any, ...]:
    return tuple(_shaped(columns, call))


def _attempts(call: Call) -> list[dict[str, Any]]:
    """Every attempt; the body that stands in the column ``raw`` stands there alone."""
    tries = [asdict(attempt) for attempt in call.attempts]
    last = max((n for n, attempt in enumerate(tries) if attempt["body"]), default=-1)
    for number, attempt in enumerate(tries):
        attempt["body"] = "" if number == last else attempt["body"][:_KEPT]
    return tries


def _shaped(columns: Sequence[str], call: Call) -> Iterator[Any]:
    for name in columns:
        value = getattr(call, name)
        if name == "attempts":
            value = json.dumps(_attempts(call))
        yield storable(value) if isinstance(value, str) else value
