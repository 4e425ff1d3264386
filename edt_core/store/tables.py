"""The tables of ``project.db``: what a screen pages, filters or sorts.

Arrays (embeddings, weights, packed sequences, ranks) are files; a row of ``artifact`` names each.
Columns that hold JSON are plain text columns: what goes in comes out, whatever reads it. Moments
are seconds since 1970 (UTC). Wide texts stand last in a table, because SQLite reads a row's columns
from the left and a page of scores then never touches the texts.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from edt_core.store import call_tables  # noqa: F401  part of the schema
from edt_core.store.table_base import Table, metadata  # noqa: F401  whole once this is imported


class Dataset(Table, table=True):
    """The one imported data set."""

    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: int = Field(default=1, primary_key=True)
    name: str
    domain_names: str
    """JSON list: the names of A and B."""
    options: str
    """JSON object: recipe and every other option of the import."""
    counts: str
    """JSON object: rows read, skipped and kept; the numbers of Table 7."""
    notes: str
    """JSON list of sentences that a user should read."""
    digest: str
    """Content hash; the source stages' only parameter."""
    imported_at: float


class Item(Table, table=True):
    """A real item. Generated items are rows of ``generated``."""

    __table_args__ = (UniqueConstraint("domain", "source_id"),)

    key: int = Field(primary_key=True)
    domain: int
    n_events: int
    source_id: str
    title: str
    brand: str
    date: str
    price: str
    categories: str
    """JSON list."""
    description: str


class User(Table, table=True):
    """A user with the length of the raw sequence by domain."""

    id: int = Field(primary_key=True)
    """The user's index in every array, from 0."""
    source_id: str = Field(unique=True)
    n_a: int
    n_b: int


class Interaction(Table, table=True):
    """One event of a raw mixed sequence. A user's events lie together, in order."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    user: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    """From 0 inside the user's raw sequence."""
    key: int
    timestamp: int
    split: int
    """0 training, 1 validation, 2 test (4.1.1)."""


class Setting(Table, table=True):
    """A configuration key that the user set; the others have their defaults."""

    key: str = Field(primary_key=True)
    value: str
    """JSON."""


class Latest(Table, table=True):
    """Which stages' results the project's rows are about at present."""

    kind: str = Field(primary_key=True)
    """``drafts``, ``judged``, ``inserted`` or ``profiles``."""
    fingerprint: str


class Artifact(Table, table=True):
    """A stored result of a stage: the folder that holds it, and its checksum."""

    __table_args__ = (Index(None, "stage", "created_at"),)

    fingerprint: str = Field(primary_key=True)
    step: str
    stage: str
    """The stage's class name."""
    parameters: str
    """JSON object."""
    inputs: str
    """JSON list of the input stages' fingerprints."""
    folder: str
    """Relative to the project's folder."""
    checksum: str
    bytes: int
    seconds: float
    created_at: float
    unanswered: int = 0
    """Questions without an answer, which a run may ask again."""


class Drafts(Table, table=True):
    """One run of the sample generator, by the fingerprint of its stage."""

    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str = Field(unique=True)
    created_at: float


class Generated(Table, table=True):
    """A generated item with its scores, the filter's verdict and the reviewer's decision.

    The rows are narrow, because a bulk act rewrites whole pages of them.
    """

    __table_args__ = (
        UniqueConstraint("drafts", "row"),
        # an index's last column is the id: these two give their pages in the order of ids
        Index(None, "drafts"),
        Index(None, "drafts", "verdict"),
        Index(
            "ix_generated_undecided",
            *("drafts", "target", "target_score", "id", "verdict", "decision"),
            sqlite_where=text("verdict = 'kept' AND decision IS NULL"),
        ),
        # without what is undecided, so that a bulk act adds lines here and moves none
        Index(
            "ix_generated_decided",
            *("drafts", "decision", "verdict"),
            sqlite_where=text("decision IS NOT NULL"),
        ),
        Index("ix_generated_score", "drafts", "target", "target_score", "id", "verdict"),
        Index(None, "drafts", "user"),
        Index("ix_generated_inserted", "drafts", sqlite_where=text("inserted")),
    )

    id: int | None = Field(default=None, primary_key=True)
    drafts: int = Field(foreign_key="drafts.id")
    row: int
    """The row in the drafts' arrays."""
    user: int
    target: int
    """The domain that the item belongs to; its source is the other one."""
    call: int | None = None
    source_score: float | None = None
    """s^src of Eq. 4; null until filtered, and where undefined."""
    target_score: float | None = None
    """s^tgt of Eq. 5; null until filtered, and for users without items in the target domain."""
    source_rank: int | None = None
    """From 1, within the user and direction."""
    anchor_key: int | None = None
    anchor_position: int | None = None
    """In the user's raw sequence."""
    verdict: str | None = None
    """``kept`` or ``filtered``; null until filtered."""
    decision: str | None = None
    """``accepted``, ``rejected`` or ``edited``: the reviewer's last word."""
    inserted: bool = False
    key: int | None = None
    """The item's key in the catalogue, where it was inserted."""
    title: str
    fields: str | None = None
    """JSON object: what the reviewer changed; the columns keep what the model wrote."""


