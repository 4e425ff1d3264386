"""Requests that a service is given at once as a file, and which calls each of those holds."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "call_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        *map(_text, ("name", "host", "state", "file", "remote")),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        _text("note"),
        sa.PrimaryKeyConstraint("id", name="pk_call_batch"),
        sa.UniqueConstraint("name", name="uq_call_batch_name"),
    )
    op.create_table(
        "batched_call",
        sa.Column("call", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["call.id"], name="fk_batched_call_call_call"),
        sa.ForeignKeyConstraint(
            ["batch"], ["call_batch.id"], name="fk_batched_call_batch_call_batch"
        ),
        sa.PrimaryKeyConstraint("call", name="pk_batched_call"),
    )
    op.create_index("ix_batched_call_batch", "batched_call", ["batch"])


def downgrade() -> None:
    op.drop_table("batched_call")
    op.drop_table("call_batch")
