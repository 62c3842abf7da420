"""The tables of leads: where each stands, what people did with it, and the log of what changed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Computed,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
    text,
)

from intent.store.columns import (
    Key,
    Serial,
    UtcDateTime,
    database_now,
    metadata,
    writer_number,
)

HOT = ("purchase_intent", "appointment_booking", "contact_request", "quote_request")
"""The intents next to a purchase: the taxonomy's group ``hot``; a test holds the two together."""

HOT_FROM = 500_000
"""From this lead probability on, in millionths, a lead with a hot intent is hot."""

ATTENTION = (
    "CASE WHEN NOT stands OR state <> 'open' OR answered_timestamp IS NOT NULL THEN 0 "
    "WHEN hot THEN 2 ELSE 1 END"
)
"""2 hot and unanswered, 1 unanswered, 0 answered or in somebody's hands: the inbox's order, the
newest first within each.
"""

STANDS = "stands"

STANDING: ColumnElement[bool] = literal_column(f"leads.{STANDS}")
"""A lead that stands, asked for as the indexes say it: SQLite takes a partial index for these very
words alone, and a Boolean column is written as ``stands = 1`` there.
"""

leads = Table(
    "leads",
    metadata,
    Column("platform", Key, primary_key=True, comment="Identity of the message"),
    Column("message_id", Key, primary_key=True, comment="Identity of the message"),
    Column("room_id", Key, nullable=False, comment="The room it was said in"),
    Column("user_id", Key, nullable=False, comment="Who said it"),
    Column("event_timestamp", UtcDateTime, nullable=False, comment="When it was said, UTC"),
    Column("decision_id", BigInteger, comment="The decision that stands; empty before there is"),
    Column("lead_probability", Integer, nullable=False, comment="Of that decision, in millionths"),
    Column(
        "hot",
        Boolean,
        nullable=False,
        comment="It has an intent next to a purchase, and is a lead more likely than not",
    ),
    Column(
        "stands",
        Boolean,
        nullable=False,
        comment="It is a lead; not so when it was taken back, or is none by a newer decision",
    ),
    Column("answered_timestamp", UtcDateTime, comment="When the host replied to it, UTC"),
    Column("answered_by", String(20), comment="reply, or on_air where somebody said so"),
    Column(
        "state",
        String(20),
        nullable=False,
        server_default="open",
        comment="open, taken, done or not_a_lead",
    ),
    Column("taken_by", String(100), comment="Who has it, or had it last"),
    Column("handled_timestamp", UtcDateTime, comment="When the state was last changed, UTC"),
    Column(
        "version",
        Integer,
        nullable=False,
        server_default="0",
        comment="How many actions there were; who acts says which one they saw",
    ),
    Column(
        "attention",
        SmallInteger,
        Computed(ATTENTION, persisted=True),
        comment="2 hot and unanswered, 1 unanswered, 0 the others",
    ),
    Index(
        "ix_leads_inbox",
        "attention",
        "event_timestamp",
        "platform",
        "message_id",
        sqlite_where=text(STANDS),
        postgresql_where=text(STANDS),
    ),
    Index(
        "ix_leads_room",
        "room_id",
        "attention",
        "event_timestamp",
        "platform",
        "message_id",
        sqlite_where=text(STANDS),
        postgresql_where=text(STANDS),
    ),
    Index(
        "ix_leads_newest",
        "event_timestamp",
        "platform",
        "message_id",
        sqlite_where=text(STANDS),
        postgresql_where=text(STANDS),
    ),
    comment="Every message of a viewer that is or was a lead, with what became of it; kept in the "
    "transactions that decide, take back and handle",
)

lead_actions = Table(
    "lead_actions",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of handling"),
    Column(
        "action_id",
        String(64),
        nullable=False,
        unique=True,
        comment="Given by who acts; the same one again changes nothing",
    ),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column(
        "action",
        String(20),
        nullable=False,
        comment="take, done, release, not_a_lead, on_air or note",
    ),
    Column("acted_by", String(100), nullable=False, comment="Name of the key, or of the person"),
    Column("note", Text, comment="What they wrote down"),
    Column("version", Integer, nullable=False, comment="The lead's version that it made"),
    Column("decision_id", BigInteger, comment="The decision that stood before it"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When, database clock, UTC",
    ),
    Index(None, "platform", "message_id", "id"),
    comment="What people did with leads; append only",
)

lead_changes = Table(
    "lead_changes",
    metadata,
    Column("id", Serial, primary_key=True, comment="Order of writing"),
    Column(
        "writer",
        BigInteger,
        nullable=False,
        server_default=writer_number(),
        comment="PostgreSQL's number of the transaction that wrote it; 0 on SQLite, which has one "
        "writer at a time",
    ),
    Column("kind", String(20), nullable=False, comment="See intent/model/lead.py: ChangeKind"),
    Column("platform", Key, comment="Identity of the message; empty when it was erased"),
    Column("message_id", Key, comment="Identity of the message; empty when it was erased"),
    Column("room_id", Key, comment="The room it was said in; empty when it was erased"),
    Column("revision", Integer, comment="Of found, changed and gone: the decision's revision"),
    Column("action", String(20), comment="Of handled: what was done"),
    Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment="When, database clock, UTC",
    ),
    Index(None, "writer", "id"),
    Index(None, "platform", "message_id"),
    # A number is never given twice: a reader that has come so far would miss the second one.
    sqlite_autoincrement=True,
    comment="What changed about leads, in the order in which it became visible; inbox and "
    "outgoing webhooks read it",
)
