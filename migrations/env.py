"""Runs the migrations on the connection and inside the transaction that the store opened."""

from alembic import context

connection = context.config.attributes["connection"]
metadata = context.config.attributes.get("metadata")

context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
