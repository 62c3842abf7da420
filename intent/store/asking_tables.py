"""The tables of asking the LLM: the lane, the ledger, and replies that were paid for."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata

ask_lane = Table(
    "ask_lane",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of arrival"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column("run", String(100), nullable=False, comment="Run that the answer will belong to"),
    Column("room_id", Key, nullable=False, comment="Questions of one room are asked together"),
    Column(
        "priority",
        SmallInteger,
        nullable=False,
        comment="0 live, 1 upgrade, 2 backfill; the smallest goes first",
    ),
    Column(
        "event_timestamp",
        UtcDateTime,
        nullable=False,
        comment="When the message was said; the newest goes first",
    ),
    Column(
        "revision", Integer, nullable=False, comment="Revision that stood when the question was put"
    ),
    Column(
        "attempts", Integer, nullable=False, default=0, comment="Claims that were not given back"
    ),
    Column("token", String(32), comment="Token of the newest claim"),
    Column(
        "available_timestamp", UtcDateTime, nullable=False, comment="May be claimed from then on"
    ),
    Column(
        "written_timestamp",
        UtcDateTime,
        comment="When available_timestamp was written; later than now where a clock was ahead",
    ),
    Column(
        "wanted_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When the question was put",
    ),
    UniqueConstraint("platform", "message_id", "run"),
    Index(None, "priority", "attempts", "event_timestamp"),
    Index(None, "priority", "attempts", "id"),
    Index(None, "run", "platform", "room_id", "priority", "available_timestamp"),
    comment="Decided messages that wait for a better answer",
)

lane_pauses = Table(
    "lane_pauses",
    metadata,
    Column(
        "paused_timestamp",
        UtcDateTime,
        primary_key=True,
        server_default=database_now(),
        comment="Since when nothing is claimed from the ask lane, database clock, UTC",
    ),
    comment="Whether the ask lane is paused: while there is a row",
)

llm_attempts = Table(
    "llm_attempts",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of booking"),
    Column("request", String(64), nullable=False, comment="Hash of everything that was sent"),
    Column("run", String(100), nullable=False, comment="Run that it was asked for"),
    Column("platform", Key, nullable=False, comment="Platform of the room"),
    Column("room_id", Key, nullable=False, comment="Room that it was asked about"),
    Column("prompt_version", String(64), nullable=False, comment="Hash of the prompt"),
    Column("model", String(200), nullable=False, comment="The LLM's id"),
    Column("messages", Integer, nullable=False, comment="Messages that it asked about"),
    Column(
        "outcome",
        String(20),
        nullable=False,
        comment="How it ended, such as answered, rate_limited or timeout",
    ),
    Column("input_tokens", BigInteger, nullable=False, comment="All tokens sent"),
    Column(
        "cached_tokens",
        BigInteger,
        nullable=False,
        comment="Part of them that was read from the server's cache",
    ),
    Column(
        "cache_write_tokens",
        BigInteger,
        nullable=False,
        comment="Part of them that was written to the server's cache",
    ),
    Column("output_tokens", BigInteger, nullable=False, comment="Tokens received"),
    Column(
        "nanodollars",
        BigInteger,
        nullable=False,
        comment="Price in billionths of a dollar, so that sums are exact",
    ),
    Column("latency", Double, nullable=False, comment="Seconds"),
    Column(
        "started_timestamp",
        UtcDateTime,
        nullable=False,
        comment="When it was sent, clock of the asker",
    ),
    Index(None, "started_timestamp"),
    Index(None, "platform", "room_id"),
    comment="The ledger: every call of the LLM, also those that failed",
)

llm_replies = Table(
    "llm_replies",
    metadata,
    Column(
        "key",
        String(64),
        primary_key=True,
        comment="Hash of a request, or of one message with the prompt and model it was asked with",
    ),
    Column(
        "reply", LargeBinary, nullable=False, comment="What came back; holds no contact details"
    ),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it came",
    ),
    Index(None, "created_timestamp"),
    comment="Replies that were paid for, so that none is paid for twice",
)
