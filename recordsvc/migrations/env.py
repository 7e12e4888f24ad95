"""Run migrations on the connection that `recordsvc.schema` hands over; there is no `alembic.ini`."""

from alembic import context

from recordsvc.schema import load_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=load_tables(),
    # SQLite cannot alter a table: Alembic copies it instead.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
