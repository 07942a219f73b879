"""The gallery: identities, their templates and pictures, the models, and the state by which caches are kept."""

import sqlalchemy as sa
from alembic import op

from closeup.storage.columns import BigId, UtcDateTime, Vector

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, and the one row of the state."""
    state = op.create_table(
        "gallery_state",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("changes", BigId, nullable=False),
        sa.Column("removals", BigId, nullable=False),
        sa.Column("scrub_pending", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gallery_state"),
    )
    op.bulk_insert(state, [{"id": 1, "changes": 0, "removals": 0, "scrub_pending": False}])
    op.create_table(
        "gallery_models",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_gallery_models"),
        sa.UniqueConstraint("name", name="uq_gallery_models_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gallery_identities",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("consent", sa.Text),
        sa.Column("retain_until", sa.Date),
        sa.PrimaryKeyConstraint("id", name="pk_gallery_identities"),
        sa.UniqueConstraint("name_key", name="uq_gallery_identities_name_key"),
    )
    _make_templates()
    if op.get_context().dialect.name == "postgresql":
        _keep_out_of_statistics()


def _make_templates() -> None:
    op.create_table(
        "gallery_templates",
        sa.Column("id", BigId, nullable=False),
        sa.Column("identity_id", sa.String(32), nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("vector", Vector, nullable=False),
        sa.Column("pose", sa.Text, nullable=False),
        sa.Column("yaw_deg", sa.Float, nullable=False),
        sa.Column("pitch_deg", sa.Float, nullable=False),
        sa.Column("roll_deg", sa.Float, nullable=False),
        sa.Column("quality", sa.Float, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gallery_templates"),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["gallery_identities.id"], name="fk_gallery_templates_identity_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model"], ["gallery_models.number"], name="fk_gallery_templates_model"),
        sa.UniqueConstraint("identity_id", "model", "source", name="uq_gallery_templates_identity_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gallery_pictures",
        sa.Column("template_id", BigId, autoincrement=False, nullable=False),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("template_id", name="pk_gallery_pictures"),
        sa.ForeignKeyConstraint(
            ["template_id"], ["gallery_templates.id"], name="fk_gallery_pictures_template_id", ondelete="CASCADE"
        ),
    )


def _keep_out_of_statistics() -> None:
    """Keep PostgreSQL from copying personal data into its statistics, where deleting would not reach it."""
    for table, columns in {
        "gallery_identities": ("id", "name", "name_key", "consent"),
        "gallery_templates": ("identity_id", "vector", "source"),
        "gallery_pictures": ("jpeg",),
    }.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
