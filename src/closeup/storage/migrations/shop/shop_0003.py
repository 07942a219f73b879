"""Shoppers who are known by face, pictures of sales, and what was asked about."""

import sqlalchemy as sa
from alembic import op

from closeup.storage.columns import BigId, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "shop_shoppers",
        sa.Column("identity_id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("pin", sa.Text, nullable=False),
        sa.Column("consented_at", UtcDateTime, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("locked_until", UtcDateTime),
        sa.PrimaryKeyConstraint("identity_id", name="pk_shop_shoppers"),
    )
    op.create_table(
        "shop_frames",
        sa.Column("sale_id", sa.String(32), nullable=False),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.Column("kept_until", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", name="pk_shop_frames"),
        sa.ForeignKeyConstraint(["sale_id"], ["shop_sales.id"], name="fk_shop_frames_sale_id", ondelete="CASCADE"),
    )
    op.create_table(
        "shop_asked",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.Column("choices", sa.Text, nullable=False),
        sa.Column("product_id", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_shop_asked"),
        sa.ForeignKeyConstraint(["product_id"], ["shop_products.id"], name="fk_shop_asked_product_id"),
        sqlite_autoincrement=True,
    )
