"""The tables of sources: where they stand, when they were blind, what is known of those that are
listened to.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from intent.store.columns import Key, UtcDateTime, database_now, metadata

positions = Table(
    "positions",
    metadata,
    Column("source", String(500), primary_key=True, comment="Name of the source"),
    Column("token", Text, nullable=False, comment="Where it stands, in the source's own words"),
    Column(
        "stored_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was stored, with everything read before it; database clock, UTC",
    ),
    comment="Where sources stand",
)

source_gaps = Table(
    "source_gaps",
    metadata,
    Column("platform", Key, primary_key=True, comment="Platform of the room"),
    Column("room_id", Key, primary_key=True, comment="The room that was not seen"),
    Column("since", UtcDateTime, primary_key=True, comment="Begin of the blindness, UTC"),
    Column("until", UtcDateTime, comment="End of it, UTC; empty while it lasts"),
    Column("reason", Text, nullable=False, comment="Why"),
    Column("source", String(500), comment="Name of the source that was blind, where it has one"),
    comment="Stretches in which a source was blind in a room",
)

listened_sources = Table(
    "listened_sources",
    metadata,
    Column("source", String(500), primary_key=True, comment="Name of the source"),
    Column("scheme", String(50), nullable=False, comment="Its kind, such as twitch"),
    Column(
        "state",
        String(20),
        nullable=False,
        comment="reading, waiting (to connect again), ended, failed or stopped",
    ),
    Column(
        "first_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was listened to for the first time, database clock, UTC",
    ),
    Column(
        "seen_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When its process last said so, database clock, UTC",
    ),
    Column("messages", BigInteger, nullable=False, comment="Messages that it handed over"),
    Column("dropped", BigInteger, nullable=False, comment="Messages that found no room to wait"),
    Column("reconnects", BigInteger, nullable=False, comment="How often it was lost"),
    Column("last_arrival", UtcDateTime, comment="When its last message came, the process's clock"),
    Column("last_sent", UtcDateTime, comment="When that message was said, the platform's clock"),
    Column("last_error", Text, comment="The last trouble, in one sentence"),
    Column("error_timestamp", UtcDateTime, comment="When that was, the process's clock"),
    comment="What is known of the sources that are or were listened to",
)
