"""The review queue: pages of generated items by filter and order, quick at a million of them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from edt_core.data.sequences import Ints
from edt_core.errors import UsageError
from edt_core.store.database import (
    column_blocks,
    containing,
    rows_of,
    together,
    whole_columns,
)
from edt_core.store.decisions import ITEMS
from edt_core.store.names import shown
from edt_core.store.predicate import parse
from edt_core.store.project import Project
from edt_core.store.scores import SCALE, scaled, unscaled

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


class GeneratedLine(NamedTuple):
    """A generated item as it stands: with the reviewer's texts where there are any.

    A page is hundreds of them, and a frozen dataclass of so many fields takes five times as long.
    """

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
    edited: dict[str, Any]
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
        return _lines(session, query, *values, limit, offset)


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
    wanted = wanted or Wanted()
    if near is not None:
        return _nearest_first(project, wanted, near)
    if order == "id":
        found = np.concatenate([ids for (ids,) in _columns(project, wanted, "id")])
        found.sort()
    elif order == "target_score" and wanted == Wanted():
        sides = " UNION ALL ".join(
            f"SELECT id, target_score FROM generated WHERE target = {domain} AND {ITEMS}"
            for domain in (0, 1)
        )  # each is in the order of an index, and merged as it is read
        with project.database.read() as session:
            (found,) = whole_columns(session, ["id"], f"FROM ({sides} ORDER BY target_score, id)")
    else:
        column = _TARGET_SCORE if order == "target_score" else f"({scaled(order)}) << 1"
        found = _sorted(project, wanted, column, lambda keys: (keys >> 1) / SCALE)
    return found[::-1] if descending else found


def nearest_ids(project: Project, thresholds: tuple[float, float], limit: int) -> Ints:
    """The first ``limit`` ids of ``generated_ids`` with ``near``, in a few milliseconds.

    An index walks away from each threshold in both directions, and stops early.

    Args:
        project: The project.
        thresholds: Of domain A and B.
        limit: Most ids.
    """
    walks = [
        f"SELECT * FROM (SELECT id, target, target_score FROM generated WHERE {ITEMS}"
        f" AND target = {domain} AND target_score {side} ?"
        f" ORDER BY target_score {way}, id LIMIT {limit})"
        for domain in (0, 1)
        for side, way in ((">=", "ASC"), ("<", "DESC"))
    ]
    with project.database.read() as session:
        rows = rows_of(
            session, " UNION ALL ".join(walks), *(float(t) for t in thresholds for _ in range(2))
        )
    found = np.array([row[0] for row in rows], dtype=np.int64)
    away = np.array([abs(row[2] - thresholds[row[1]]) for row in rows], dtype=np.float32)
    return found[np.lexsort((found, away))][:limit]


def _nearest_first(project: Project, wanted: Wanted, near: tuple[float, float]) -> Ints:
    """The ids by distance to the threshold, equal ones by id, those without a score last."""
    thresholds = np.array(near)
    return _sorted(
        project,
        wanted,
        _TARGET_SCORE,
        lambda keys: np.abs(unscaled(keys >> 1) - thresholds[keys & 1]),
    )


def _sorted(
    project: Project, wanted: Wanted, column: str, value: Callable[[Ints], NDArray[np.float64]]
) -> Ints:
    """The ids by a number, equal ones by id, what is no number last.

    Choice: the bits of a float sort as those of a whole number once its sign is flipped, and all of
    them where it is negative. So number and id (below 2^32) make one key, and sorting those is ten
    times as fast as sorting by two columns, or as rows that SQLite sorts.

    Args:
        project: The project.
        wanted: Which ones.
        column: A whole number, as SQL.
        value: What to sort by, to a float's precision: that of every score.
    """
    keys = []
    for ids, packed in _columns(project, wanted, "id", column):
        bits = value(packed).astype(np.float32).view(np.uint32)
        bits ^= np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
        keys.append(bits.astype(np.uint64) << np.uint64(32) | ids.astype(np.uint64))
    found = np.concatenate(keys)
    found.sort(kind="stable")  # what an index answered by score is a few runs: merged at once
    found &= np.uint64(0xFFFFFFFF)
    return found.view(np.int64)


def _columns(project: Project, wanted: Wanted, *columns: str) -> Iterator[list[Ints]]:
    """Columns of all that is wanted, in blocks.

    An index answers for one user, or ids by a verdict alone, or ids and target scores by direction,
    verdict and score. For anything else SQLite would take an index too, and look up most of the
    rows one by one.
    """
    condition, values = _condition(wanted)
    if wanted.user or (len(columns) == 1 and _by_index(wanted)):
        with project.database.read() as session:
            yield whole_columns(session, columns, f"FROM generated WHERE {condition}", values)
    elif index := _holding(wanted, columns):
        sources = [
            f"FROM generated INDEXED BY {index} WHERE target = {domain} AND {condition}"
            for domain in (0, 1)
            if wanted.direction != ("a2b", "b2a")[domain]  # a2b makes items of B
        ]
        yield from together(
            project.database,
            lambda session, source: whole_columns(session, columns, source, values),
            sources,
        )
    else:
        yield from column_blocks(project.database, "generated", ITEMS, columns, condition, values)


def generated_by_ids(project: Project, ids: Sequence[int]) -> list[GeneratedLine]:
    """The generated items with these ids, as they stand, in the order of ids."""
    query = f"{_LINE} WHERE g.id IN (SELECT value FROM json_each(?))"
    with project.database.read() as session:
        return _lines(session, query, json.dumps(list(ids)))


def generated_count(project: Project, wanted: Wanted | None = None) -> int:
    """How many generated items there are of a kind.

    Raises:
        UsageError: the condition isn't understood.
    """
    wanted = wanted or Wanted()
    if not _by_index(wanted):
        return sum(len(ids) for (ids,) in _columns(project, wanted, "id"))
    condition, values = _condition(wanted)
    with project.database.read() as session:
        query = f"SELECT count(*) FROM generated WHERE {condition}"
        return int(rows_of(session, query, *values)[0][0])


def generated_item(project: Project, number: int) -> GeneratedLine:
    """One generated item, of whatever drafts.

    Raises:
        UsageError: there is none with this id.
    """
    with project.database.read() as session:
        for line in _lines(session, f"{_LINE} WHERE g.id = ?", number):
            return line
    raise UsageError(
        f"There is no generated item with the id {number}.", hint="'edt items' lists them."
    )


_TARGET_SCORE = f"({scaled('target_score')}) << 1 | target"  # one text, not two
_SCORES, _UNDECIDED = "ix_generated_score", "ix_generated_undecided"
_DECISIONS = {"accepted", "rejected", "edited"}
_NAMES = GeneratedLine._fields[:-1]
_DIRECTION, _INSERTED, _CATEGORIES = map(_NAMES.index, ("direction", "inserted", "categories"))
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


def _by_index(wanted: Wanted) -> bool:
    """Can an index say which items are wanted?"""
    return bool(wanted.user) or not (wanted.direction or wanted.text or wanted.where)


def _holding(wanted: Wanted, columns: tuple[str, ...]) -> str:
    """The index that holds these columns and all that the filter asks about; empty: none does.

    Without a filter the rows are as soon read in blocks, whose texts are short.
    """
    if wanted == Wanted() or wanted.text or columns not in {("id",), ("id", _TARGET_SCORE)}:
        return ""
    asked = parse(wanted.where).columns if wanted.where else frozenset()
    if wanted.verdict in _DECISIONS or not asked <= {"target_score", "direction", "verdict"}:
        return ""
    return _UNDECIDED if wanted.verdict == "undecided" else _SCORES


def _condition(wanted: Wanted) -> tuple[str, list[Any]]:
    parts = [ITEMS]
    values: list[Any] = []
    # a plus keeps SQLite from the index of half of all items where a user's few are asked for
    plus = "+" * bool(wanted.user)
    if wanted.direction:
        parts.append(f"{plus}target = ?")
        values.append(1 if wanted.direction == "a2b" else 0)
    if wanted.verdict == "undecided":
        parts.append(f"{plus}verdict = 'kept' AND {plus}decision IS NULL")
    elif wanted.verdict:
        column = "decision" if wanted.verdict in _DECISIONS else "verdict"
        parts.append(f"{plus}{column} = ?")
        values.append(wanted.verdict)
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


def _lines(session: Session, query: str, *values: Any) -> list[GeneratedLine]:
    """What a query that begins with ``_LINE`` finds; from the driver's rows, which are quicker."""
    cursor: Any = session.connection().exec_driver_sql(query, values).cursor
    return [_line(row) for row in cursor.fetchall()]


def _line(row: Any) -> GeneratedLine:
    *values, changed = row
    values[_DIRECTION] = "a2b" if values[_DIRECTION] else "b2a"
    values[_INSERTED] = bool(values[_INSERTED])
    values[_CATEGORIES] = json.loads(values[_CATEGORIES])
    if not changed:
        return GeneratedLine._make([*values, {}])
    edited = json.loads(changed)
    return GeneratedLine(**(dict(zip(_NAMES, values, strict=True)) | edited), edited=edited)
