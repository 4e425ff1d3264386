"""An edited item's scores, computed between two runs, are kept; two indexes make way for one.

Nobody asks for all decisions on one item, and every decision paid for that index. Scores are asked
for by direction.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rescored",
        sa.Column("generated", sa.Integer(), nullable=False),
        sa.Column("texts", sa.String(), nullable=False),
        sa.Column("judged", sa.String(), nullable=False),
        sa.Column("source_score", sa.Float(), nullable=True),
        sa.Column("target_score", sa.Float(), nullable=True),
        sa.Column("source_rank", sa.Integer(), nullable=False),
        sa.Column("anchor_position", sa.Integer(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["generated"], ["generated.id"], name="fk_rescored_generated_generated"
        ),
        sa.PrimaryKeyConstraint("generated", "texts", name="pk_rescored"),
    )
    op.drop_index("ix_decision_generated", "decision")
    op.drop_index("ix_generated_drafts_target_score", "generated")
    columns = ["drafts", "target", "target_score"]
    op.create_index("ix_generated_drafts_target_target_score", "generated", columns)


def downgrade() -> None:
    op.drop_index("ix_generated_drafts_target_target_score", "generated")
    op.create_index("ix_generated_drafts_target_score", "generated", ["drafts", "target_score"])
    op.create_index("ix_decision_generated", "decision", ["generated"])
    op.drop_table("rescored")
