"""Column types that are the same to us in SQLite and in PostgreSQL: vectors and moments."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator, TypeEngine

from closeup.core.types import FloatArray

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database counts up; SQLite does so for the type INTEGER only."""


class Vector(TypeDecorator[FloatArray]):
    """float32 vectors: pgvector's `vector` in PostgreSQL, little-endian bytes in SQLite.

    The column has no fixed number of dimensions, for each model has its own.
    """

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in this database."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(LargeBinary())
        from pgvector.sqlalchemy import VECTOR

        return dialect.type_descriptor(VECTOR())

    def process_bind_param(self, value: FloatArray | None, dialect: Dialect) -> Any:
        """To the database, from shape (D,)."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return np.asarray(value, dtype=np.float32)
        return np.asarray(value, dtype="<f4").tobytes()

    def process_result_value(self, value: Any, dialect: Dialect) -> FloatArray | None:
        """From the database, shape (D,), float32."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return np.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value, dtype=np.float32)
        return np.frombuffer(value, dtype="<f4").astype(np.float32)


class UtcDateTime(TypeDecorator[datetime]):
    """Moments in UTC; SQLite, which knows no time zones, gets them without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
