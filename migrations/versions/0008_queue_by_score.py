"""What the review queue asks most is answered by an index alone: it knows the verdict, too.

That is items of a direction, kept or filtered or waiting for a decision, and their target scores.
The id stands before what is only looked up, so that equal scores still come in the order of ids. No
decision changes a column of the first index, and the second one loses a line as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BY_SCORE = ["drafts", "target", "target_score"]
UNDECIDED = sa.text("verdict = 'kept' AND decision IS NULL")


def upgrade() -> None:
    op.drop_index("ix_generated_drafts_target_target_score", "generated")
    op.create_index("ix_generated_score", "generated", [*BY_SCORE, "id", "verdict"])
    op.drop_index("ix_generated_undecided", "generated")
    columns = [*BY_SCORE, "id", "verdict", "decision"]
    op.create_index("ix_generated_undecided", "generated", columns, sqlite_where=UNDECIDED)


def downgrade() -> None:
    op.drop_index("ix_generated_undecided", "generated")
    columns = ["drafts", "verdict", "decision"]
    op.create_index("ix_generated_undecided", "generated", columns, sqlite_where=UNDECIDED)
    op.drop_index("ix_generated_score", "generated")
    op.create_index("ix_generated_drafts_target_target_score", "generated", BY_SCORE)
