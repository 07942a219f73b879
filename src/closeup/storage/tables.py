"""The gallery's tables. A change here needs a migration beside the others in migrations/versions."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
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

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
"""How constraints are called."""

metadata = MetaData(naming_convention=NAMING)

VERSION_TABLE = "gallery_migration"
"""Where Alembic notes how far the database is; a name of our own, for others may use Alembic in the same database."""

state = Table(
    "gallery_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("changes", BigId, nullable=False),
    Column("removals", BigId, nullable=False),
    Column("scrub_pending", Boolean(create_constraint=False), nullable=False),
)
"""One row. `changes` counts all writes and `removals` those after which templates are gone or have moved, by which
caches of any process know that they are old; every write takes the row first, so that writes follow one another.
`scrub_pending` is on from the moment at which something is deleted until its bytes are gone too."""

models = Table(
    "gallery_models",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("dimensions", Integer, nullable=False),
    sqlite_autoincrement=True,
)

identities = Table(
    "gallery_identities",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("consent", Text),
    Column("retain_until", Date),
)

templates = Table(
    "gallery_templates",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("identity_id", String(32), ForeignKey("gallery_identities.id", ondelete="CASCADE"), nullable=False),
    Column("model", Integer, ForeignKey("gallery_models.number"), nullable=False),
    Column("vector", Vector, nullable=False),
    Column("pose", Text, nullable=False),
    Column("yaw_deg", Float, nullable=False),
    Column("pitch_deg", Float, nullable=False),
    Column("roll_deg", Float, nullable=False),
    Column("quality", Float, nullable=False),
    Column("source", Text),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("identity_id", "model", "source"),
    sqlite_autoincrement=True,
)
"""Ids are counted up and never used again: a vector that a cache holds under its id cannot be another one's."""

pictures = Table(
    "gallery_pictures",
    metadata,
    Column(
        "template_id",
        BigId,
        ForeignKey("gallery_templates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("jpeg", LargeBinary, nullable=False),
)
"""Pictures have a table of their own, so that reading a million vectors reads no picture."""

vouched = Table(
    "gallery_vouched",
    metadata,
    Column(
        "template_id",
        BigId,
        ForeignKey("gallery_templates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
)
"""Templates of which somebody said that they are of this person, however unlike the others they are; few, so that they
have a table of their own, and reading a million vectors asks no further question of each."""
