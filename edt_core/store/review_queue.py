"""The review queue: pages of generated items by filter and order, quick at a million of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from edt_core.data.sequences import Floats, Ints
from edt_core.errors import UsageError
from edt_core.store.database import containing, rows_of, whole_columns
from edt_core.store.decisions import ROWS, SHOWN
from edt_core.store.names import shown
from edt_core.store.predicate import parse
from edt_core.store.project import Project
from edt_core.store.scores import scaled, unscaled

Order = Literal["id", "target_score", "source_score"]


@dataclass(frozen=True)
class Wanted:
    """Which generated items; what is empty does not narrow."""

    direction: Literal["", "a2b", "b2a"] = ""
    verdict: Literal["", "kept", "filtered", "accepted", "rejected", "edited", "undecided"] = ""
    """The filter's word or the reviewer's; ``undecided``: kept, and nobody said more."""
    user: str = ""
    """A source id."""
    text: str = ""
    """Somewhere in the title, as the model or the reviewer wrote it."""
    where: str = ""
    """A condition as ``edt review --where`` takes it."""


def condition_of(wanted: Wanted) -> str:
    """The same as a condition, for a command line; empty where a text in it can't be quoted."""
    parts = [f"direction = {wanted.direction}"] if wanted.direction else []
    match wanted.verdict:
        case "kept" | "filtered":
            parts.append(f"verdict = {wanted.verdict}")
        case "undecided":
            parts.append("verdict = kept and decision = none")
        case "":
            pass
        case decision:
            parts.append(f"decision = {decision}")
    for beginning, text in (("user =", wanted.user), ("title ~", wanted.text)):
        if text:
            quote = '"' if '"' not in text else "'"
            if quote in text:
                return ""
            parts.append(f"{beginning} {quote}{text}{quote}")
    if wanted.where:
        parts.append(f"({wanted.where})")
    return " and ".join(parts) or "id > 0"


@dataclass(frozen=True)
class GeneratedLine:
    """A generated item as it stands: with the reviewer's texts where there are any."""

    id: int
    row: int
    user: int
    user_id: str
    direction: str
    source_score: float | None
    target_score: float | None
    source_rank: int | None
    anchor_key: int | None
    anchor_position: int | None
    anchor_title: str | None
    verdict: str | None
    decision: str | None
    inserted: bool
    key: int | None
    call: int | None
    title: str
    brand: str
    date: str
    price: str
    categories: list[str]
    description: str
    edited: dict[str, Any] = field(default_factory=dict)
    """What of it the reviewer wrote."""


def generated_page(
    project: Project,
    wanted: Wanted | None = None,
    *,
    order: Order = "id",
    descending: bool = False,
    offset: int = 0,
    after: int | None = None,
    limit: int = 50,
) -> list[GeneratedLine]:
    """A page of the generated items.

    Args:
        project: The project.
        wanted: Which ones.
        order: By which column; equal values by id.
        descending: Largest first.
        offset: How many to leave out before the page.
        after: With order ``id``: only items after this id, which costs nothing however far.
        limit: Most items.

    Raises:
        UsageError: the condition isn't understood.
    """
    _refuse_unknown(order)
    condition, values = _condition(wanted or Wanted())
    way = "DESC" if descending else "ASC"
    columns = dict.fromkeys((order, "id"))
    by = ", ".join(f"{column} {way}" for column in columns)
    if after is not None:
        condition += f" AND id {'<' if descending else '>'} ?"
        values = [*values, after]
    outer = ", ".join(f"g.{column} {way}" for column in columns)
    # the page's ids first, so that the wide columns of what is left out are never read
    page = f"SELECT id FROM generated WHERE {condition} ORDER BY {by} LIMIT ? OFFSET ?"
    query = f"{_LINE} WHERE g.id IN ({page}) ORDER BY {outer}"
    with project.database.read() as session:
        rows = session.connection().exec_driver_sql(query, (*values, limit, offset))
        return [_line(row) for row in rows]


def generated_ids(
    project: Project,
    wanted: Wanted | None = None,
    *,
    order: Order = "id",
    descending: bool = False,
    near: tuple[float, float] | None = None,
) -> Ints:
    """The ids of the generated items in order, ``[n]``: what a table of any size is drawn from.

    Args:
        project: The project.
        wanted: Which ones.
        order: By which column; equal values by id.
        descending: Largest first.
        near: Instead of ``order``: those first whose target score is closest to the threshold of
            their domain, given for A and B; those without a score last.

    Raises:
        UsageError: the condition isn't understood.
    """
    _refuse_unknown(order)
    score = "target_score" if near else order
    source, values = _rows(wanted or Wanted(), score)
    if near is None and order == "target_score" and wanted in (None, Wanted()):
        indexed = f"SELECT id FROM generated WHERE drafts = ({SHOWN}) ORDER BY target_score, id"
        with project.database.read() as session:
            (by_index,) = whole_columns(session, ["id"], f"FROM ({indexed})")
        return by_index[::-1] if descending else by_index
    # numbers are sorted here: SQLite would make rows of them first
    key = f"({scaled(score)}) << 1 | target" if near else scaled(score)  # one text, not two
    with project.database.read() as session:
        columns = ["id"] if score == "id" else ["id", key]
        ids, *keys = whole_columns(session, columns, f"FROM {source}", values)
    if near:
        (packed,) = keys
        return _nearest_first(ids, np.abs(unscaled(packed >> 1) - np.array(near)[packed & 1]))
    ascending: Ints = ids[np.lexsort((ids, *keys[:1]))]
    return ascending[::-1] if descending else ascending


