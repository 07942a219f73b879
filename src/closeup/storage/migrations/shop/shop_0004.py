"""What products weigh, and how large they are."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add both to what is known of a product."""
    op.add_column("shop_products", sa.Column("weight_g", sa.Integer))
    op.add_column("shop_products", sa.Column("size_mm", sa.String(20)))
