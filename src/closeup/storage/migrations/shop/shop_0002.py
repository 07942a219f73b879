"""What was sold."""

import sqlalchemy as sa
from alembic import op

from closeup.storage.columns import BigId

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of sales."""
    op.create_table(
        "shop_sales",
        sa.Column("number", BigId, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_shop_sales"),
        sa.UniqueConstraint("id", name="uq_shop_sales_id"),
        sqlite_autoincrement=True,
    )
