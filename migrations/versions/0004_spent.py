"""What calls cost is summed from an index: a sum never reads the pages of prompts and answers."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SPENT = (
    *("step", "status", "cost", "prompt_tokens", "cached_tokens", "completion_tokens"),
    *("reused_from", "run"),
)


def upgrade() -> None:
    op.drop_index("ix_call_step_status", "call")
    op.create_index("ix_call_spent", "call", list(SPENT))


def downgrade() -> None:
    op.drop_index("ix_call_spent", "call")
    op.create_index("ix_call_step_status", "call", ["step", "status"])
