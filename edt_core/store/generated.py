"""Generated items, their scores and what became of them, as rows (3.2)."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from sqlmodel import Session, select

from edt_core.data.sequences import Flags, Floats, Ints, Sequences
from edt_core.errors import MissingInput
from edt_core.store.database import insert_rows, rows_of, run_many
from edt_core.store.memory import storable
from edt_core.store.project import Project
from edt_core.store.tables import Drafts, Latest, Profile

_UNDEFINED = -1.5  # no cosine is below -1; stages write -2 where a score is undefined


class DraftColumns(Protocol):
    """The drafts' columns (``stages.augmenter.generator.Drafts``)."""

    @property
    def users(self) -> Ints: ...  # noqa: D102 (the dataclass behind it says it)
    @property
    def targets(self) -> Ints: ...  # noqa: D102
    @property
    def titles(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def brands(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def dates(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def prices(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def categories(self) -> Sequence[Sequence[str]]: ...  # noqa: D102
    @property
    def descriptions(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def calls(self) -> Ints: ...  # noqa: D102


class JudgedColumns(Protocol):
    """The noise filter's columns (``stages.augmenter.noise_filter.Judged``)."""

    @property
    def source_score(self) -> Floats: ...  # noqa: D102
    @property
    def target_score(self) -> Floats: ...  # noqa: D102
    @property
    def source_rank(self) -> Ints: ...  # noqa: D102
    @property
    def anchor_position(self) -> Ints: ...  # noqa: D102
    @property
    def kept(self) -> Flags: ...  # noqa: D102


def record_drafts(project: Project, fingerprint: str, drafts: DraftColumns) -> None:
    """Make one row a draft; those of known drafts stay, with what was decided on them.

    Args:
        project: The project.
        fingerprint: Of the stage that generated them; its rows are the ones shown from now on.
        drafts: The artifact.
    """
    with project.database.write() as session:
        _point_to(session, "drafts", fingerprint)
        if _drafts_id(session, fingerprint) is not None:
            return
        number = _new_drafts(session, fingerprint)
        _insert_drafts(session, number, drafts, range(len(drafts.titles)))


def drafts_outdated(project: Project, fingerprint: str) -> bool:
    """Whether the rows of these drafts are of an artifact that another one has replaced since."""
    query = """
        SELECT 1 FROM drafts d JOIN artifact a ON a.fingerprint = d.fingerprint
        WHERE d.fingerprint = ? AND a.created_at > d.created_at"""
    with project.database.read() as session:
        return bool(rows_of(session, query, fingerprint))


def renew_drafts(project: Project, fingerprint: str, drafts: DraftColumns) -> None:
    """Bring the rows of known drafts in line with the artifact, whatever is shown at present.

    An item that is still there, by whichever call, keeps its number and what was decided on it; one
    that is not leaves with its history. What was judged on the others is judged anew.
    """
    written = zip(
        drafts.users.tolist(), drafts.targets.tolist(), map(storable, drafts.titles), strict=True
    )
    now = {item: row for row, item in enumerate(written)}
    with project.database.write() as session:
        number = _known_drafts(session, fingerprint)
        query = "SELECT user, target, title, id, coalesce(call, -1) FROM generated WHERE drafts = ?"
        before = {tuple(line[:3]): line[3:] for line in rows_of(session, query, number)}
        kept = []
        for item in before.keys() & now.keys():
            (id_, call), row = before[item], now[item]
            if call == drafts.calls[row] or _as_written(session, id_, drafts, row):
                kept.append(item)
        gone = [before[item][0] for item in before.keys() - set(kept)]
        if gone:
            left = _new_drafts(session, f"{fingerprint} until {time.time()}")
            run_many(
                session,
                "UPDATE generated SET drafts = ? WHERE id = ?",
                ((left, item) for item in gone),
            )
        session.connection().exec_driver_sql(
            "UPDATE generated SET row = -1 - row, source_score = NULL, target_score = NULL, "
            "source_rank = NULL, anchor_key = NULL, anchor_position = NULL, verdict = NULL, "
            "inserted = 0, key = NULL WHERE drafts = ?",
            (number,),
        )
        # the pointers go with what they point to, so that scores which still hold are shown again
        session.connection().exec_driver_sql(
            "DELETE FROM latest WHERE kind IN ('judged', 'inserted') AND EXISTS "
            "(SELECT 1 FROM latest WHERE kind = 'drafts' AND fingerprint = ?)",
            (fingerprint,),
        )
        run_many(
            session,
            "UPDATE generated SET row = ?, call = ? WHERE id = ?",
            ((now[item], _natural(int(drafts.calls[now[item]])), before[item][0]) for item in kept),
        )
        new = sorted(now[item] for item in now.keys() - set(kept))
        _insert_drafts(session, number, drafts, new)
        session.connection().exec_driver_sql(
            "UPDATE drafts SET created_at = ? WHERE id = ?", (time.time(), number)
        )


def _as_written(session: Session, item: int, drafts: DraftColumns, row: int) -> bool:
    """Whether an item's other texts are those of the draft, too."""
    query = "SELECT brand, date, price, categories, description FROM generated_text WHERE id = ?"
    return rows_of(session, query, item)[:1] == [_more_texts(drafts, row)]


def _more_texts(drafts: DraftColumns, row: int) -> tuple[str, ...]:
    """All but the title, as they are stored."""
    return (
        storable(drafts.brands[row]),
        storable(drafts.dates[row]),
        storable(drafts.prices[row]),
        json.dumps(list(drafts.categories[row])),
        storable(drafts.descriptions[row]),
    )


def _new_drafts(session: Session, fingerprint: str) -> int:
    made = Drafts(fingerprint=fingerprint, created_at=time.time())
    session.add(made)
    session.flush()
    return int(made.id or 0)


def _insert_drafts(
    session: Session, number: int, drafts: DraftColumns, chosen: Sequence[int]
) -> None:
    """One row for each of the ``chosen`` rows of the drafts."""
    before = rows_of(session, "SELECT coalesce(max(id), 0) FROM generated")[0][0]
    ids = range(before + 1, before + 1 + len(chosen))
    at = np.array(chosen, dtype=np.int64)

    def texts(column: Sequence[str]) -> Iterator[str]:
        return (storable(column[row]) for row in chosen)

    rows = zip(
        ids,
        (number for _ in ids),
        chosen,
        drafts.users[at].tolist(),
        drafts.targets[at].tolist(),
        (call if call >= 0 else None for call in drafts.calls[at].tolist()),
        (0 for _ in ids),
        texts(drafts.titles),
        strict=True,
    )
    columns = ("id", "drafts", "row", "user", "target", "call", "inserted", "title")
    insert_rows(session, "generated", columns, rows)
    more = ((number, *_more_texts(drafts, row)) for number, row in zip(ids, chosen, strict=True))
    names = ("id", "brand", "date", "price", "categories", "description")
    insert_rows(session, "generated_text", names, more)


def record_judged(
    project: Project, fingerprint: str, judged: JudgedColumns, drafts: DraftColumns, raw: Sequences
) -> None:
    """Write the noise filter's scores, ranks, anchors and verdicts (Eq. 4-6).

    Args:
        project: The project.
        fingerprint: Of the stage that generated the drafts.
        judged: The filter's artifact, a row a draft.
        drafts: The drafts, for their users.
        raw: The users' training sequences, which the anchors' positions are in.

    Raises:
        MissingInput: the drafts were never recorded.
    """
    anchors = judged.anchor_position
    known = anchors >= 0
    keys = np.full(len(anchors), -1, dtype=np.int64)
    keys[known] = raw.items[raw.offsets[drafts.users[known]] + anchors[known]]
    with project.database.write() as session:
        number = _known_drafts(session, fingerprint)
        rows = zip(
            map(_score, judged.source_score.tolist()),
            map(_score, judged.target_score.tolist()),
            map(_natural, judged.source_rank.tolist()),
            map(_natural, anchors.tolist()),
            map(_natural, keys.tolist()),
            ("kept" if kept else "filtered" for kept in judged.kept.tolist()),
            (number for _ in keys),
            range(len(keys)),
            strict=True,
        )
        run_many(
            session,
            "UPDATE generated SET source_score = ?, target_score = ?, source_rank = ?, "
            "anchor_position = ?, anchor_key = ?, verdict = ? WHERE drafts = ? AND row = ?",
            rows,
        )


def record_inserted(project: Project, fingerprint: str, items: Ints, drafts: Ints) -> None:
    """Write which drafts stand in the augmented sequences, and under which key (3.2.3).

    Args:
        project: The project.
        fingerprint: Of the stage that generated the drafts.
        items: The augmented sequences' items, ``[T']``.
        drafts: The draft row of each, -1 for raw events, ``[T']``.

    Raises:
        MissingInput: the drafts were never recorded.
    """
    there = drafts >= 0
    with project.database.write() as session:
        number = _known_drafts(session, fingerprint)
        session.connection().exec_driver_sql(
            "UPDATE generated SET inserted = 0, key = NULL WHERE drafts = ? AND inserted", (number,)
        )
        rows = zip(
            items[there].tolist(), (number for _ in items[there]), drafts[there].tolist(),
            strict=True,
        )  # fmt: skip
        run_many(
            session,
            "UPDATE generated SET inserted = 1, key = ? WHERE drafts = ? AND row = ?",
            rows,
        )


def record_profiles(project: Project, fingerprint: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write profiles with every text in between; those of a known fingerprint stay.

    Args:
        project: The project.
        fingerprint: Of the stage that wrote them; its rows are the ones shown from now on.
        rows: One a user: ``user``, ``clusters``, ``summaries`` (JSON values), ``reform``,
            ``analysis``.
    """
    with project.database.write() as session:
        _point_to(session, "profiles", fingerprint)
        known = select(Profile.id).where(Profile.fingerprint == fingerprint).limit(1)
        if session.exec(known).first() is not None:
            return
        columns = ("fingerprint", "user", "clusters", "summaries", "reform", "analysis")
        values = (
            (
                fingerprint,
                row["user"],
                json.dumps(row["clusters"]),
                json.dumps(row["summaries"]),
                storable(row["reform"]),
                storable(row["analysis"]),
            )
            for row in rows
        )
        insert_rows(session, "profile", columns, values)


def _point_to(session: Session, kind: str, fingerprint: str) -> None:
    session.merge(Latest(kind=kind, fingerprint=fingerprint))


def _drafts_id(session: Session, fingerprint: str) -> int | None:
    return session.exec(select(Drafts.id).where(Drafts.fingerprint == fingerprint)).first()


def _known_drafts(session: Session, fingerprint: str) -> int:
    number = _drafts_id(session, fingerprint)
    if number is None:
        raise MissingInput(
            f"The generated items {fingerprint[:12]} are not in the project's tables.",
            hint="Run 'edt run --from generate' once more.",
        )
    return number


def _score(value: float) -> float | None:
    return value if value > _UNDEFINED else None


def _natural(value: int) -> int | None:
    return value if value >= 0 else None
