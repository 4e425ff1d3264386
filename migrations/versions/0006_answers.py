"""Results say how many questions found no answer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "artifact", sa.Column("unanswered", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("artifact", "unanswered")
