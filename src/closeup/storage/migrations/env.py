"""Run by Alembic, with the connection that `storage.upgrade` has put into its configuration."""

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"], target_metadata=given["metadata"], version_table=given["version_table"]
)
context.run_migrations()
