"""The catalogue: the shop's currency, products, their pictures and vectors."""

import sqlalchemy as sa
from alembic import op

from closeup.storage.columns import BigId, UtcDateTime, Vector

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "shop_state",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shop_state"),
    )
    op.create_table(
        "shop_products",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("price_minor", BigId, nullable=False),
        sa.Column("tax_basis_points", sa.Integer, nullable=False),
        sa.Column("barcode", sa.String(14)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("retired_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_shop_products"),
        sa.UniqueConstraint("name_key", name="uq_shop_products_name_key"),
        sa.UniqueConstraint("barcode", name="uq_shop_products_barcode"),
    )
    op.create_table(
        "shop_views",
        sa.Column("id", BigId, nullable=False),
        sa.Column("product_id", sa.String(32), nullable=False),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shop_views"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["shop_products.id"], name="fk_shop_views_product_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("product_id", "source", name="uq_shop_views_product_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shop_vectors",
        sa.Column("view_id", BigId, nullable=False, autoincrement=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("vector", Vector, nullable=False),
        sa.PrimaryKeyConstraint("view_id", "model", name="pk_shop_vectors"),
        sa.ForeignKeyConstraint(["view_id"], ["shop_views.id"], name="fk_shop_vectors_view_id", ondelete="CASCADE"),
    )
