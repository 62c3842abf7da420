"""Runs migrations on the connection that `intent migrate` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], transactional_ddl=True, render_as_batch=True
)
# The caller has opened the transaction, and commits it.
context.run_migrations()
