"""Which templates somebody has looked at and said to be of their person."""

import sqlalchemy as sa
from alembic import op

from closeup.storage.columns import BigId

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; nothing that is stored already was vouched for."""
    op.create_table(
        "gallery_vouched",
        sa.Column("template_id", BigId, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("template_id", name="pk_gallery_vouched"),
        sa.ForeignKeyConstraint(
            ["template_id"], ["gallery_templates.id"], name="fk_gallery_vouched_template_id", ondelete="CASCADE"
        ),
    )
