"""The tables of a shop: what it sells, how that looks, and what it sold.

A change here needs a migration in migrations/shop.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from closeup.storage.columns import BigId, UtcDateTime, Vector
from closeup.storage.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

VERSION_TABLE = "shop_migration"

state = Table(
    "shop_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("currency", String(3), nullable=False),
)
"""One row, once there is a product: every price is in the shop's one currency (ISO 4217)."""

products = Table(
    "shop_products",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("price_minor", BigId, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    Column("barcode", String(14), unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
    Column("weight_g", Integer),
    Column("size_mm", String(20)),
)
"""`price_minor` counts the currency's smallest unit and holds the tax, of `tax_basis_points` hundredths of a percent.
`size_mm` has three edges, "120x60x30". What is not sold any more stays, with its name and barcode, for the sake of old
receipts."""

views = Table(
    "shop_views",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("product_id", String(32), ForeignKey("shop_products.id", ondelete="CASCADE"), nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
    Column("source", String(64), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("product_id", "source"),
    sqlite_autoincrement=True,
)
"""Pictures of products, small. `source` is the hash of what they were made of, `origin` "photo" or "choice": what a
shopper's choice among products has taught."""

vectors = Table(
    "shop_vectors",
    metadata,
    Column("view_id", BigId, ForeignKey("shop_views.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("model", Text, primary_key=True),
    Column("vector", Vector, nullable=False),
)
"""What a model makes of each view; made anew from the pictures for another model."""

sales = Table(
    "shop_sales",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("state", String(8), nullable=False),
    Column("document", Text, nullable=False),
    Column("payment", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""A sale is noted here before anything is charged: `document` is the SaleRecord as it began, `state` and `payment` what
became of it. `number` gives their order, whatever the clock said."""

shoppers = Table(
    "shop_shoppers",
    metadata,
    Column("identity_id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("pin", Text, nullable=False),
    Column("consented_at", UtcDateTime, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
)
"""Who may pay after being known by face: an identity of the gallery, by its id there. `pin` is a slow hash, `wrong` how
many wrong ones in a row were typed since the last right one."""

frames = Table(
    "shop_frames",
    metadata,
    Column("sale_id", String(32), ForeignKey("shop_sales.id", ondelete="CASCADE"), primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
    Column("kept_until", UtcDateTime, nullable=False),
)
"""What the camera saw of a sale, for disputes, for a stated time."""

asked = Table(
    "shop_asked",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
    Column("choices", Text, nullable=False),
    Column("product_id", String(32), ForeignKey("shop_products.id")),
    Column("was_nothing", Boolean),
    sqlite_autoincrement=True,
)
"""Things of the last day that were in doubt or unknown: a picture, the products that were offered (names, one a line;
none for what was unknown), what somebody said that it is, and whether a shopper said that nothing lies there."""
