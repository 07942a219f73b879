"""Run by Alembic, with the connection that `storage.upgrade` has put into its configuration."""

from alembic import context

from closeup.storage.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
context.run_migrations()
