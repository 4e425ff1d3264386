"""Results say how many questions found no answer, calls what was sent back and may be billed.

The table of calls is made anew, because SQLite adds columns at the end alone: behind the wide
texts, where a sum over all calls would have to read those too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SPENT = (
    *("step", "status", "cost", "prompt_tokens", "cached_tokens", "completion_tokens"),
    *("reused_from", "run"),
)
UNCERTAIN = """CASE status WHEN 'unknown' THEN 1 ELSE max(0,
    (SELECT count(*) FROM json_each(attempts)
     WHERE coalesce(json_extract(value, '$.status'), 0) < 400)
    - (status = 'answered' OR cost IS NOT NULL)) END"""


def _text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _int(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _real(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _columns() -> list[sa.Column]:
    """The table of 0005."""
    return [
        _int("id"),
        *map(_text, ("key", "step", "status", "template")),
        _int("user", nullable=True),
        _text("user_id", nullable=True),
        _int("run", nullable=True),
        _int("repair"),
        *map(_text, ("provider", "model", "model_answered")),
        *map(_int, ("prompt_tokens", "cached_tokens", "completion_tokens")),
        _real("cost", nullable=True),
        *map(_real, ("latency", "created_at")),
        *map(_text, ("reason", "reused_from")),
        *map(_text, ("attempts", "request", "response", "parsed")),
    ]


def _make_anew(columns: list[sa.Column], spent: tuple[str, ...], made: dict[str, str]) -> None:
    """Replace the table by one of ``columns``; every row and number stays."""
    for name in ("answered", "spent", "user_id", "status"):
        op.drop_index(f"ix_call_{name}", "call")
    op.create_table("call_new", *columns, sa.PrimaryKeyConstraint("id", name="pk_call"))
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(made.get(column.name, f'"{column.name}"') for column in columns)
    op.execute(f'INSERT INTO call_new ({names}) SELECT {values} FROM "call"')  # noqa: S608
    op.drop_table("call")
    op.rename_table("call_new", "call")
    answered = sa.text("status = 'answered'")
    op.create_index("ix_call_answered", "call", ["key"], sqlite_where=answered)
    op.create_index("ix_call_spent", "call", list(spent))
    op.create_index("ix_call_user_id", "call", ["user_id"])
    op.create_index("ix_call_status", "call", ["status"])


def upgrade() -> None:
    op.add_column(
        "artifact", sa.Column("unanswered", sa.Integer(), nullable=False, server_default="0")
    )
    columns = _columns()
    columns.insert(20, _int("uncertain"))
    columns.append(_text("raw"))
    _make_anew(columns, (*SPENT, "uncertain"), {"uncertain": UNCERTAIN, "raw": "''"})


def downgrade() -> None:
    op.drop_column("artifact", "unanswered")
    _make_anew(_columns(), SPENT, {})
