"""The tables of what came in: messages, where they wait, and what is dead or was taken back."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata

messages = Table(
    "messages",
    metadata,
    Column(
        "platform",
        Key,
        primary_key=True,
        comment="Where it was written; with message_id the identity of the message",
    ),
    Column("message_id", Key, primary_key=True, comment="The platform's own id"),
    Column("room_id", Key, nullable=False, comment="The stream, post or inbox it was written in"),
    Column("creator_id", Key, comment="The business or host that the room belongs to"),
    Column("user_id", Key, nullable=False, comment="The author"),
    Column("kind", String(20), nullable=False, comment="comment or chat"),
    Column("author_role", String(20), nullable=False, comment="viewer, host or moderator"),
    Column("text", Text, nullable=False, comment="What was written, at most 8 KB of UTF-8"),
    Column("sent_at", UtcDateTime, nullable=False, comment="When it was said, UTC"),
    Column("item_id", Key, comment="The item on screen"),
    Column("category_id", Key, comment="The category of the room or of the item on screen"),
    Column("offer", Text, comment="What the room offers"),
    Column(
        "item", Text, comment="The item on screen or what the host has just asked for, in words"
    ),
    Column("reply_to_id", Key, comment="message_id of the message that it replies to"),
    Column(
        "reply_to_text",
        Text,
        comment="Text of the message that it replies to, where the wire carried it",
    ),
    Column("lang", Key, comment="Language tag, where the platform gave one"),
    Column(
        "accepted_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was accepted, database clock, UTC",
    ),
    Index(None, "platform", "room_id", "sent_at"),
    Index(None, "platform", "user_id"),
    Index(
        None,
        "platform",
        "reply_to_id",
        sqlite_where=text("reply_to_id IS NOT NULL"),
        postgresql_where=text("reply_to_id IS NOT NULL"),
    ),
    comment="Every accepted message, once",
)

TRIED = "token IS NOT NULL OR attempts > 0"
"""Tells the few rows of the inbox that were claimed before from all that are fresh."""

FRESH = "token IS NULL AND attempts = 0"
"""Tells those that nobody has claimed so far."""

inbox = Table(
    "inbox",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of arrival"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column(
        "attempts", Integer, nullable=False, default=0, comment="Claims that were not given back"
    ),
    Column(
        "token", String(32), comment="Token of the newest claim; empty when nobody has claimed it"
    ),
    Column(
        "available_timestamp",
        UtcDateTime,
        nullable=False,
        comment="May be claimed from then on: arrival, end of the lease, or end of the delay",
    ),
    Column(
        "revision",
        Integer,
        nullable=False,
        default=0,
        server_default="0",
        comment="Number of the decision it waits for: 0, or the one after a retraction",
    ),
    Column(
        "written_timestamp",
        UtcDateTime,
        comment="When available_timestamp was written; later than now where a clock was ahead",
    ),
    Column(
        "traceparent",
        String(55),
        comment="W3C trace context of the request that brought it; mostly empty",
    ),
    Column(
        "round_number",
        BigInteger,
        nullable=False,
        default=0,
        server_default="0",
        comment="Round in which it is lent; a round holds one message of each room",
    ),
    UniqueConstraint("platform", "message_id"),
    Index(
        "ix_inbox_fresh",
        "round_number",
        "id",
        sqlite_where=text(FRESH),
        postgresql_where=text(FRESH),
    ),
    Index(
        "ix_inbox_tried",
        "available_timestamp",
        "id",
        sqlite_where=text(TRIED),
        postgresql_where=text(TRIED),
    ),
    comment="Messages that wait for their first decision; a row is gone once it is decided or dead",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Serial, primary_key=True, comment="Number to show, replay or drop it by"),
    Column(
        "digest", String(64), nullable=False, unique=True, comment="SHA-256 of the whole payload"
    ),
    Column(
        "platform", Key, comment="Identity of the message; empty for a payload that is no message"
    ),
    Column(
        "message_id", Key, comment="Identity of the message; empty for a payload that is no message"
    ),
    Column("position", Text, comment="Where it stood in its source, such as line 12 of file.jsonl"),
    Column("reason", Text, nullable=False, comment="Why, without quoting the payload"),
    Column("attempts", Integer, nullable=False, default=0, comment="How often it was tried"),
    Column("payload", LargeBinary, nullable=False, comment="What was received, cut at 64 KB"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was buried",
    ),
    Index(None, "platform", "message_id"),
    comment="What could not be read or decided, with its reason and payload",
)

earlier_versions = Table(
    "earlier_versions",
    metadata,
    Column("platform", Key, primary_key=True, comment="Identity of the message"),
    Column("message_id", Key, primary_key=True, comment="Identity of the message"),
    Column("digest", String(64), primary_key=True, comment="SHA-256 of the text it had"),
    Column(
        "replaced_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When another text took its place, database clock, UTC",
    ),
    comment="Texts that edited messages had before, so that an old one that comes again is known",
)

retractions = Table(
    "retractions",
    metadata,
    Column("platform", Key, primary_key=True, comment="Where it was taken back"),
    Column("room_id", Key, primary_key=True, comment="The room it was taken back in"),
    Column("message_id", Key, primary_key=True, comment="The message that is gone; empty for many"),
    Column(
        "user_id", Key, primary_key=True, comment="The author who is gone; empty for any author"
    ),
    Column(
        "retracted_timestamp",
        UtcDateTime,
        nullable=False,
        comment="From when on it is gone; what a banned author wrote up to then is gone, UTC",
    ),
    Column("retracted_by", String(20), nullable=False, comment="author, moderator or platform"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When we knew, database clock, UTC",
    ),
    comment="What was taken back: kept, so that what comes late is taken back too",
)