class GeneratedText(Table, table=True):
    """What else the model wrote of a generated item, which no list filters or sorts by."""

    __tablename__ = "generated_text"

    id: int = Field(primary_key=True, foreign_key="generated.id")
    brand: str
    date: str
    price: str
    categories: str
    """JSON list."""
    description: str


class Batch(Table, table=True):
    """What one act of the reviewer changed: one decision or a thousand, undone as one."""

    id: int | None = Field(default=None, primary_key=True)
    at: float
    by: str
    """Where it came from, such as ``edt review``."""
    note: str
    """The predicate of a bulk act, or empty."""
    undone_at: float | None = None


class Decision(Table, table=True):
    """One line of the history of decisions: never changed, never deleted."""

    id: int | None = Field(default=None, primary_key=True)
    batch: int = Field(foreign_key="batch.id", index=True)
    generated: int = Field(foreign_key="generated.id")
    action: str
    """``accept``, ``reject``, ``edit`` or ``reset``."""
    decision: str | None = None
    """The decision from here on."""
    fields: str | None = None
    """The changed fields from here on, as JSON."""
    decision_before: str | None = None
    fields_before: str | None = None


class Rescored(Table, table=True):
    """What the noise filter says of an edited text, computed between two runs.

    A row applies while the item has these texts and the verdicts shown are ``judged``.
    """

    generated: int = Field(primary_key=True, foreign_key="generated.id")
    texts: str = Field(primary_key=True)
    """Digest of the edited texts."""
    judged: str
    """The fingerprint of the filter's result that the item was ranked in."""
    source_score: float | None = None
    target_score: float | None = None
    source_rank: int
    anchor_position: int | None = None
    threshold: float
    """The least target score that was asked for."""
    kept: bool
    at: float


class Profile(Table, table=True):
    """What was written about a user (3.4), with every text in between."""

    __table_args__ = (UniqueConstraint("fingerprint", "user"),)

    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str
    """The fingerprint of the stage that wrote it."""
    user: int
    clusters: str
    """JSON: the user's items by domain and cluster."""
    summaries: str
    """JSON: one text a cluster."""
    reform: str
    analysis: str


class Run(Table, table=True):
    """One run of a model: what was asked for and how it ended."""

    id: int | None = Field(default=None, primary_key=True)
    label: str
    """The model's name in tables."""
    state: str = Field(index=True)
    """``running``, ``done``, ``failed`` or ``interrupted``."""
    started_at: float
    finished_at: float | None = None
    target: str
    """The last step asked for."""
    identity: str
    """Digest of what decides the result; equal runs share it."""
    seeds: str
    """JSON list."""
    config: str
    """JSON object, nested as the keys are."""
    device: str
    threads: int
    version: str
    error: str = ""
    tag: str = ""
    note: str = ""


class RunStage(Table, table=True):
    """A stage of a run; stages shared by all seeds have none of their own."""

    __tablename__ = "run_stage"

    run: int = Field(foreign_key="run.id", primary_key=True)
    fingerprint: str = Field(primary_key=True)
    position: int
    seed: int | None = None
    step: str
    stage: str
    state: str
    """``waiting``, ``running``, ``done``, ``reused`` or ``failed``."""
    seconds: float = 0.0


class Metric(Table, table=True):
    """A metric of a finished run, so that a list of runs needs no ranks."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    run: int = Field(foreign_key="run.id", primary_key=True)
    seed: int = Field(primary_key=True)
    split: str = Field(primary_key=True)
    """``valid`` or ``test``."""
    domain: str = Field(primary_key=True)
    """A domain's name, or ``all``."""
    name: str = Field(primary_key=True)
    """Such as ``full.ndcg@10``."""
    value: float


class Event(Table, table=True):
    """The journal: the only channel from a run to a screen. Points are in telemetry.db."""

    id: int | None = Field(default=None, primary_key=True)
    run: int = Field(foreign_key="run.id", index=True)
    at: float
    kind: str
    body: str
    """JSON object: the event's fields."""
