"""The tables, as SQLAlchemy Core knows them; ``migrations/`` creates them and a test compares the
two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

INTENTS = (
    "purchase_intent",
    "price_inquiry",
    "availability_inquiry",
    "product_inquiry",
    "shipping_inquiry",
    "appointment_booking",
    "contact_request",
    "quote_request",
    "store_location",
    "objection",
    "customer_support",
    "spam",
    "chatter",
)
"""The intents that have a column; a test holds them against the taxonomy, and a new one needs a
migration.
"""

MILLION = 1_000_000
"""Probabilities are stored in integer millionths, so that their sums are exact."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: ``timestamptz`` on PostgreSQL, ISO text in UTC on SQLite; always an aware UTC
    value in Python.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: nobody could say when they are."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC value."""
        if value is None:
            return None
        result: datetime = (
            value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        )
        return result


# named like SQLAlchemy's own functions
class database_now(FunctionElement[datetime]):  # noqa: N801
    """The database's clock at the moment of the statement, not of the transaction's begin."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(element: database_now, compiler: Any, **_: Any) -> str:
    # SQLite counts milliseconds; SQLAlchemy reads the fraction as microseconds, hence the zeros.
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(database_now, "postgresql")
def _postgresql_now(element: database_now, compiler: Any, **_: Any) -> str:
    return "clock_timestamp()"


metadata = MetaData(naming_convention=NAMING)

Serial = BigInteger().with_variant(Integer, "sqlite")
Key = String(200)

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
    comment="Every accepted message, once",
)

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
    UniqueConstraint("platform", "message_id"),
    Index(None, "available_timestamp", "id"),
    comment="Messages that wait for their first decision; a row is gone once it is decided or dead",
)

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

runs = Table(
    "runs",
    metadata,
    Column(
        "name", String(100), primary_key=True, comment="Name of the run; production is the live one"
    ),
    Column("description", Text, comment="What it was made for"),
    Column(
        "prompt",
        String(100),
        comment="Name of the prompt it asks with; empty for the production prompt",
    ),
    Column("prompt_version", String(64), comment="Hash of that prompt when the run was started"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When it was started",
    ),
    Column(
        "promoted_timestamp",
        UtcDateTime,
        comment="When its decisions became visible to readers; empty until then",
    ),
    comment="Who made decisions: the production run, and backfills that are compared before they "
    "are promoted",
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column(
        "revision",
        Integer,
        nullable=False,
        comment="0, 1, 2 … for one message; none is ever changed",
    ),
    Column("run", String(100), ForeignKey("runs.name"), nullable=False, comment="Run that made it"),
    Column(
        "visible",
        Boolean,
        nullable=False,
        server_default=true(),
        comment="Readers see it, from created_timestamp on; promotion copies what is not",
    ),
    Column("room_id", Key, nullable=False, comment="Entity key"),
    Column("creator_id", Key, comment="Entity key"),
    Column("user_id", Key, nullable=False, comment="Entity key"),
    Column("item_id", Key, comment="Entity key"),
    Column(
        "author_role",
        String(20),
        nullable=False,
        server_default="viewer",
        comment="viewer, host or moderator; demand is what viewers say",
    ),
    Column("event_timestamp", UtcDateTime, nullable=False, comment="When it was said, UTC"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When we knew, database clock, UTC",
    ),
    Column("decided_by", String(20), nullable=False, comment="local, llm or human"),
    Column("from_cache", Boolean, nullable=False, comment="Copied from an equal message"),
    Column(
        "degraded", Boolean, nullable=False, comment="The LLM was wanted, this stands meanwhile"
    ),
    Column("is_lead", Boolean, nullable=False, comment="At least one lead intent was chosen"),
    Column(
        "lead_probability",
        Integer,
        nullable=False,
        comment="Probability of at least one lead intent, in millionths",
    ),
    *(
        Column(
            f"p_{intent}",
            Integer,
            nullable=False,
            comment=f"Probability of {intent}, in millionths",
        )
        for intent in INTENTS
    ),
    Column(
        "labels",
        JSON,
        nullable=False,
        comment="Chosen intents in the taxonomy's order; indexed in decision_labels",
    ),
    Column(
        "slots", JSON, nullable=False, comment="[kind, verbatim substring of the message] pairs"
    ),
    Column("taxonomy_version", String(64), nullable=False, comment="Hash of the taxonomy"),
    Column("prompt_version", String(64), nullable=False, comment="Hash of the prompt, or none"),
    Column(
        "model_version",
        String(64),
        nullable=False,
        comment="Hash of the local model, or the LLM's id",
    ),
    Column(
        "calibration_version",
        String(64),
        nullable=False,
        comment="Hash of the calibration, or unmeasured",
    ),
    UniqueConstraint("platform", "message_id", "revision"),
    CheckConstraint("lead_probability BETWEEN 0 AND 1000000", name="lead_probability"),
    Index(None, "platform", "user_id", "event_timestamp"),
    Index(None, "run", "visible", "id"),
    Index(None, "platform", "room_id", "event_timestamp"),
    Index(
        None,
        "platform",
        "creator_id",
        "event_timestamp",
        sqlite_where=text("creator_id IS NOT NULL"),
        postgresql_where=text("creator_id IS NOT NULL"),
    ),
    Index(
        None,
        "platform",
        "item_id",
        "event_timestamp",
        sqlite_where=text("item_id IS NOT NULL"),
        postgresql_where=text("item_id IS NOT NULL"),
    ),
    comment="Every decision ever made; append only",
)

decision_labels = Table(
    "decision_labels",
    metadata,
    Column(
        "decision_id",
        Serial,
        ForeignKey("decisions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The decision",
    ),
    Column("label", String(60), primary_key=True, comment="A chosen intent"),
    Column("event_timestamp", UtcDateTime, nullable=False, comment="When the message was said"),
    Index(None, "label", "event_timestamp"),
    comment="The chosen intents of every decision, for finding by intent",
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
