"""What was asked of language models, what came back, and what it cost."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edt_core.errors import ProjectError, UsageError
from edt_core.store.database import containing, rows_of, whole_columns
from edt_core.store.project import Project
from edt_core.store.questions import user_by_source_id


@dataclass(frozen=True)
class Spend:
    """Calls and cost of one step."""

    step: str
    answered: int
    invalid: int
    failed: int
    unknown: int
    """Sent, and nobody knows what became of them: those in flight when a process died."""
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """US dollars, as far as prices are known."""
    unpriced: int
    """Answered calls whose price is not known."""
    cached_tokens: int = 0
    """Of the prompts', as many as services read from their caches."""
    reused: int = 0
    """Of the answered, as many as were taken from another project."""
    uncertain: int = 0
    """Attempts that brought nothing and may have been billed: nobody knows."""


@dataclass(frozen=True)
class CallLine:
    """A call, without its texts."""

    id: int
    step: str
    template: str
    user: int | None
    """The user's index when the call was made."""
    user_id: str | None
    """The user's source id."""
    status: str
    repair: int
    provider: str
    model: str
    model_answered: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost: float | None
    latency: float
    created_at: float
    reason: str
    reused_from: str
    """Project and number of the call whose answer this is; empty for one that was bought here."""


@dataclass(frozen=True)
class Asked:
    """Which calls; what is empty does not narrow."""

    step: str = ""
    user: str = ""
    """A user's source id, who may be of an earlier import."""
    status: str = ""
    """``answered``, ``invalid``, ``failed`` or ``unknown``; ``bad`` for the last three;
    ``unanswered`` for the newest call of each question that none has answered."""
    text: str = ""
    """In request or response."""
    ids: tuple[int, ...] | None = None
    """Of these alone."""


@dataclass(frozen=True)
class CallText:
    """A call with all that was sent and answered."""

    line: CallLine
    request: dict[str, Any]
    """The body as sent."""
    response: str
    parsed: Any
    """The validated object, or None."""
    attempts: list[dict[str, Any]]
    batch: str = ""
    """The batch that it went with, as the service calls it, and how far that is; mostly none."""
    raw: str = ""
    """The body that the service sent last, as far as it is kept."""


@dataclass(frozen=True)
class CallsOf:
    """Calls of one step, template and model, as far as something is made of them."""

    step: str
    template: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """US dollars, as far as prices are known."""


def spend(project: Project) -> list[Spend]:
    """Calls, tokens and cost by step; an unpriced call is counted apart, never as free."""
    query = """
        SELECT step, sum(status = 'answered'), sum(status = 'invalid'), sum(status = 'failed'),
               sum(status = 'unknown'), sum(prompt_tokens), sum(completion_tokens), total(cost),
               sum(status = 'answered' AND cost IS NULL), sum(cached_tokens),
               sum(reused_from != ''), sum(uncertain)
        FROM call GROUP BY step ORDER BY min(id)"""
    with project.database.read() as session:
        return [Spend(*row) for row in rows_of(session, query)]


_IN_BATCH = """
    JOIN batched_call l ON l.call = u.id JOIN call_batch b ON b.id = l.batch
    WHERE u.status = 'unknown' AND b.state != 'lost'"""
"""Calls without an end that a batch holds, at the service or on the way there."""


@dataclass(frozen=True)
class Measured:
    """What services counted for recent calls: means of one call."""

    calls: int
    """With an answer, valid or not."""
    answered: int
    prompt_tokens: float
    cached_tokens: float
    completion_tokens: float
    latency: float | None
    """Seconds; None where all went in batches."""
    wait: float | None
    """Seconds for those that went in batches, from the submission to the end of their batch."""
    letters: float
    """Of a request's messages as JSON; of the texts in a request for vectors."""


