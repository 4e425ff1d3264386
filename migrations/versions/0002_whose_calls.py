"""Calls keep their user's source id, the tokens a cache served, and where they were reused from.

The table is made anew, because SQLite adds columns at the end alone: behind the wide texts, where a
sum over all calls would have to read those too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_call_answered": ("key",),
    "ix_call_status": ("status",),
    "ix_call_step_status": ("step", "status"),
}


def _text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _int(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _real(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _columns() -> list[sa.Column]:
    """The table of 0001."""
    return [
        _int("id"),
        _text("key"),
        _text("step"),
        _text("status"),
        _text("template"),
        _int("user", nullable=True),
        _int("run", nullable=True),
        _int("repair"),
        _text("provider"),
        _text("model"),
        _text("model_answered"),
        _int("prompt_tokens"),
        _int("completion_tokens"),
        _real("cost", nullable=True),
        _real("latency"),
        _real("created_at"),
        _text("reason"),
        _text("attempts"),
        _text("request"),
        _text("response"),
        _text("parsed"),
    ]


def _make_anew(columns: list[sa.Column], user: str, copied: dict[str, str]) -> None:
    """Replace the table by one of ``columns``; every row and number stays."""
    for name in (*INDEXES, f"ix_call_{'user_id' if user == 'user' else 'user'}"):
        op.drop_index(name, "call")
    op.rename_table("call", "call_before")
    op.create_table("call", *columns, sa.PrimaryKeyConstraint("id", name="pk_call"))
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(copied.get(column.name, f'"{column.name}"') for column in columns)
    copy = f'INSERT INTO "call" ({names}) SELECT {values} FROM call_before'  # noqa: S608  our names
    op.execute(copy)
    op.drop_table("call_before")
    for name, indexed in INDEXES.items():
        where = sa.text("status = 'answered'") if name == "ix_call_answered" else None
        op.create_index(name, "call", list(indexed), sqlite_where=where)
    op.create_index(f"ix_call_{user}", "call", [user])


def upgrade() -> None:
    columns = _columns()
    columns.insert(6, _text("user_id", nullable=True))
    columns.insert(13, _int("cached_tokens"))
    columns.insert(19, _text("reused_from"))
    # who a call from before the last import was about is not known any more
    named = """(SELECT source_id FROM user WHERE user.id = call_before.user
        AND call_before.created_at >= (SELECT imported_at FROM dataset))"""
    copied = {"user_id": named, "cached_tokens": "0", "reused_from": "''"}
    _make_anew(columns, "user_id", copied)


def downgrade() -> None:
    _make_anew(_columns(), "user", {})
