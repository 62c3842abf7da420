"""The tables of claim rounds: what was offered, and what people corrected in the reading of it."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata

claim_rounds = Table(
    "claim_rounds",
    metadata,
    Column("id", Serial, primary_key=True, comment="Number of the round"),
    Column("platform", Key, nullable=False, comment="Platform of the room"),
    Column("room_id", Key, nullable=False, comment="The room in which it is claimed"),
    Column("title", Text, nullable=False, comment="What people call it"),
    Column("items", JSON, nullable=False, comment="Codes, names, variants, stock and prices"),
    Column("since", UtcDateTime, nullable=False, comment="What is said from then on counts, UTC"),
    Column("until", UtcDateTime, comment="What is said before then counts, UTC; empty while open"),
    Column("opened_by", Key, nullable=False, comment="Who opened it"),
    Column("closed_by", Key, comment="Who closed it; empty while it is open"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was opened, database clock, UTC",
    ),
    Index(None, "platform", "room_id"),
    comment="Claim rounds; nothing is ever charged for what is claimed",
)

claim_corrections = Table(
    "claim_corrections",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of correction"),
    Column(
        "round_id",
        Serial,
        ForeignKey("claim_rounds.id", ondelete="CASCADE"),
        nullable=False,
        comment="The round",
    ),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column(
        "ordered",
        JSON,
        nullable=False,
        comment="[code, variant or null, quantity] of what it orders; empty for nothing",
    ),
    Column("corrected_by", Key, nullable=False, comment="Who says so"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was said, database clock, UTC",
    ),
    Index(None, "platform", "message_id"),
    Index(None, "round_id", "id"),
    comment="What people say that messages order, instead of what was read; append only",
)
