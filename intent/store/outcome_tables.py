"""The tables of outcomes: what was shown and clicked, what came of it, and what of that is said to
belong to which message.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from intent.store.columns import Key, Serial, UtcDateTime, database_now, metadata


def _known_since(what: str) -> Column[object]:
    return Column(
        "created_timestamp",
        UtcDateTime,
        nullable=False,
        server_default=database_now(),
        comment=f"When we knew of {what}, database clock, UTC",
    )


impressions = Table(
    "impressions",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("request_id", Key, nullable=False, comment="The request that it was shown for"),
    Column("platform", Key, nullable=False, comment="Entity key"),
    Column("user_id", Key, nullable=False, comment="Who saw it"),
    Column("room_id", Key, nullable=False, comment="Entity key"),
    Column("creator_id", Key, comment="Entity key"),
    Column("item_id", Key, comment="Entity key"),
    Column("category_id", Key, comment="Entity key"),
    Column("position", Integer, nullable=False, comment="Place in the list, from 1"),
    Column("served_at", UtcDateTime, nullable=False, comment="When it was shown, UTC"),
    Column("policy", Key, nullable=False, comment="Name and version of what ranked it"),
    Column(
        "propensity",
        Double,
        comment="Probability with which the policy put it there, above 0 up to 1; empty: unknown",
    ),
    Column("variant", Key, comment="Arm of the experiment that it was shown under"),
    Column("feature_set_digest", String(64), comment="Digest of the feature set it was ranked by"),
    _known_since("it"),
    UniqueConstraint("platform", "request_id", "position"),
    # A list shows a room once: which place was clicked would be unknown otherwise.
    Index(None, "platform", "request_id", "room_id", unique=True),
    CheckConstraint("position >= 1", name="position"),
    CheckConstraint("propensity > 0 AND propensity <= 1", name="propensity"),
    Index(None, "platform", "user_id", "served_at"),
    Index(None, "platform", "room_id", "served_at"),
    comment="What was shown to whom, at which place and by which policy; append only",
)

clicks = Table(
    "clicks",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("request_id", Key, nullable=False, comment="The request whose list was clicked"),
    Column("platform", Key, nullable=False, comment="Entity key"),
    Column("user_id", Key, nullable=False, comment="Who clicked"),
    Column("room_id", Key, nullable=False, comment="The room that was entered"),
    Column("clicked_at", UtcDateTime, nullable=False, comment="When, UTC"),
    Column(
        "watch_seconds",
        Double,
        nullable=False,
        comment="How long they stayed; 0 until known, then another row: the longest counts",
    ),
    _known_since("it"),
    UniqueConstraint(
        "platform", "request_id", "room_id", "clicked_at", "watch_seconds", name="uq_clicks_once"
    ),
    CheckConstraint("watch_seconds >= 0", name="watch_seconds"),
    Index(None, "platform", "user_id", "clicked_at"),
    comment="Which of what was shown was entered, and for how long; append only",
)

conversions = Table(
    "conversions",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("source", String(60), nullable=False, comment="Who says so, such as shopify"),
    Column(
        "source_event_id", Key, nullable=False, comment="The source's own id of what it said here"
    ),
    Column("conversion_id", Key, nullable=False, comment="source:id of the order, lead or booking"),
    Column(
        "revision",
        Integer,
        nullable=False,
        comment="0, 1, 2 … of one conversion, in the order in which it changed at its source; what "
        "comes late moves those behind it up by one, and nothing else of a row ever changes",
    ),
    Column("kind", String(20), nullable=False, comment="order, booking, call_back and the like"),
    Column("stage", Key, comment="The source's own word for how far it is; empty: not said"),
    Column(
        "status", String(20), comment="placed, paid, cancelled, refunded, no_show; empty: not said"
    ),
    Column("value_micros", BigInteger, comment="Value in millionths of the currency's unit"),
    Column("currency", String(3), comment="ISO 4217, wherever there is a value"),
    Column("platform", Key, comment="Where the buyer has the user_id"),
    Column("user_id", Key, comment="The buyer's id on the platform; empty: not said"),
    Column("room_id", Key, comment="The room it was ordered in; empty: not said"),
    Column("creator_id", Key, comment="The business that it was ordered from; empty: not said"),
    Column("item_id", Key, comment="What was ordered; empty: not said"),
    Column(
        "keys",
        JSON,
        nullable=False,
        comment="What it can be linked by; phone numbers and mail addresses as keyed hashes alone",
    ),
    Column("event_timestamp", UtcDateTime, comment="When it was ordered, UTC; empty: not said"),
    Column(
        "changed_timestamp",
        UtcDateTime,
        nullable=False,
        comment="When it became so at its source, UTC",
    ),
    _known_since("it"),
    UniqueConstraint("source", "source_event_id"),
    UniqueConstraint("conversion_id", "revision"),
    Index(
        None,
        "platform",
        "user_id",
        sqlite_where=text("user_id IS NOT NULL"),
        postgresql_where=text("user_id IS NOT NULL"),
    ),
    Index(
        None,
        "platform",
        "room_id",
        sqlite_where=text("room_id IS NOT NULL"),
        postgresql_where=text("room_id IS NOT NULL"),
    ),
    Index(None, "event_timestamp"),
    comment="What sources said of orders, bookings and the like, each row as it was said; what "
    "a row leaves empty stays as the revision before it says; append only",
)

conversion_links = Table(
    "conversion_links",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("conversion_id", Key, nullable=False, comment="The conversion"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column(
        "method",
        String(20),
        nullable=False,
        comment="platform_user, code, phone, click_id, lead_id or by_hand",
    ),
    Column(
        "confidence",
        Double,
        nullable=False,
        comment="Probability that it is the same person's, above 0 up to 1",
    ),
    Column(
        "window_seconds",
        BigInteger,
        nullable=False,
        comment="How long before the conversion a message may have been said",
    ),
    Column("run", String(100), nullable=False, comment="Name of what linked them"),
    _known_since("the link"),
    UniqueConstraint(
        "run",
        "conversion_id",
        "platform",
        "message_id",
        "method",
        name="uq_conversion_links_once",
    ),
    CheckConstraint("confidence > 0 AND confidence <= 1", name="confidence"),
    Index(None, "platform", "message_id"),
    Index(None, "conversion_id"),
    comment="Which messages are said to be the same person's as a conversion; append only",
)

conversion_credits = Table(
    "credits",
    metadata,
    Column("id", Serial, primary_key=True, comment="Created sequence"),
    Column("run", String(100), nullable=False, comment="Name of the rule's run"),
    Column("conversion_id", Key, nullable=False, comment="The conversion"),
    Column("touch_kind", String(20), nullable=False, comment="What is credited, such as comment"),
    Column("platform", Key, nullable=False, comment="Identity of the message"),
    Column("message_id", Key, nullable=False, comment="Identity of the message"),
    Column("share", Double, nullable=False, comment="Share of the conversion, 0 to 1"),
    _known_since("the credit"),
    UniqueConstraint(
        "run",
        "conversion_id",
        "touch_kind",
        "platform",
        "message_id",
        name="uq_credits_once",
    ),
    CheckConstraint("share >= 0 AND share <= 1", name="share"),
    Index(None, "platform", "message_id"),
    Index(None, "conversion_id"),
    comment="Shares of conversions that a rule gives to what was said; a rule, no cause",
)
