"""Generated items are narrow rows; what no list filters by stands in a table beside them.

A decision on a quarter of a million items rewrites every page that holds one of them: pages of
scores and titles, not of descriptions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXTS = ("brand", "date", "price", "categories", "description")
INDEXES = {
    "ix_generated_drafts": ("drafts",),
    "ix_generated_drafts_target_score": ("drafts", "target_score"),
    "ix_generated_drafts_user": ("drafts", "user"),
    "ix_generated_inserted": ("drafts",),
}
BEFORE = {"ix_generated_drafts_verdict_decision": ("drafts", "verdict", "decision")}
AFTER = {
    "ix_generated_drafts_verdict": ("drafts", "verdict"),
    "ix_generated_decided": ("drafts", "decision", "verdict"),
    "ix_generated_undecided": ("drafts", "verdict", "decision"),
}
CONDITIONS = {
    "ix_generated_inserted": "inserted",
    "ix_generated_decided": "decision IS NOT NULL",
    "ix_generated_undecided": "verdict = 'kept' AND decision IS NULL",
}


def _text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _int(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _real(name: str) -> sa.Column:
    return sa.Column(name, sa.Float(), nullable=True)


def _make_anew(texts: tuple[str, ...], before: dict, after: dict, source: str) -> None:
    """Replace the table by one with these texts behind the title; every row and number stays."""
    columns = [
        _int("id"),
        _int("drafts"),
        _int("row"),
        _int("user"),
        _int("target"),
        _int("call", nullable=True),
        _real("source_score"),
        _real("target_score"),
        _int("source_rank", nullable=True),
        _int("anchor_key", nullable=True),
        _int("anchor_position", nullable=True),
        _text("verdict", nullable=True),
        _text("decision", nullable=True),
        sa.Column("inserted", sa.Boolean(), nullable=False),
        _int("key", nullable=True),
        _text("title"),
        *map(_text, texts),
        _text("fields", nullable=True),
    ]
    for name in (*INDEXES, *before):
        op.drop_index(name, "generated")
    op.create_table(  # renamed last: what refers to the name goes on referring to it
        "generated_anew",
        *columns,
        sa.ForeignKeyConstraint(["drafts"], ["drafts.id"], name="fk_generated_drafts_drafts"),
        sa.PrimaryKeyConstraint("id", name="pk_generated"),
        sa.UniqueConstraint("drafts", "row", name="uq_generated_drafts_row"),
    )
    names = ", ".join(f'"{column.name}"' for column in columns)
    op.execute(f"INSERT INTO generated_anew ({names}) SELECT {names} FROM {source}")  # noqa: S608
    op.drop_table("generated")
    op.rename_table("generated_anew", "generated")
    for name, indexed in (INDEXES | after).items():
        where = sa.text(CONDITIONS[name]) if name in CONDITIONS else None
        op.create_index(name, "generated", list(indexed), sqlite_where=where)


def upgrade() -> None:
    op.create_table(
        "generated_text",
        _int("id"),
        *map(_text, TEXTS),
        sa.ForeignKeyConstraint(["id"], ["generated.id"], name="fk_generated_text_id_generated"),
        sa.PrimaryKeyConstraint("id", name="pk_generated_text"),
    )
    names = ", ".join(("id", *TEXTS))
    op.execute(f"INSERT INTO generated_text ({names}) SELECT {names} FROM generated")  # noqa: S608
    _make_anew((), BEFORE, AFTER, "generated")


def downgrade() -> None:
    _make_anew(TEXTS, AFTER, BEFORE, "generated JOIN generated_text USING (id)")
    op.drop_table("generated_text")
