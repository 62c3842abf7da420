"""Outcomes: impressions, clicks, conversions, their links to messages, and credits."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String(200)


def upgrade() -> None:
    """Add the tables."""
    _add_impressions()
    _add_clicks()
    _add_conversions()
    _add_links()
    _add_credits()


def _add_impressions() -> None:
    op.create_table(
        "impressions",
        _column("id", SERIAL, "Created sequence"),
        _column("request_id", KEY, "The request that it was shown for"),
        _column("platform", KEY, "Entity key"),
        _column("user_id", KEY, "Who saw it"),
        _column("room_id", KEY, "Entity key"),
        _open("creator_id", KEY, "Entity key"),
        _open("item_id", KEY, "Entity key"),
        _column("position", sa.Integer(), "Place in the list, from 1"),
        _column("served_at", INSTANT, "When it was shown, UTC"),
        _column("policy", KEY, "Name and version of what ranked it"),
        _open(
            "propensity",
            sa.Double(),
            "Probability with which the policy put it there, above 0 up to 1; empty: unknown",
        ),
        _open("variant", KEY, "Arm of the experiment that it was shown under"),
        _open("feature_set_digest", sa.String(64), "Digest of the feature set it was ranked by"),
        _known_since("it"),
        sa.PrimaryKeyConstraint("id", name="pk_impressions"),
        sa.UniqueConstraint(
            "platform", "request_id", "position", name="uq_impressions_platform_request_id_position"
        ),
        sa.CheckConstraint("position >= 1", name="ck_impressions_position"),
        sa.CheckConstraint("propensity > 0 AND propensity <= 1", name="ck_impressions_propensity"),
        comment="What was shown to whom, at which place and by which policy; append only",
    )
    _index("impressions", "platform", "user_id", "served_at")
    _index("impressions", "platform", "room_id", "served_at")


def _add_clicks() -> None:
    op.create_table(
        "clicks",
        _column("id", SERIAL, "Created sequence"),
        _column("request_id", KEY, "The request whose list was clicked"),
        _column("platform", KEY, "Entity key"),
        _column("user_id", KEY, "Who clicked"),
        _column("room_id", KEY, "The room that was entered"),
        _column("clicked_at", INSTANT, "When, UTC"),
        _column(
            "watch_seconds",
            sa.Double(),
            "How long they stayed; 0 until known, then another row: the longest counts",
        ),
        _known_since("it"),
        sa.PrimaryKeyConstraint("id", name="pk_clicks"),
        sa.UniqueConstraint(
            "platform",
            "request_id",
            "room_id",
            "clicked_at",
            "watch_seconds",
            name="uq_clicks_once",
        ),
        sa.CheckConstraint("watch_seconds >= 0", name="ck_clicks_watch_seconds"),
        comment="Which of what was shown was entered, and for how long; append only",
    )
    _index("clicks", "platform", "user_id", "clicked_at")


def _add_conversions() -> None:
    op.create_table(
        "conversions",
        _column("id", SERIAL, "Created sequence"),
        _column("source", sa.String(60), "Who says so, such as shopify"),
        _column("source_event_id", KEY, "The source's own id of what it said here"),
        _column("conversion_id", KEY, "source:id of the order, lead or booking"),
        _column(
            "revision",
            sa.Integer(),
            "0, 1, 2 … of one conversion, in the order in which it changed at its source; what "
            "comes late moves those behind it up by one, and nothing else of a row ever changes",
        ),
        _column("kind", sa.String(20), "order, booking, call_back and the like"),
        _open("stage", KEY, "The source's own word for how far it is; empty: not said"),
        _open(
            "status",
            sa.String(20),
            "placed, paid, cancelled, refunded, no_show; empty: not said",
        ),
        _open("value_micros", sa.BigInteger(), "Value in millionths of the currency's unit"),
        _open("currency", sa.String(3), "ISO 4217, wherever there is a value"),
        _open("platform", KEY, "Where the buyer has the user_id"),
        _open("user_id", KEY, "The buyer's id on the platform; empty: not said"),
        _open("room_id", KEY, "The room it was ordered in; empty: not said"),
        _open("creator_id", KEY, "The business that it was ordered from; empty: not said"),
        _open("item_id", KEY, "What was ordered; empty: not said"),
        _column(
            "keys",
            sa.JSON(),
            "What it can be linked by; phone numbers and mail addresses as keyed hashes alone",
        ),
        _open("event_timestamp", INSTANT, "When it was ordered, UTC; empty: not said"),
        _column("changed_timestamp", INSTANT, "When it became so at its source, UTC"),
        _known_since("it"),
        sa.PrimaryKeyConstraint("id", name="pk_conversions"),
        sa.UniqueConstraint(
            "source", "source_event_id", name="uq_conversions_source_source_event_id"
        ),
        sa.UniqueConstraint(
            "conversion_id", "revision", name="uq_conversions_conversion_id_revision"
        ),
        comment="What sources said of orders, bookings and the like, each row as it was said; what "
        "a row leaves empty stays as the revision before it says; append only",
    )
    for key in ("user_id", "room_id"):
        known = sa.text(f"{key} IS NOT NULL")
        op.create_index(
            f"ix_conversions_platform_{key}",
            "conversions",
            ["platform", key],
            sqlite_where=known,
            postgresql_where=known,
        )
    _index("conversions", "event_timestamp")


def _add_links() -> None:
    op.create_table(
        "conversion_links",
        _column("id", SERIAL, "Created sequence"),
        _column("conversion_id", KEY, "The conversion"),
        _column("platform", KEY, "Identity of the message"),
        _column("message_id", KEY, "Identity of the message"),
        _column(
            "method",
            sa.String(20),
            "platform_user, code, phone, click_id, lead_id or by_hand",
        ),
        _column(
            "confidence",
            sa.Double(),
            "Probability that it is the same person's, above 0 up to 1",
        ),
        _column(
            "window_seconds",
            sa.BigInteger(),
            "How long before the conversion a message may have been said",
        ),
        _column("run", sa.String(100), "Name of what linked them"),
        _known_since("the link"),
        sa.PrimaryKeyConstraint("id", name="pk_conversion_links"),
        sa.UniqueConstraint(
            "run",
            "conversion_id",
            "platform",
            "message_id",
            "method",
            name="uq_conversion_links_once",
        ),
        sa.CheckConstraint(
            "confidence > 0 AND confidence <= 1", name="ck_conversion_links_confidence"
        ),
        comment="Which messages are said to be the same person's as a conversion; append only",
    )
    _index("conversion_links", "platform", "message_id")
    _index("conversion_links", "conversion_id")


def _add_credits() -> None:
    op.create_table(
        "credits",
        _column("id", SERIAL, "Created sequence"),
        _column("run", sa.String(100), "Name of the rule's run"),
        _column("conversion_id", KEY, "The conversion"),
        _column("touch_kind", sa.String(20), "What is credited, such as comment"),
        _column("platform", KEY, "Identity of the message"),
        _column("message_id", KEY, "Identity of the message"),
        _column("share", sa.Double(), "Share of the conversion, 0 to 1"),
        _known_since("the credit"),
        sa.PrimaryKeyConstraint("id", name="pk_credits"),
        sa.UniqueConstraint(
            "run",
            "conversion_id",
            "touch_kind",
            "platform",
            "message_id",
            name="uq_credits_once",
        ),
        sa.CheckConstraint("share >= 0 AND share <= 1", name="ck_credits_share"),
        comment="Shares of conversions that a rule gives to what was said; a rule, no cause",
    )
    _index("credits", "platform", "message_id")
    _index("credits", "conversion_id")


def _column(name: str, kind: sa.types.TypeEngine[object], comment: str) -> "sa.Column[object]":
    return sa.Column(name, kind, nullable=False, comment=comment)


def _open(name: str, kind: sa.types.TypeEngine[object], comment: str) -> "sa.Column[object]":
    return sa.Column(name, kind, comment=comment)


def _known_since(what: str) -> "sa.Column[object]":
    now = sa.text(NOW[op.get_bind().dialect.name])
    comment = f"When we knew of {what}, database clock, UTC"
    return sa.Column(
        "created_timestamp", INSTANT, server_default=now, nullable=False, comment=comment
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def downgrade() -> None:
    """Drop the tables, and with them all outcomes."""
    for table in ("credits", "conversion_links", "conversions", "clicks", "impressions"):
        op.drop_table(table)
