"""The files of ``edt export`` that are written row by row: JSON lines, CSV (DESIGN section 7)."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlmodel import Session

from edt_core.store.artifacts import Artifacts
from edt_core.store.database import rows_of
from edt_core.store.decisions import ANCHOR, SHOWN
from edt_core.store.questions import SPLITS
from edt_core.store.rescored import ItemScore, scores_in

_ROWS_AT_ONCE = 10_000


def write_items(session: Session, file: Path, domain_names: list[str]) -> None:
    """``items.jsonl``: real items first, then the generated ones that were inserted."""
    n_real = rows_of(session, "SELECT count(*) FROM item")[0][0]
    columns = "title, brand, price, categories, description"
    query = f"""
        SELECT key, domain, source_id AS item, 0 AS generated, {columns}, NULL AS fields
        FROM item
        UNION ALL
        SELECT key, target, NULL, 1, {columns}, fields
        FROM generated JOIN generated_text USING (id) WHERE id IN (
            SELECT min(id) FROM generated
            WHERE drafts = ({SHOWN}) AND key >= ? GROUP BY key)
        ORDER BY key"""
    _write_lines(file, (_item(row, domain_names) for row in _stream(session, query, n_real)))


def write_interactions(session: Session, file: Path, domain_names: list[str]) -> None:
    """``interactions.csv``: the raw sequences, in order."""
    query = """
        SELECT u.source_id, n.key, i.domain, n.timestamp, n.split FROM interaction n
        JOIN user u ON u.id = n.user JOIN item i ON i.key = n.key ORDER BY n.user, n.position"""
    rows = (
        (user, key, domain_names[domain], timestamp, SPLITS[split])
        for user, key, domain, timestamp, split in _stream(session, query)
    )
    _write_csv(file, ("user", "key", "domain", "timestamp", "split"), rows)


def write_generated(session: Session, file: Path) -> None:
    """``generated.jsonl``: every generated item as it stands, kept or not.

    Beside the scores of the last run stand those of a text that was edited and scored since.
    """
    rescored = scores_in(session)
    query = f"""
        SELECT g.id, u.source_id AS user, g.target, g.title, t.brand, t.date, t.price,
               t.categories, t.description, g.fields, g.source_score, g.target_score,
               g.source_rank, coalesce(n.key, g.anchor_key) AS anchor_key, g.anchor_position,
               g.verdict, g.decision, g.inserted, g.key
        FROM generated g JOIN generated_text t ON t.id = g.id
        LEFT JOIN user u ON u.id = g.user LEFT JOIN interaction n
            ON n.user = g.user AND n.position = json_extract(g.fields, '$.anchor_position')
        WHERE g.drafts = ({SHOWN}) ORDER BY g.id"""
    rows = _stream(session, query)
    _write_lines(file, (_generated(row, rescored.get(row.id)) for row in rows))


def write_profiles(session: Session, file: Path) -> None:
    """``profiles.jsonl``: every user's profile with the texts in between."""
    query = """
        SELECT u.source_id AS user, p.clusters, p.summaries, p.reform, p.analysis
        FROM profile p JOIN user u ON u.id = p.user
        WHERE p.fingerprint = (SELECT fingerprint FROM latest WHERE kind = 'profiles')
        ORDER BY p.user"""
    lines = (
        {
            **row._mapping,
            "clusters": json.loads(row.clusters),
            "summaries": json.loads(row.summaries),
        }
        for row in _stream(session, query)
    )
    _write_lines(file, lines)


def write_calls(session: Session, file: Path) -> None:
    """``calls.jsonl``: every request to a language model, whatever came of it."""
    query = """
        SELECT id, step AS stage, user_id AS user, request, response, parsed, provider, model,
               prompt_tokens, completion_tokens, cost, latency, status, attempts, cached_tokens,
               reused_from, raw
        FROM call ORDER BY id"""
    lines = (
        {
            **row._mapping,
            "request": json.loads(row.request),
            "parsed": json.loads(row.parsed) if row.parsed else None,
            "attempts": json.loads(row.attempts),
        }
        for row in _stream(session, query)
    )
    _write_lines(file, lines)


def write_augmented(artifacts: Artifacts, fingerprint: str, users: list[str], file: Path) -> None:
    """``augmented.jsonl``: each user's training part with what was inserted."""
    _write_lines(file, _augmented(artifacts, fingerprint, users))


def write_ranks(
    artifacts: Artifacts,
    evaluations: list[tuple[int, int | None, str]],
    users: list[str],
    domain_names: list[str],
    file: Path,
) -> None:
    """``ranks.csv``: where every held-out item stands, by run and seed."""
    columns = ("run", "seed", "user", "domain", "split", "target")
    _write_csv(
        file,
        (*columns, "rank_full", "candidates_full", "rank_sampled"),
        (
            (run, seed, users[user], domain_names[domain], SPLITS[1 + split], *rest)
            for run, seed, fingerprint in evaluations
            for split, user, domain, *rest in _ranks(artifacts, fingerprint)
        ),
    )


def _ranks(artifacts: Artifacts, fingerprint: str) -> Iterator[tuple[Any, ...]]:
    arrays, _ = artifacts.arrays(fingerprint)
    names = ("split", "users", "domains", "targets", "rank_full", "candidates_full", "rank_sampled")
    return zip(*(arrays[name].tolist() for name in names), strict=True)


def _augmented(
    artifacts: Artifacts, fingerprint: str, users: list[str]
) -> Iterator[Mapping[str, Any]]:
    if not fingerprint:
        return
    arrays, _ = artifacts.arrays(fingerprint)
    items, generated = arrays["sequences.items"], arrays["generated"]
    offsets = arrays["sequences.offsets"].tolist()
    for user, start, end in zip(users, offsets[:-1], offsets[1:], strict=True):
        keys, marks = items[start:end].tolist(), generated[start:end].tolist()
        yield {"user": user, "keys": keys, "generated": marks}


def _item(row: Any, domain_names: list[str]) -> dict[str, Any]:
    values = dict(row._mapping)
    edited = json.loads(values.pop("fields") or "{}")
    values |= {name: value for name, value in edited.items() if name in values}
    if "categories" not in edited:
        values["categories"] = json.loads(row.categories)
    return values | {"domain": domain_names[row.domain], "generated": bool(row.generated)}


def _generated(row: Any, rescored: ItemScore | None) -> dict[str, Any]:
    names = ("title", "brand", "date", "price", "categories", "description")
    fields = {name: getattr(row, name) for name in names}
    fields["categories"] = json.loads(row.categories)
    edited = json.loads(row.fields or "{}")
    anchor = edited.pop(ANCHOR, row.anchor_position)
    return {
        "id": row.id,
        "user": row.user,
        "direction": "a2b" if row.target else "b2a",
        "fields": fields | edited,
        "source_score": row.source_score,
        "target_score": row.target_score,
        "source_rank": row.source_rank,
        "anchor_key": row.anchor_key,
        "anchor_position": anchor,
        "verdict": row.verdict,
        "decision": row.decision,
        "inserted": bool(row.inserted),
        "key": row.key,
    } | ({"rescored": asdict(rescored)} if rescored else {})


def _stream(session: Session, query: str, *values: Any) -> Iterator[Any]:
    """A query's rows, some thousand in memory at a time."""
    yield from session.connection().exec_driver_sql(query, values).yield_per(_ROWS_AT_ONCE)


def _write_lines(file: Path, lines: Iterator[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(dict(line), ensure_ascii=False) + "\n" for line in lines)


def _write_csv(file: Path, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
