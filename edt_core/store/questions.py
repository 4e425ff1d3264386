"""What a screen or a command asks of the data set, the calls and the profiles: values, not rows."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edt_core.data.catalogue import item_name
from edt_core.errors import UsageError
from edt_core.store.database import rows_of
from edt_core.store.decisions import ITEMS, SHOWN
from edt_core.store.names import shown
from edt_core.store.project import Project
from edt_core.store.rescored import ItemScore, scores_in

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Counts:
    """How much of everything there is."""

    items: int
    users: int
    interactions: int
    generated: int
    """Of the drafts shown at present, as the next five."""
    kept: int
    filtered: int
    accepted: int
    rejected: int
    edited: int
    inserted: int
    undecided: int
    """Kept by the filter and not decided on."""
    profiles: int
    runs: int


@dataclass(frozen=True)
class ItemLine:
    """A real item."""

    key: int
    domain: int
    source_id: str
    n_events: int
    title: str
    brand: str
    date: str
    price: str
    categories: list[str]
    description: str


@dataclass(frozen=True)
class UserLine:
    """A user with the length of the raw sequence by domain."""

    id: int
    source_id: str
    n_a: int
    n_b: int


@dataclass(frozen=True)
class EventOfUser:
    """One event of a user's raw sequence."""

    position: int
    key: int
    domain: int
    title: str
    timestamp: int
    split: str


@dataclass(frozen=True)
class DraftOfUser:
    """A generated item of a user, with what became of it."""

    id: int
    row: int
    domain: int
    """The domain that it belongs to."""
    title: str
    """As the reviewer left it."""
    source_score: float | None
    target_score: float | None
    source_rank: int | None
    anchor_position: int | None
    """In the user's raw sequence."""
    verdict: str | None
    decision: str | None
    call: int | None
    rescored: ItemScore | None = None
    """The scores of its present text, where that was scored after the run's."""


@dataclass(frozen=True)
class ProfileText:
    """What was written about a user."""

    user: int
    clusters: Any
    summaries: Any
    reform: str
    analysis: str


def counts(project: Project) -> Counts:
    """How much of everything there is."""
    judged = f"SELECT verdict, count(*) FROM generated WHERE {ITEMS} GROUP BY verdict"
    decided = f"""
        SELECT decision, verdict, count(*) FROM generated INDEXED BY ix_generated_decided
        WHERE {ITEMS} AND decision IS NOT NULL GROUP BY decision, verdict"""
    rest = f"""
        SELECT (SELECT count(*) FROM generated INDEXED BY ix_generated_inserted
                WHERE inserted AND drafts = ({SHOWN})) AS inserted,
               (SELECT count(*) FROM item) AS items, (SELECT count(*) FROM user) AS users,
               (SELECT count(*) FROM interaction) AS interactions,
               (SELECT count(*) FROM run) AS runs,
               (SELECT count(*) FROM profile WHERE fingerprint =
                   (SELECT fingerprint FROM latest WHERE kind = 'profiles')) AS profiles"""
    with project.database.read() as session:
        by_verdict = dict(map(tuple, rows_of(session, judged)))
        by_decision: Counter[str] = Counter()
        kept, kept_and_decided = by_verdict.get("kept", 0), 0
        for decision, verdict, count in rows_of(session, decided):
            by_decision[decision] += count
            kept_and_decided += count * (verdict == "kept")
        (row,) = rows_of(session, rest)
        return Counts(
            generated=sum(by_verdict.values()),
            kept=kept,
            filtered=by_verdict.get("filtered", 0),
            accepted=by_decision["accepted"],
            rejected=by_decision["rejected"],
            edited=by_decision["edited"],
            undecided=kept - kept_and_decided,
            **row._mapping,
        )


@dataclass(frozen=True)
class OpenItems:
    """Where the generated items that are shown stand."""

    judged: bool
    """The filter has spoken on at least one."""
    kept: bool
    """It kept at least one."""
    undecided: int
    """Kept and without a decision; counted up to the limit."""


def open_items(project: Project, limit: int) -> OpenItems:
    """Is anything kept, and how much of it waits for a reviewer, up to ``limit``?"""
    query = f"""
        SELECT EXISTS (SELECT 1 FROM generated WHERE drafts = ({SHOWN}) AND verdict IS NOT NULL),
               EXISTS (SELECT 1 FROM generated WHERE drafts = ({SHOWN}) AND verdict = 'kept'),
               (SELECT count(*) FROM (SELECT 1 FROM generated WHERE drafts = ({SHOWN})
                   AND verdict = 'kept' AND decision IS NULL LIMIT ?))"""
    with project.database.read() as session:
        ((judged, kept, undecided),) = rows_of(session, query, limit)
        return OpenItems(bool(judged), bool(kept), undecided)


