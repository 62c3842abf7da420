"""The tables of who is let in over HTTP: keys, and the sessions that browsers opened with them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from intent.store.columns import Serial, UtcDateTime, database_now, metadata

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of making"),
    Column(
        "prefix",
        String(16),
        nullable=False,
        unique=True,
        comment="How the key begins: what it is found by, no secret",
    ),
    Column(
        "name",
        String(100),
        nullable=False,
        comment="What people call it; shared while one takes over",
    ),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the key"),
    Column(
        "scopes", String(100), nullable=False, comment="What it opens, in the order of their names"
    ),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was made, database clock, UTC",
    ),
    Column("expires_timestamp", UtcDateTime, comment="Opens nothing from then; empty for never"),
    Column("revoked_timestamp", UtcDateTime, comment="Since when it was taken back"),
    Column("used_timestamp", UtcDateTime, comment="When it was used last, to the minute"),
    comment="Keys of the service over HTTP; the keys themselves stand nowhere",
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("digest", String(64), primary_key=True, comment="SHA-256 of its cookie"),
    Column(
        "key_id",
        BigInteger,
        ForeignKey("access_keys.id", ondelete="CASCADE"),
        nullable=False,
        comment="The key that it was opened with",
    ),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was opened, database clock, UTC",
    ),
    Column("expires_timestamp", UtcDateTime, nullable=False, comment="Opens nothing from then"),
    Index(None, "key_id"),
    Index(None, "expires_timestamp"),
    comment="Sessions of browsers; one ends with its key",
)
