"""The imported data set as rows: what a screen shows of items, users and events."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sqlmodel import Session

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Ints, Sequences, domain_counts, offsets_of
from edt_core.store.database import insert_rows, rows_of, whole_columns
from edt_core.store.memory import storable
from edt_core.store.project import Project
from edt_core.store.tables import Dataset

_EVENTS_AT_ONCE = 100_000


class ImportedData(Protocol):
    """What an import yields (``data.importing.Dataset``)."""

    @property
    def name(self) -> str: ...  # noqa: D102 (the dataclass behind it says it)
    @property
    def user_ids(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def catalogue(self) -> Catalogue: ...  # noqa: D102
    @property
    def raw(self) -> Sequences: ...  # noqa: D102
    @property
    def timestamps(self) -> Ints: ...  # noqa: D102
    @property
    def options(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def counts(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def notes(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def digest(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class DatasetLine:
    """The project's data set."""

    name: str
    domain_names: list[str]
    options: dict[str, Any]
    counts: dict[str, Any]
    notes: list[str]
    digest: str
    imported_at: float


def save_dataset(project: Project, dataset: ImportedData) -> None:
    """Replace the project's data set in one transaction: a crash leaves the old one whole.

    The source stages' artifacts must stand already: from this commit on, they are asked for.
    """
    with project.database.write() as session:
        before = [digest for (digest,) in rows_of(session, "SELECT digest FROM dataset")]
        if before != [dataset.digest]:
            # what was written for the old users is not shown under the new ones' names
            session.connection().exec_driver_sql("DELETE FROM latest")
        for table in ("interaction", "user", "item", "dataset"):
            session.connection().exec_driver_sql(f'DELETE FROM "{table}"')
        _insert_items(session, dataset)
        _insert_users(session, dataset)
        _insert_events(session, dataset)
        session.add(
            Dataset(
                name=storable(dataset.name),
                domain_names=json.dumps(list(dataset.catalogue.domain_names)),
                options=json.dumps(dataset.options),
                counts=json.dumps(dataset.counts),
                notes=json.dumps(list(dataset.notes)),
                digest=dataset.digest,
                imported_at=time.time(),
            )
        )


def dataset_of(project: Project) -> DatasetLine | None:
    """The project's data set, or None before an import."""
    with project.database.read() as session:
        row = session.get(Dataset, 1)
    if row is None:
        return None
    return DatasetLine(
        row.name,
        json.loads(row.domain_names),
        json.loads(row.options),
        json.loads(row.counts),
        json.loads(row.notes),
        row.digest,
        row.imported_at,
    )


def splits(raw: Sequences) -> Ints:
    """The split of every event, ``[T]``: 0 training, 1 validation, 2 test (4.1.1)."""
    split = np.zeros(len(raw.items), dtype=np.int64)
    ends = raw.offsets[1:][raw.lengths >= 3]
    split[ends - 1] = 2
    split[ends - 2] = 1
    return split


def positions(raw: Sequences) -> Ints:
    """Every event's position inside its user's sequence, ``[T]``."""
    return np.arange(len(raw.items)) - np.repeat(raw.offsets[:-1], raw.lengths)


def _insert_items(session: Session, dataset: ImportedData) -> None:
    items = dataset.catalogue
    n_events = np.bincount(dataset.raw.items, minlength=len(items))
    rows = zip(
        range(len(items)),
        items.domain.tolist(),
        n_events.tolist(),
        map(storable, items.source_ids),
        map(storable, items.titles),
        map(storable, items.brands),
        map(storable, items.dates),
        map(storable, items.prices),
        (json.dumps(names) for names in items.categories),
        map(storable, items.descriptions),
        strict=True,
    )
    columns = ("key", "domain", "n_events", "source_id", "title", "brand", "date", "price")
    insert_rows(session, "item", (*columns, "categories", "description"), rows)


def _insert_users(session: Session, dataset: ImportedData) -> None:
    counts = domain_counts(dataset.raw, dataset.catalogue.domain)
    ids = map(storable, dataset.user_ids)
    rows = zip(range(len(counts)), ids, counts[:, 0].tolist(), counts[:, 1].tolist(), strict=True)
    insert_rows(session, "user", ("id", "source_id", "n_a", "n_b"), rows)


def _insert_events(session: Session, dataset: ImportedData) -> None:
    columns = ("user", "position", "key", "timestamp", "split")
    insert_rows(session, "interaction", columns, _events(dataset))


def _events(dataset: ImportedData) -> Iterator[tuple[int, ...]]:
    raw = dataset.raw
    arrays = (raw.users(), positions(raw), raw.items, dataset.timestamps, splits(raw))
    for start in range(0, len(raw.items), _EVENTS_AT_ONCE):
        yield from zip(
            *(column[start : start + _EVENTS_AT_ONCE].tolist() for column in arrays), strict=True
        )


def raw_sequences(project: Project) -> Sequences:
    """Every user's whole sequence, as the rows have it."""
    ordered = "SELECT user, key FROM interaction ORDER BY user, position"
    with project.database.read() as session:
        users, keys = whole_columns(session, ["user", "key"], f"FROM ({ordered})")
        ((n_users,),) = rows_of(session, "SELECT count(*) FROM user")
    return Sequences(keys, offsets_of(np.bincount(users, minlength=n_users)))


def event_counts(project: Project) -> Ints:
    """Raw events by user and domain, ``[U, 2]``."""
    with project.database.read() as session:
        rows = rows_of(session, "SELECT n_a, n_b FROM user ORDER BY id")
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)
