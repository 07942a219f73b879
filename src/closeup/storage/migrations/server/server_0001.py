"""The tables of a server, and the one row of its state."""

import sqlalchemy as sa
from alembic import op

from closeup.storage.columns import BigId, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    state = op.create_table(
        "server_state",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("changes", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_server_state"),
    )
    op.bulk_insert(state, [{"id": 1, "changes": 0}])
    op.create_table(
        "server_jobs",
        sa.Column("number", BigId, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("work", sa.Text, nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("uses", sa.Text, nullable=False),
        sa.Column("folder", sa.Text),
        sa.Column("asked_by", sa.String(32)),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("beat", BigId, nullable=False),
        sa.Column("cancel", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("progress", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("changed", BigId, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.PrimaryKeyConstraint("number", name="pk_server_jobs"),
        sa.UniqueConstraint("id", name="uq_server_jobs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_server_jobs_changed", "server_jobs", ["changed"])
    _make_media_and_keys()


def _make_media_and_keys() -> None:
    op.create_table(
        "server_media",
        sa.Column("number", BigId, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ours", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("kind", sa.String(16)),
        sa.Column("content_type", sa.Text),
        sa.Column("bytes", BigId, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("added_by", sa.String(32)),
        sa.PrimaryKeyConstraint("number", name="pk_server_media"),
        sa.UniqueConstraint("id", name="uq_server_media_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "server_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("parent", sa.String(32)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime),
        sa.Column("expires_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_server_keys"),
        sa.UniqueConstraint("hash", name="uq_server_keys_hash"),
    )
    op.create_table(
        "server_audit",
        sa.Column("number", BigId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_server_audit"),
        sqlite_autoincrement=True,
    )
