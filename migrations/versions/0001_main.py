"""Messages, inbox, ask lane, runs, decisions, dead letters and feature counters."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A migration is frozen: it names its own types and labels, and imports nothing that may change
# after it.
INSTANT = sa.DateTime(timezone=True)
KEY = sa.String(200)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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
TABLES = (
    "decision_labels",
    "decisions",
    "runs",
    "messages",
    "inbox",
    "feature_counters",
    "dead_letters",
    "ask_lane",
)

CURRENT_DECISIONS = """
CREATE VIEW current_decisions AS
SELECT d.* FROM decisions AS d
JOIN runs AS r ON r.name = d.run AND r.promoted_timestamp IS NOT NULL
WHERE NOT EXISTS (
    SELECT 1 FROM decisions AS n
    JOIN runs AS p ON p.name = n.run AND p.promoted_timestamp IS NOT NULL
    WHERE n.platform = d.platform AND n.message_id = d.message_id AND n.revision > d.revision
)
"""


def upgrade() -> None:
    """Create everything, and the production run."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    now = sa.text(
        "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')" if sqlite else "clock_timestamp()"
    )
    op.create_table(
        "ask_lane",
        sa.Column("id", SERIAL, comment="Order of arrival"),
        sa.Column("platform", KEY, nullable=False, comment="Identity of the message"),
        sa.Column("message_id", KEY, nullable=False, comment="Identity of the message"),
        sa.Column(
            "run", sa.String(100), nullable=False, comment="Run that the answer will belong to"
        ),
        sa.Column(
            "room_id", KEY, nullable=False, comment="Questions of one room are asked together"
        ),
        sa.Column(
            "priority",
            sa.SmallInteger(),
            nullable=False,
            comment="0 live, 1 upgrade, 2 backfill; the smallest goes first",
        ),
        sa.Column(
            "event_timestamp",
            INSTANT,
            nullable=False,
            comment="When the message was said; the newest goes first",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Revision that stood when the question was put",
        ),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, comment="Claims that were not given back"
        ),
        sa.Column("token", sa.String(32), nullable=True, comment="Token of the newest claim"),
        sa.Column(
            "available_timestamp", INSTANT, nullable=False, comment="May be claimed from then on"
        ),
        sa.Column(
            "wanted_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When the question was put",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ask_lane"),
        sa.UniqueConstraint(
            "platform", "message_id", "run", name="uq_ask_lane_platform_message_id_run"
        ),
        comment="Decided messages that wait for a better answer",
    )
    op.create_index(
        "ix_ask_lane_run_platform_room_id_priority_available_timestamp",
        "ask_lane",
        ["run", "platform", "room_id", "priority", "available_timestamp"],
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", SERIAL, comment="Number to show, replay or drop it by"),
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the whole payload"),
        sa.Column(
            "platform",
            KEY,
            nullable=True,
            comment="Identity of the message; empty for a payload that is no message",
        ),
        sa.Column(
            "message_id",
            KEY,
            nullable=True,
            comment="Identity of the message; empty for a payload that is no message",
        ),
        sa.Column(
            "position",
            sa.Text(),
            nullable=True,
            comment="Where it stood in its source, such as line 12 of file.jsonl",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, without quoting the payload"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often it was tried"),
        sa.Column(
            "payload", sa.LargeBinary(), nullable=False, comment="What was received, cut at 64 KB"
        ),
        sa.Column(
            "created_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When it was buried",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        sa.UniqueConstraint("digest", name="uq_dead_letters_digest"),
        comment="What could not be read or decided, with its reason and payload",
    )
    op.create_index(
        "ix_dead_letters_platform_message_id", "dead_letters", ["platform", "message_id"]
    )
    op.create_table(
        "feature_counters",
        sa.Column("entity", sa.String(20), comment="user, creator, room or item"),
        sa.Column("platform", KEY, comment="Platform of the key"),
        sa.Column("key", KEY, comment="Id of the user, creator, room or item"),
        sa.Column("intent", sa.String(60), comment="A label or a group of the taxonomy"),
        sa.Column(
            "count",
            sa.BigInteger(),
            nullable=False,
            comment="Messages whose current decision carries it",
        ),
        sa.Column(
            "decayed_30m",
            sa.Double(),
            nullable=False,
            comment="Count with a half-life of 30 minutes, as of decayed_at",
        ),
        sa.Column(
            "decayed_1d",
            sa.Double(),
            nullable=False,
            comment="Count with a half-life of 1 day, as of decayed_at",
        ),
        sa.Column(
            "decayed_30d",
            sa.Double(),
            nullable=False,
            comment="Count with a half-life of 30 days, as of decayed_at",
        ),
        sa.Column(
            "decayed_at",
            sa.BigInteger(),
            nullable=False,
            comment="Newest event counted, microseconds since 1970 UTC",
        ),
        sa.PrimaryKeyConstraint("entity", "platform", "key", "intent", name="pk_feature_counters"),
        comment="Intent counts kept up to date in the transaction that saves a decision",
    )
    op.create_table(
        "inbox",
        sa.Column("id", SERIAL, comment="Order of arrival"),
        sa.Column("platform", KEY, nullable=False, comment="Identity of the message"),
        sa.Column("message_id", KEY, nullable=False, comment="Identity of the message"),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, comment="Claims that were not given back"
        ),
        sa.Column(
            "token",
            sa.String(32),
            nullable=True,
            comment="Token of the newest claim; empty when nobody has claimed it",
        ),
        sa.Column(
            "available_timestamp",
            INSTANT,
            nullable=False,
            comment="May be claimed from then on: arrival, end of the lease, or end of the delay",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("platform", "message_id", name="uq_inbox_platform_message_id"),
        comment="Messages that wait for their first decision; a row is gone once it is decided or "
        "dead",
    )
    op.create_index("ix_inbox_available_timestamp_id", "inbox", ["available_timestamp", "id"])
    op.create_table(
        "messages",
        sa.Column(
            "platform",
            KEY,
            comment="Where it was written; with message_id the identity of the message",
        ),
        sa.Column("message_id", KEY, comment="The platform's own id"),
        sa.Column(
            "room_id", KEY, nullable=False, comment="The stream, post or inbox it was written in"
        ),
        sa.Column(
            "creator_id",
            KEY,
            nullable=True,
            comment="The business or host that the room belongs to",
        ),
        sa.Column("user_id", KEY, nullable=False, comment="The author"),
        sa.Column("kind", sa.String(20), nullable=False, comment="comment or chat"),
        sa.Column(
            "author_role", sa.String(20), nullable=False, comment="viewer, host or moderator"
        ),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="What was written, at most 8 KB of UTF-8"
        ),
        sa.Column("sent_at", INSTANT, nullable=False, comment="When it was said, UTC"),
        sa.Column("item_id", KEY, nullable=True, comment="The item on screen"),
        sa.Column("offer", sa.Text(), nullable=True, comment="What the room offers"),
        sa.Column(
            "item",
            sa.Text(),
            nullable=True,
            comment="The item on screen or what the host has just asked for, in words",
        ),
        sa.Column(
            "reply_to_id",
            KEY,
            nullable=True,
            comment="message_id of the message that it replies to",
        ),
        sa.Column(
            "reply_to_text",
            sa.Text(),
            nullable=True,
            comment="Text of the message that it replies to, where the wire carried it",
        ),
        sa.Column("lang", KEY, nullable=True, comment="Language tag, where the platform gave one"),
        sa.Column(
            "accepted_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When it was accepted, database clock, UTC",
        ),
        sa.PrimaryKeyConstraint("platform", "message_id", name="pk_messages"),
        comment="Every accepted message, once",
    )
    op.create_index(
        "ix_messages_platform_room_id_sent_at", "messages", ["platform", "room_id", "sent_at"]
    )
    op.create_table(
        "runs",
        sa.Column("name", sa.String(100), comment="Name of the run; production is the live one"),
        sa.Column("description", sa.Text(), nullable=True, comment="What it was made for"),
        sa.Column(
            "created_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When it was started",
        ),
        sa.Column(
            "promoted_timestamp",
            INSTANT,
            nullable=True,
            comment="When its decisions became visible to readers; empty until then",
        ),
        sa.PrimaryKeyConstraint("name", name="pk_runs"),
        comment="Who made decisions: the production run, and backfills that are compared before "
        "they are promoted",
    )
    op.create_table(
        "decisions",
        sa.Column("id", SERIAL, comment="Created sequence"),
        sa.Column("platform", KEY, nullable=False, comment="Identity of the message"),
        sa.Column("message_id", KEY, nullable=False, comment="Identity of the message"),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="0, 1, 2 … for one message; none is ever changed",
        ),
        sa.Column(
            "run",
            sa.String(100),
            sa.ForeignKey("runs.name", name="fk_decisions_run"),
            nullable=False,
            comment="Run that made it",
        ),
        sa.Column("room_id", KEY, nullable=False, comment="Entity key"),
        sa.Column("creator_id", KEY, nullable=True, comment="Entity key"),
        sa.Column("user_id", KEY, nullable=False, comment="Entity key"),
        sa.Column("item_id", KEY, nullable=True, comment="Entity key"),
        sa.Column("event_timestamp", INSTANT, nullable=False, comment="When it was said, UTC"),
        sa.Column(
            "created_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When we knew, database clock, UTC",
        ),
        sa.Column("decided_by", sa.String(20), nullable=False, comment="local, llm or human"),
        sa.Column(
            "from_cache", sa.Boolean(), nullable=False, comment="Copied from an equal message"
        ),
        sa.Column(
            "degraded",
            sa.Boolean(),
            nullable=False,
            comment="The LLM was wanted, this stands meanwhile",
        ),
        sa.Column(
            "is_lead", sa.Boolean(), nullable=False, comment="At least one lead intent was chosen"
        ),
        sa.Column(
            "lead_probability",
            sa.Integer(),
            nullable=False,
            comment="Probability of at least one lead intent, in millionths",
        ),
        *(
            sa.Column(
                f"p_{intent}",
                sa.Integer(),
                nullable=False,
                comment=f"Probability of {intent}, in millionths",
            )
            for intent in INTENTS
        ),
        sa.Column(
            "labels",
            sa.JSON(),
            nullable=False,
            comment="Chosen intents in the taxonomy's order; indexed in decision_labels",
        ),
        sa.Column(
            "slots",
            sa.JSON(),
            nullable=False,
            comment="[kind, verbatim substring of the message] pairs",
        ),
        sa.Column(
            "taxonomy_version", sa.String(64), nullable=False, comment="Hash of the taxonomy"
        ),
        sa.Column(
            "prompt_version", sa.String(64), nullable=False, comment="Hash of the prompt, or none"
        ),
        sa.Column(
            "model_version",
            sa.String(64),
            nullable=False,
            comment="Hash of the local model, or the LLM's id",
        ),
        sa.Column(
            "calibration_version",
            sa.String(64),
            nullable=False,
            comment="Hash of the calibration, or unmeasured",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint(
            "platform", "message_id", "revision", name="uq_decisions_platform_message_id_revision"
        ),
        sa.CheckConstraint(
            "lead_probability BETWEEN 0 AND 1000000", name=op.f("ck_decisions_lead_probability")
        ),
        comment="Every decision ever made; append only",
    )
    op.create_index(
        "ix_decisions_platform_user_id_event_timestamp",
        "decisions",
        ["platform", "user_id", "event_timestamp"],
    )
    op.create_table(
        "decision_labels",
        sa.Column(
            "decision_id",
            SERIAL,
            sa.ForeignKey(
                "decisions.id", name="fk_decision_labels_decision_id", ondelete="CASCADE"
            ),
            autoincrement=False,
            comment="The decision",
        ),
        sa.Column("label", sa.String(60), comment="A chosen intent"),
        sa.Column("event_timestamp", INSTANT, nullable=False, comment="When the message was said"),
        sa.PrimaryKeyConstraint("decision_id", "label", name="pk_decision_labels"),
        comment="The chosen intents of every decision, for finding by intent",
    )
    op.create_index(
        "ix_decision_labels_label_event_timestamp", "decision_labels", ["label", "event_timestamp"]
    )
    op.execute(CURRENT_DECISIONS)
    production = (
        "INSERT INTO runs (name, description, created_timestamp, promoted_timestamp) "
        "VALUES ('production', 'the live run', {now}, {now})"
    )
    op.execute(production.format(now=now.text))


def downgrade() -> None:
    """Drop everything."""
    op.execute("DROP VIEW current_decisions")
    for table in TABLES:
        op.drop_table(table)
