"""The tables of a server: jobs, media, keys and who did what. A change here needs a migration in migrations/server."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, Text

from closeup.storage.columns import BigId, UtcDateTime
from closeup.storage.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

VERSION_TABLE = "server_migration"

state = Table(
    "server_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("changes", BigId, nullable=False),
)
"""One row, which every change of a job takes first: `changes` counts up in the order in which they are stored, so that
who has seen all up to a number misses none."""

jobs = Table(
    "server_jobs",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("work", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("uses", Text, nullable=False),
    Column("folder", Text),
    Column("asked_by", String(32)),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", String(64)),
    Column("beat", BigId, nullable=False),
    Column("cancel", Boolean(create_constraint=False), nullable=False),
    Column("progress", Text),
    Column("result", Text),
    Column("error", Text),
    Column("changed", BigId, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_server_jobs_changed", "changed"),
    sqlite_autoincrement=True,
)
"""`number` gives the order in which they were asked for, `changed` is the count of the last change, and `owner` with
`beat` says who works on it: a worker that lives counts `beat` up."""

media = Table(
    "server_media",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("ours", Boolean(create_constraint=False), nullable=False),
    Column("kind", String(16)),
    Column("content_type", Text),
    Column("bytes", BigId, nullable=False),
    Column("sha256", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("added_by", String(32)),
    sqlite_autoincrement=True,
)
"""Without a `kind` it has not arrived whole: `bytes` is how many there will be, and the file says how many there are.
`ours` is a copy that the server made and deletes, else the file is its owner's."""

keys = Table(
    "server_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("parent", String(32)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
)
"""Tokens, links that open one session, and sessions; of the secret there is its SHA-256 only. A session ends with the
token that it came from (`parent`)."""

audit = Table(
    "server_audit",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Who saw, named and deleted whom: ids and no names of people, so that nothing of somebody outlives their deletion."""