def measured(project: Project, model: str, template: str = "") -> Measured | None:
    """Means over the newest 500 calls to ``model``; of one template, or of every question."""
    query = f"""
        WITH newest AS (
            SELECT status, prompt_tokens, cached_tokens, completion_tokens, latency,
                   EXISTS (SELECT 1 FROM batched_call l WHERE l.call = c.id) AS batched,
                   CASE template WHEN 'embedding' THEN json_extract(request, '$.letters')
                        ELSE length(json_extract(request, '$.messages')) END AS letters
            FROM call c WHERE model = ? AND template {"= ?" if template else "!= 'embedding'"}
            AND status IN ('answered', 'invalid') AND reused_from = '' AND prompt_tokens > 0
            AND provider != 'stand-in' AND step != 'doctor'
            ORDER BY id DESC LIMIT 500)
        SELECT count(*), sum(status = 'answered'), avg(prompt_tokens), avg(cached_tokens),
               avg(completion_tokens), avg(latency) FILTER (WHERE NOT batched),
               avg(latency) FILTER (WHERE batched), avg(letters) FROM newest"""
    values = (model, template) if template else (model,)
    with project.database.read() as session:
        (row,) = rows_of(session, query, *values)
    return Measured(*row) if row[0] and row[-1] else None


_VAIN = """status IN ('invalid', 'failed', 'unknown')
    AND template != 'embedding' AND step != 'doctor'"""
"""Of calls that asked a question of a stage and brought no usable answer."""

_NEVER_ANSWERED = f"""
    NOT EXISTS (SELECT 1 FROM call a WHERE a.key = c.key AND a.status = 'answered')
    AND c.key NOT IN (SELECT u.key FROM call u {_IN_BATCH})"""


def unanswered(project: Project, *, running: bool = False) -> dict[str, int]:
    """Questions by step that were asked in vain and never answered since; repairs count once.

    One that a batch holds at a service is not in vain: the next run waits for it.

    Args:
        project: The project.
        running: A run goes on, so that calls without an end are in flight and not lost.
    """
    known = "AND status != 'unknown'" if running else ""
    query = f"""
        SELECT step, count(DISTINCT key) FROM call c WHERE {_VAIN} {known}
        AND {_NEVER_ANSWERED} GROUP BY step"""
    with project.database.read() as session:
        return {step: int(number) for step, number in rows_of(session, query)}


