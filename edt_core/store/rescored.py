"""Scores of edited texts that were computed between two runs, for as long as they apply.

Nothing is deleted when a text is edited further or an edit undone: a score is of certain texts, and
is shown while the item has those and the verdicts shown are the ones that it was ranked among.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from sqlmodel import Session

from edt_core.store.database import insert_rows, rows_of
from edt_core.store.decisions import FIELDS
from edt_core.store.project import Project


@dataclass(frozen=True)
class ItemScore:
    """Eq. 4 to 6 for one item's present text, against the others as they were judged last."""

    id: int
    source_score: float | None
    target_score: float | None
    source_rank: int
    anchor_position: int | None
    threshold: float
    kept: bool


_COLUMNS = [field.name for field in fields(ItemScore)][1:]


def texts_digest(edited: Mapping[str, Any]) -> str:
    """Names the texts among an item's edited fields; empty where there are none."""
    texts = {name: edited[name] for name in FIELDS if name in edited}
    if not texts:
        return ""
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:40]


def keep_score(project: Project, score: ItemScore, texts: str, judged: str) -> None:
    """Keep a score that was computed now.

    Args:
        project: The project.
        score: The item's.
        texts: ``texts_digest`` of what was scored.
        judged: The fingerprint of the filter's result that the item was ranked in.
    """
    number, *values = astuple(score)
    with project.database.write() as session:
        same = "DELETE FROM rescored WHERE generated = ? AND texts = ?"
        session.connection().exec_driver_sql(same, (number, texts))
        columns = ("generated", "texts", "judged", *_COLUMNS, "at")
        insert_rows(session, "rescored", columns, [(number, texts, judged, *values, time.time())])


def kept_scores(project: Project, ids: Sequence[int]) -> dict[int, ItemScore]:
    """The scores that apply to these items as they stand, by id; most items have none."""
    with project.database.read() as session:
        among = "r.generated IN (SELECT value FROM json_each(?))"
        return scores_in(session, among, json.dumps(list(ids)))


def scores_in(session: Session, among: str = "true", *values: Any) -> dict[int, ItemScore]:
    """The scores that apply to items as they stand, by id.

    Args:
        session: The session.
        among: Which items, as a condition on ``r.generated``.
        values: For its marks.
    """
    query = f"""
        SELECT r.texts, g.fields, r.generated, {", ".join(f"r.{name}" for name in _COLUMNS)}
        FROM rescored r JOIN generated g ON g.id = r.generated
        WHERE r.judged = (SELECT fingerprint FROM latest WHERE kind = 'judged') AND {among}"""
    found = {}
    for texts, changed, *row in rows_of(session, query, *values):
        if texts == texts_digest(json.loads(changed or "{}")):
            line = dict(zip(("id", *_COLUMNS), row, strict=True))
            found[line["id"]] = ItemScore(**(line | {"kept": bool(line["kept"])}))
    return found


def scored_texts(project: Project, judged: str) -> dict[int, str]:
    """Of which edited texts the filter's scores are: ``texts_digest`` by draft row.

    A row that isn't there was scored as the model wrote it.

    Args:
        project: The project.
        judged: The fingerprint of the filter's result.

    Raises:
        MissingInput: the decisions that it was made with are not stored any more.
    """
    edits = _input(project, _input(project, judged, "EditDrafts"), "ReviewDecisions")
    if not edits:
        return {}
    arrays, values = project.artifacts.arrays(edits)
    digests = map(texts_digest, values["fields"])
    return dict(zip(arrays["edited"].tolist(), digests, strict=True))


def _input(project: Project, fingerprint: str, stage: str) -> str:
    """The stored result of a stage class that another one was made from; empty without one."""
    line = project.artifacts.line(fingerprint)
    for source in line.inputs if line else ():
        found = project.artifacts.line(source)
        if found is not None and found.stage == stage:
            return source
    return ""
