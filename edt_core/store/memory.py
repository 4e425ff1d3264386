"""What was paid for, kept: every call to a language model, and every bought embedding."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

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
    "attempts",
    "request",
    "response",
    "parsed",
)

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
            "SELECT key, max(id), response FROM call "  # max: response is that row's
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
        changes = ", ".join(f"{name} = ?" for name in _COLUMNS)
        now = time.time()
        with self._database.write() as session:
            last = session.connection().exec_driver_sql("SELECT max(id) FROM call").scalar() or 0
            ids = range(last + 1, last + 1 + len(begun))
            if begun:
                rows = (
                    (number, self._run, now, *_values(call))
                    for number, call in zip(ids, begun, strict=True)
                )
                insert_rows(session, "call", ("id", "run", "created_at", *_COLUMNS), rows)
                session.connection().exec_driver_sql(_NAME_USERS, (last,))
            if ended:
                replaced = ((*_values(call), number) for number, call in ended)
                run_many(session, f"UPDATE call SET {changes} WHERE id = ?", replaced)
        return list(ids)


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


def _values(call: Call) -> tuple[Any, ...]:
    return tuple(_shaped(call))


def _shaped(call: Call) -> Iterator[Any]:
    for name in _COLUMNS:
        value = getattr(call, name)
        if name == "attempts":
            value = json.dumps([asdict(attempt) for attempt in value])
        yield storable(value) if isinstance(value, str) else value
