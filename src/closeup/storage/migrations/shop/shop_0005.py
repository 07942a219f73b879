"""Whether a shopper said that nothing lies where a thing was seen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it to what is known of a thing that was asked about."""
    op.add_column("shop_asked", sa.Column("was_nothing", sa.Boolean))