def calls(
    project: Project,
    *,
    step: str = "",
    user: str = "",
    status: str = "",
    text: str = "",
    ids: Sequence[int] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[CallLine]:
    """Calls, newest first.

    Args:
        project: The project.
        step: Of this step alone.
        user: About the user with this source id alone, who may be of an earlier import.
        status: As in ``Asked``.
        text: Only calls with this text in request or response.
        ids: Only these calls.
        before: Only calls with a smaller id: the next page.
        limit: Most calls.

    Raises:
        UsageError: there is and was no such user.
    """
    condition, values = _condition(
        project, Asked(step, user, status, text, None if ids is None else tuple(ids))
    )
    if before is not None:
        condition += " AND c.id < ?"
        values.append(before)
    query = f"{_CALL} WHERE {condition} ORDER BY c.id DESC LIMIT ?"
    with project.database.read() as session:
        return [CallLine(*row) for row in rows_of(session, query, *values, limit)]


def call_ids(project: Project, asked: Asked) -> NDArray[np.int64]:
    """The ids of all calls of a kind, newest first: what a long list is made of.

    Raises:
        UsageError: there is and was no such user.
    """
    condition, values = _condition(project, asked)
    with project.database.read() as session:
        (ids,) = whole_columns(session, ["c.id"], f"FROM call c WHERE {condition}", values)
    return np.sort(ids)[::-1]


def calls_by_ids(project: Project, ids: Sequence[int]) -> list[CallLine]:
    """The calls with these ids, in any order; ids that are gone are left out."""
    query = f"{_CALL} WHERE c.id IN ({', '.join('?' * len(ids))})"
    with project.database.read() as session:
        return [CallLine(*row) for row in rows_of(session, query, *ids)]


def call(project: Project, number: int) -> CallText:
    """One call with prompt, answer and attempts.

    Raises:
        UsageError: there is no such call.
        ProjectError: its row is damaged.
    """
    with project.database.read() as session:
        lines = [CallLine(*row) for row in rows_of(session, f"{_CALL} WHERE c.id = ?", number)]
        if not lines:
            raise UsageError(f"There is no call {number}.", hint="'edt calls' lists them.")
        ((request, response, parsed, attempts, raw),) = rows_of(
            session,
            "SELECT request, response, parsed, attempts, raw FROM call WHERE id = ?",
            number,
        )
        batch = rows_of(
            session,
            "SELECT b.remote, b.state FROM call_batch b JOIN batched_call l ON l.batch = b.id"
            " WHERE l.call = ?",
            number,
        )
    try:
        return CallText(
            lines[0],
            json.loads(request),
            response,
            json.loads(parsed) if parsed else None,
            json.loads(attempts),
            "".join(f"{remote or 'not submitted'} ({state})" for remote, state in batch),
            raw,
        )
    except ValueError as error:
        raise ProjectError(
            f"Call {number} can't be read: its row is damaged ({error}).",
            hint="Other calls can; 'edt restore' brings back a backup.",
        ) from None


def calls_of_drafts(project: Project, fingerprint: str, rows: Iterable[int]) -> dict[int, int]:
    """How many of these drafts each call wrote; drafts that no call is known of are left out.

    Args:
        project: The project.
        fingerprint: Of the stage that generated the drafts.
        rows: Rows of its drafts.
    """
    query = """
        SELECT g.call, count(*) FROM generated g JOIN drafts d ON d.id = g.drafts
        WHERE d.fingerprint = ? AND g.call IS NOT NULL
          AND g.row IN (SELECT value FROM json_each(?)) GROUP BY g.call"""
    with project.database.read() as session:
        found = rows_of(session, query, fingerprint, json.dumps([int(row) for row in rows]))
        return {int(call): int(count) for call, count in found}


def calls_by_kind(project: Project, ids: Iterable[int]) -> list[CallsOf]:
    """These calls by step, template and model, in the order in which they were first made."""
    query = """
        SELECT step, template, model, count(*), sum(prompt_tokens), sum(completion_tokens),
               total(cost)
        FROM call WHERE id IN (SELECT value FROM json_each(?))
        GROUP BY step, template, model ORDER BY min(id)"""
    with project.database.read() as session:
        found = rows_of(session, query, json.dumps([int(each) for each in ids]))
        return [CallsOf(*row) for row in found]


def _condition(project: Project, asked: Asked) -> tuple[str, list[Any]]:
    parts: list[str] = ["1"]
    values: list[Any] = []
    if asked.step:
        parts.append("c.step = ?")
        values.append(asked.step)
    if asked.user:
        parts.append("c.user_id = ?")
        values.append(_asked_about(project, asked.user))
    if asked.status == "bad":
        parts.append("c.status IN ('invalid', 'failed', 'unknown')")
    elif asked.status == "unanswered":
        parts.append(f"c.id IN (SELECT max(id) FROM call WHERE {_VAIN} GROUP BY key)")
        parts.append(_NEVER_ANSWERED)
    elif asked.status:
        parts.append("c.status = ?")
        values.append(asked.status)
    if asked.text:
        parts.append("(c.request LIKE ? ESCAPE '!' OR c.response LIKE ? ESCAPE '!')")
        values += [containing(asked.text)] * 2
    if asked.ids is not None:
        parts.append("c.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(asked.ids))
    return " AND ".join(parts), values


def _asked_about(project: Project, user: str) -> str:
    """The source id ``user`` itself; a misspelt one is no user without calls."""
    with project.database.read() as session:
        known = rows_of(session, "SELECT 1 FROM call WHERE user_id = ? LIMIT 1", user)
    return user if known else user_by_source_id(project, user).source_id


_CALL = """
    SELECT c.id, c.step, c.template, c.user, c.user_id, c.status, c.repair, c.provider, c.model,
           c.model_answered, c.prompt_tokens, c.cached_tokens, c.completion_tokens, c.cost,
           c.latency, c.created_at, c.reason, c.reused_from
    FROM call c"""
