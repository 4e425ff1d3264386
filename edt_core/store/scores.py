"""The scores of all shown generated items as columns, for arithmetic over a million at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edt_core.store.database import column_blocks
from edt_core.store.decisions import ITEMS, SHOWN
from edt_core.store.project import Project

_AT_ONCE = 2_000
SCALE = 10**12
"""Of a score among the whole numbers that ``scaled`` selects."""
_FINE = 10**4
"""Steps of a source score between 0 and 1: enough to draw it."""


@dataclass(frozen=True)
class ScoreColumns:
    """One row a shown generated item, by id."""

    ids: NDArray[np.int64]
    targets: NDArray[np.int8]
    users: NDArray[np.int32]
    source_ranks: NDArray[np.int32]
    source_scores: NDArray[np.float32]
    """To four places; NaN where there is none."""
    target_scores: NDArray[np.float32]
    """NaN where there is none."""
    decisions: NDArray[np.int8]
    """0 none, 1 accepted, 2 rejected, 3 edited."""


def scaled(score: str) -> str:
    """A column of scores as whole numbers, for ``whole_columns``; a missing score is below all."""
    return f"CAST(coalesce({score}, -9) * {SCALE} AS INTEGER)"


def unscaled(scores: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scores out of what ``scaled`` selected, exact to 1e-12; NaN where there is none."""
    return np.where(scores < -2 * SCALE, np.nan, scores / SCALE)


def score_columns(project: Project) -> ScoreColumns:
    """Read the columns of every shown and judged item, block by block; other threads go on."""
    words = "WHEN 'accepted' THEN 1 WHEN 'rejected' THEN 2 WHEN 'edited' THEN 3"
    # 0 where it is missing; arithmetic alone, because a function would be called for every row
    fine = f"CAST((coalesce(source_score, -2) + 2) * {_FINE} + 0.5 AS INTEGER)"
    # one number, not five columns: each would become a text of its own
    packed = (
        f"(((user << 20 | source_rank) << 15 | {fine}) << 2 | CASE decision {words} ELSE 0 END)"
    )
    columns = ("id", f"{packed} << 1 | target", scaled("target_score"))
    judged = "source_rank IS NOT NULL"
    blocks = [
        (
            ids,
            (small & 1).astype(np.int8),
            (small >> 38).astype(np.int32),
            (small >> 18 & (1 << 20) - 1).astype(np.int32),
            _fine(small >> 3 & (1 << 15) - 1),
            unscaled(scores).astype(np.float32),
            (small >> 1 & 3).astype(np.int8),
        )
        for ids, small, scores in column_blocks(
            project.database, "generated", ITEMS, columns, judged
        )
    ]
    return ScoreColumns(*map(np.concatenate, zip(*blocks, strict=True)))


def _fine(steps: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.where(steps > 0, steps / _FINE - 2, np.nan).astype(np.float32)


def titles_of(project: Project, ids: NDArray[np.int64]) -> dict[int, str]:
    """The titles of some generated items, as the reviewer left them, by id."""
    marks = ", ".join("?" * len(ids))
    query = f"""SELECT id, coalesce(json_extract(fields, '$.title'), title)
        FROM generated WHERE id IN ({marks})"""
    with project.database.read() as session:
        return {
            int(row[0]): str(row[1])
            for row in session.connection().exec_driver_sql(query, tuple(ids.tolist()))
        }


@dataclass(frozen=True)
class DomainSize:
    """One domain's raw numbers, as Table 7 counts them."""

    users: int
    items: int
    interactions: int


def domain_sizes(project: Project) -> tuple[DomainSize, DomainSize]:
    """Both domains' raw users, items and interactions (A.2)."""
    query = """SELECT total(n_a > 0), total(n_b > 0), total(n_a), total(n_b),
        (SELECT count(*) FROM item WHERE domain = 0), (SELECT count(*) FROM item WHERE domain = 1)
        FROM user"""
    with project.database.read() as session:
        row = [int(value) for value in session.connection().exec_driver_sql(query).one()]
    return DomainSize(row[0], row[4], row[2]), DomainSize(row[1], row[5], row[3])


def title_groups(project: Project, normalised: Callable[[str], str]) -> NDArray[np.int64]:
    """Which shown items share a title, in the order of ``score_columns``, ``[G]``.

    Equal numbers mean one new item of one domain; -1 an item whose title is a real item's.

    Args:
        project: The project.
        normalised: A title as the insertion compares it.
    """
    with project.database.read() as session:
        connection = session.connection()
        real = {
            hash((domain, normalised(title)))
            for domain, title in connection.exec_driver_sql("SELECT domain, title FROM item")
        }
        rows = connection.exec_driver_sql(
            f"""SELECT target, coalesce(json_extract(fields, '$.title'), title) FROM generated
            WHERE drafts = ({SHOWN}) AND source_rank IS NOT NULL ORDER BY id"""
        ).cursor
        blocks = [np.zeros(0, dtype=np.int64)]
        while rows is not None and (block := rows.fetchmany(_AT_ONCE)):
            hashes = (hash((target, normalised(title) or title)) for target, title in block)
            blocks.append(np.array([-1 if one in real else one for one in hashes], dtype=np.int64))
            time.sleep(0.001)
    return np.concatenate(blocks)