def items(
    project: Project, *, domain: int | None = None, text: str = "", after: int = -1, limit: int = 50
) -> list[ItemLine]:
    """Real items by key, after the key ``after``; by domain or with a text in their title."""
    query = f"""{_ITEM} WHERE key > ? AND (? IS NULL OR domain = ?)
        AND (? = '' OR instr(lower(title), lower(?))) ORDER BY key LIMIT ?"""
    with project.database.read() as session:
        return [
            _item(row) for row in rows_of(session, query, after, domain, domain, text, text, limit)
        ]


def item(project: Project, key: int) -> ItemLine:
    """One real item.

    Raises:
        UsageError: there is no such item.
    """
    with project.database.read() as session:
        for row in rows_of(session, f"{_ITEM} WHERE key = ?", key):
            return _item(row)
    raise UsageError(f"There is no item with the key {key}.", hint="Keys are in 'items.jsonl'.")


def item_names(project: Project, keys: Iterable[int]) -> dict[int, str]:
    """What people are shown for these items, by key; only real items have a line."""
    query = """
        SELECT key, title, brand, source_id FROM item
        WHERE key IN (SELECT value FROM json_each(?))"""
    with project.database.read() as session:
        found = rows_of(session, query, json.dumps([int(key) for key in keys]))
        return {key: item_name(*texts) for key, *texts in found}


def users(project: Project, *, after: int = -1, limit: int = 50) -> list[UserLine]:
    """Users by index, after the index ``after``."""
    query = "SELECT id, source_id, n_a, n_b FROM user WHERE id > ? ORDER BY id LIMIT ?"
    with project.database.read() as session:
        return [UserLine(*row) for row in rows_of(session, query, after, limit)]


def user_by_source_id(project: Project, source_id: str) -> UserLine:
    """The user that the data names so.

    Raises:
        UsageError: there is no such user.
    """
    query = "SELECT id, source_id, n_a, n_b FROM user WHERE source_id = ?"
    with project.database.read() as session:
        for row in rows_of(session, query, source_id):
            return UserLine(*row)
    raise UsageError(
        f"There is no user {shown(source_id)} in the data.",
        hint="Users are named as in your files.",
    )


def sequence(project: Project, user: int) -> list[EventOfUser]:
    """A user's raw sequence, held-out events included and marked as such."""
    query = """
        SELECT n.position, n.key, i.domain, i.title, n.timestamp,
               CASE n.split WHEN 0 THEN 'train' WHEN 1 THEN 'valid' ELSE 'test' END
        FROM interaction n JOIN item i ON i.key = n.key WHERE n.user = ? ORDER BY n.position"""
    with project.database.read() as session:
        return [EventOfUser(*row) for row in rows_of(session, query, user)]


def drafts_of_user(project: Project, user: int, fingerprint: str) -> list[DraftOfUser]:
    """A user's generated items by row, of the stage with this fingerprint."""
    query = """
        SELECT g.id, g.row, g.target, coalesce(json_extract(g.fields, '$.title'), g.title),
               g.source_score, g.target_score, g.source_rank, g.anchor_position, g.verdict,
               g.decision, g.call
        FROM generated g JOIN drafts d ON d.id = g.drafts
        WHERE d.fingerprint = ? AND g.user = ? ORDER BY g.row"""
    with project.database.read() as session:
        rows = rows_of(session, query, fingerprint, user)
        own = "r.generated IN (SELECT id FROM generated WHERE drafts = (SELECT id FROM drafts"
        new = scores_in(session, f"{own} WHERE fingerprint = ?) AND user = ?)", fingerprint, user)
        return [DraftOfUser(*(*row, new.get(row[0]))) for row in rows]


def source_ids(project: Project, users: Iterable[int]) -> dict[int, str]:
    """What the data calls these users, by index."""
    query = "SELECT id, source_id FROM user WHERE id IN (SELECT value FROM json_each(?))"
    with project.database.read() as session:
        found = rows_of(session, query, json.dumps([int(user) for user in users]))
        return {int(number): str(name) for number, name in found}


def profile(project: Project, user: int) -> ProfileText | None:
    """What was written about a user last, or None."""
    query = """
        SELECT user, clusters, summaries, reform, analysis FROM profile WHERE user = ?
        AND fingerprint = (SELECT fingerprint FROM latest WHERE kind = 'profiles')"""
    with project.database.read() as session:
        for number, clusters, summaries, reform, analysis in rows_of(session, query, user):
            return ProfileText(
                number, json.loads(clusters), json.loads(summaries), reform, analysis
            )
    return None


_ITEM = """
    SELECT key, domain, source_id, n_events, title, brand, date, price, categories, description
    FROM item"""


def _item(row: Any) -> ItemLine:
    return ItemLine(**{**row._mapping, "categories": json.loads(row.categories)})
