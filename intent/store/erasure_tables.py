"""The table of what was erased."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from intent.store.columns import Serial, UtcDateTime, database_now, metadata

tombstones = Table(
    "tombstones",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of erasure"),
    Column(
        "digest",
        String(64),
        nullable=False,
        unique=True,
        comment="HMAC-SHA256 of what was erased: a person, a message or a room",
    ),
    Column("key", String(16), nullable=False, comment="Name of the key, which stands elsewhere"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was erased, database clock, UTC",
    ),
    comment="What was erased, so that nothing of it is stored again",
)
