"""The first schema: data set, calls, generated items and decisions, profiles, runs, journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _int(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _real(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "artifact",
        _text("fingerprint"),
        _text("step"),
        _text("stage"),
        _text("parameters"),
        _text("inputs"),
        _text("folder"),
        _text("checksum"),
        _int("bytes"),
        _real("seconds"),
        _real("created_at"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_artifact"),
    )
    op.create_index("ix_artifact_stage_created_at", "artifact", ["stage", "created_at"])
    op.create_table(
        "batch",
        _int("id"),
        _real("at"),
        _text("by"),
        _text("note"),
        _real("undone_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
    )
    op.create_table(
        "call",
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
        sa.PrimaryKeyConstraint("id", name="pk_call"),
    )
    op.create_index(
        "ix_call_answered", "call", ["key"], sqlite_where=sa.text("status = 'answered'")
    )
    op.create_index("ix_call_status", "call", ["status"])
    op.create_index("ix_call_step_status", "call", ["step", "status"])
    op.create_index("ix_call_user", "call", ["user"])
    op.create_table(
        "dataset",
        _int("id"),
        _text("name"),
        _text("domain_names"),
        _text("options"),
        _text("counts"),
        _text("notes"),
        _text("digest"),
        _real("imported_at"),
        sa.CheckConstraint("id = 1", name="ck_dataset_one"),
        sa.PrimaryKeyConstraint("id", name="pk_dataset"),
    )
    op.create_table(
        "drafts",
        _int("id"),
        _text("fingerprint"),
        _real("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sa.UniqueConstraint("fingerprint", name="uq_drafts_fingerprint"),
    )
    op.create_table(
        "embedding_memory",
        _text("key"),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_embedding_memory"),
    )
    op.create_table(
        "interaction",
        _int("user"),
        _int("position"),
        _int("key"),
        _int("timestamp"),
        _int("split"),
        sa.PrimaryKeyConstraint("user", "position", name="pk_interaction"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "item",
        _int("key"),
        _int("domain"),
        _int("n_events"),
        _text("source_id"),
        _text("title"),
        _text("brand"),
        _text("date"),
        _text("price"),
        _text("categories"),
        _text("description"),
        sa.PrimaryKeyConstraint("key", name="pk_item"),
        sa.UniqueConstraint("domain", "source_id", name="uq_item_domain_source_id"),
    )
    op.create_table(
        "latest",
        _text("kind"),
        _text("fingerprint"),
        sa.PrimaryKeyConstraint("kind", name="pk_latest"),
    )
    op.create_table(
        "profile",
        _int("id"),
        _text("fingerprint"),
        _int("user"),
        _text("clusters"),
        _text("summaries"),
        _text("reform"),
        _text("analysis"),
        sa.PrimaryKeyConstraint("id", name="pk_profile"),
        sa.UniqueConstraint("fingerprint", "user", name="uq_profile_fingerprint_user"),
    )
    op.create_table(
        "run",
        _int("id"),
        _text("label"),
        _text("state"),
        _real("started_at"),
        _real("finished_at", nullable=True),
        _text("target"),
        _text("identity"),
        _text("seeds"),
        _text("config"),
        _text("device"),
        _int("threads"),
        _text("version"),
        _text("error"),
        _text("tag"),
        _text("note"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_state", "run", ["state"])
    op.create_table(
        "setting", _text("key"), _text("value"), sa.PrimaryKeyConstraint("key", name="pk_setting")
    )
    op.create_table(
        "user",
        _int("id"),
        _text("source_id"),
        _int("n_a"),
        _int("n_b"),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("source_id", name="uq_user_source_id"),
    )
    op.create_table(
        "event",
        _int("id"),
        _int("run"),
        _real("at"),
        _text("kind"),
        _text("body"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_event_run_run"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_run", "event", ["run"])
    op.create_table(
        "generated",
        _int("id"),
        _int("drafts"),
        _int("row"),
        _int("user"),
        _int("target"),
        _int("call", nullable=True),
        _real("source_score", nullable=True),
        _real("target_score", nullable=True),
        _int("source_rank", nullable=True),
        _int("anchor_key", nullable=True),
        _int("anchor_position", nullable=True),
        _text("verdict", nullable=True),
        _text("decision", nullable=True),
        sa.Column("inserted", sa.Boolean(), nullable=False),
        _int("key", nullable=True),
        _text("title"),
        _text("brand"),
        _text("date"),
        _text("price"),
        _text("categories"),
        _text("description"),
        _text("fields", nullable=True),
        sa.ForeignKeyConstraint(["drafts"], ["drafts.id"], name="fk_generated_drafts_drafts"),
        sa.PrimaryKeyConstraint("id", name="pk_generated"),
        sa.UniqueConstraint("drafts", "row", name="uq_generated_drafts_row"),
    )
    op.create_index("ix_generated_drafts", "generated", ["drafts"])
    op.create_index("ix_generated_drafts_target_score", "generated", ["drafts", "target_score"])
    op.create_index(
        "ix_generated_inserted", "generated", ["drafts"], sqlite_where=sa.text("inserted")
    )
    op.create_index("ix_generated_drafts_user", "generated", ["drafts", "user"])
    op.create_index(
        "ix_generated_drafts_verdict_decision", "generated", ["drafts", "verdict", "decision"]
    )
    op.create_table(
        "metric",
        _int("run"),
        _int("seed"),
        _text("split"),
        _text("domain"),
        _text("name"),
        _real("value"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_metric_run_run"),
        sa.PrimaryKeyConstraint("run", "seed", "split", "domain", "name", name="pk_metric"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_stage",
        _int("run"),
        _text("fingerprint"),
        _int("position"),
        _int("seed", nullable=True),
        _text("step"),
        _text("stage"),
        _text("state"),
        _real("seconds"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_run_stage_run_run"),
        sa.PrimaryKeyConstraint("run", "fingerprint", name="pk_run_stage"),
    )
    op.create_table(
        "decision",
        _int("id"),
        _int("batch"),
        _int("generated"),
        _text("action"),
        _text("decision", nullable=True),
        _text("fields", nullable=True),
        _text("decision_before", nullable=True),
        _text("fields_before", nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"], name="fk_decision_batch_batch"),
        sa.ForeignKeyConstraint(
            ["generated"], ["generated.id"], name="fk_decision_generated_generated"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("ix_decision_batch", "decision", ["batch"])
    op.create_index("ix_decision_generated", "decision", ["generated"])


def downgrade() -> None:
    for table in (
        "decision",
        "run_stage",
        "metric",
        "generated",
        "event",
        "user",
        "setting",
        "run",
        "profile",
        "latest",
        "item",
        "interaction",
        "embedding_memory",
        "drafts",
        "dataset",
        "call",
        "batch",
        "artifact",
    ):
        op.drop_table(table)
