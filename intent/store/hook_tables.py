"""The tables of outgoing webhooks: who is told, and what is on its way to them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata

hooks = Table(
    "hooks",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of adding"),
    Column("name", String(100), nullable=False, unique=True, comment="What people call it"),
    Column("url", Text, nullable=False, comment="Where it is sent to"),
    Column("state", String(20), nullable=False, comment="active, paused, or ended by the receiver"),
    Column("reason", Text, comment="Why it is not active"),
    Column("events", JSON, nullable=False, comment="Kinds of events that are sent"),
    Column("intents", JSON, nullable=False, comment="Leads with one of these; empty for all"),
    Column("rooms", JSON, nullable=False, comment="Leads in one of these rooms; empty for all"),
    Column(
        "minimum", Integer, nullable=False, comment="Smallest probability of a lead, in millionths"
    ),
    Column(
        "allow_private",
        Boolean,
        nullable=False,
        comment="May be at an address that is not public, and be spoken to without TLS",
    ),
    Column("key", String(16), nullable=False, comment="Name of the key, which stands elsewhere"),
    Column(
        "salt", String(32), nullable=False, comment="What its secret is derived from with the key"
    ),
    Column("former_salt", String(32), comment="The same of the secret before it"),
    Column("former_until", UtcDateTime, comment="Until when that one signs, too"),
    Column(
        "position",
        String(100),
        nullable=False,
        comment="Up to where it has read the log of changes, in the log's own words",
    ),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was added, database clock, UTC",
    ),
    comment="Receivers of leads; their secrets stand nowhere",
)

hook_deliveries = Table(
    "hook_deliveries",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of arrival"),
    Column(
        "hook_id",
        Serial,
        ForeignKey("hooks.id", ondelete="CASCADE"),
        nullable=False,
        comment="The receiver",
    ),
    Column(
        "change",
        String(100),
        comment="The change that it tells of, in the log's own words; empty where a person asked "
        "for it",
    ),
    Column(
        "webhook_id", String(40), nullable=False, comment="Its id for the receiver, at every try"
    ),
    Column("event", String(20), nullable=False, comment="What it tells"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column("state", String(20), nullable=False, comment="waiting, delivered, dead or skipped"),
    Column("attempts", Integer, nullable=False, comment="Tries whose outcome is known"),
    Column("token", String(32), comment="Token of the newest claim"),
    Column("available_timestamp", UtcDateTime, nullable=False, comment="May be claimed from then"),
    Column(
        "written_timestamp",
        UtcDateTime,
        comment="When available_timestamp was written; later than now where a clock was ahead",
    ),
    Column("status", SmallInteger, comment="HTTP status of the last try; empty where none came"),
    Column("error", Text, comment="What went wrong at the last try, in a few words of ours"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was put here, database clock, UTC",
    ),
    Column("ended_timestamp", UtcDateTime, comment="Since when it waits no more"),
    UniqueConstraint("hook_id", "change"),
    Index(None, "hook_id", "state", "available_timestamp"),
    Index(None, "platform", "message_id"),
    comment="What is on its way to receivers, and what became of it; what is sent is made anew "
    "from the lead at every try, and never stored",
)