def _nearest_first(ids: Ints, distances: Floats) -> Ints:
    """The ids by distance, equal ones by id, unknown ones (NaN) last.

    Choice: the bits of a float that is not negative sort as those of a whole number, so distance
    and id (below 2^32) make one key: sorting those is ten times as fast as sorting by two columns.
    """
    keys = distances.astype(np.float32).view(np.uint32).astype(np.uint64) << np.uint64(32)
    keys |= ids.astype(np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def generated_by_ids(project: Project, ids: Sequence[int]) -> list[GeneratedLine]:
    """The generated items with these ids, as they stand, in the order of ids."""
    query = f"{_LINE} WHERE g.id IN (SELECT value FROM json_each(?))"
    with project.database.read() as session:
        rows = session.connection().exec_driver_sql(query, (json.dumps(list(ids)),))
        return [_line(row) for row in rows]


def generated_count(project: Project, wanted: Wanted | None = None) -> int:
    """How many generated items there are of a kind.

    Raises:
        UsageError: the condition isn't understood.
    """
    source, values = _rows(wanted or Wanted())
    with project.database.read() as session:
        return int(rows_of(session, f"SELECT count(*) FROM {source}", *values)[0][0])


def generated_item(project: Project, number: int) -> GeneratedLine:
    """One generated item, of whatever drafts.

    Raises:
        UsageError: there is none with this id.
    """
    with project.database.read() as session:
        rows = session.connection().exec_driver_sql(f"{_LINE} WHERE g.id = ?", (number,))
        for row in rows:
            return _line(row)
    raise UsageError(
        f"There is no generated item with the id {number}.", hint="'edt items' lists them."
    )


_NAMES = [part.name for part in fields(GeneratedLine) if part.name != "edited"]
_LINE = """
    SELECT g.id, g.row, g.user, coalesce(u.source_id, '') AS user_id, g.target, g.source_score,
           g.target_score, g.source_rank, coalesce(n.key, g.anchor_key) AS anchor_key,
           g.anchor_position, i.title AS anchor_title,
           g.verdict, g.decision, g.inserted, g.key, g.call, g.title, t.brand, t.date, t.price,
           t.categories, t.description, g.fields
    FROM generated g JOIN generated_text t ON t.id = g.id
    LEFT JOIN user u ON u.id = g.user
    LEFT JOIN interaction n
        ON n.user = g.user AND n.position = json_extract(g.fields, '$.anchor_position')
    LEFT JOIN item i ON i.key = coalesce(n.key, g.anchor_key)"""


def _refuse_unknown(order: str) -> None:
    if order not in get_args(Order):
        raise UsageError(f"Items can't be ordered by {shown(order)}.", hint="id, target_score, ...")


def _rows(wanted: Wanted, order: str = "id") -> tuple[str, list[Any]]:
    """Where to look for all that is wanted, and values for the marks in it.

    An index answers for one user, or a verdict alone. For anything else SQLite would take an index
    too, and look up most of the rows one by one.
    """
    condition, values = _condition(wanted)
    scanned = order != "id" or wanted.direction or wanted.text or wanted.where
    if scanned and not wanted.user:
        return f"{ROWS} AND {condition}", values
    return f"generated WHERE {condition}", values


def _condition(wanted: Wanted) -> tuple[str, list[Any]]:
    parts = [f"drafts = ({SHOWN})"]
    values: list[Any] = []
    if wanted.direction:
        parts.append("target = ?")
        values.append(1 if wanted.direction == "a2b" else 0)
    match wanted.verdict:
        case "kept" | "filtered":
            parts.append("verdict = ?")
            values.append(wanted.verdict)
        case "accepted" | "rejected" | "edited":
            parts.append("decision = ?")
            values.append(wanted.verdict)
        case "undecided":
            parts.append("verdict = 'kept' AND decision IS NULL")
        case _:
            pass
    if wanted.user:
        parts.append("user = (SELECT id FROM user WHERE source_id = ?)")
        values.append(wanted.user)
    if wanted.text:
        edited = "fields IS NOT NULL AND json_extract(fields, '$.title') LIKE ? ESCAPE '!'"
        parts.append(f"(title LIKE ? ESCAPE '!' OR {edited})")
        values += [containing(wanted.text)] * 2
    if wanted.where:
        condition = parse(wanted.where)
        parts.append(condition.sql)
        values.extend(condition.values)
    return " AND ".join(parts), values


def _line(row: Any) -> GeneratedLine:
    *values, changed = row
    line = dict(zip(_NAMES, values, strict=True))
    line["direction"] = "a2b" if line["direction"] else "b2a"
    line["inserted"] = bool(line["inserted"])
    line["categories"] = json.loads(line["categories"])
    edited = json.loads(changed) if changed else {}
    return GeneratedLine(**(line | edited), edited=edited)
