"""Leads as people handle them: where each stands, what was done with it, and the log of what
changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}
WRITER = {"sqlite": "0", "postgresql": "(pg_current_xact_id()::text::bigint)"}
ATTENTION = (
    "CASE WHEN NOT stands OR state <> 'open' OR answered_timestamp IS NOT NULL THEN 0 "
    "WHEN hot THEN 2 ELSE 1 END"
)
STANDS, QUOTES = sa.text("stands"), sa.text("reply_to_id IS NOT NULL")

KNOWN = """
INSERT INTO leads (platform, message_id, room_id, user_id, event_timestamp, decision_id,
    lead_probability, hot, stands, answered_timestamp)
SELECT d.platform, d.message_id, d.room_id, d.user_id, d.event_timestamp, d.id,
    d.lead_probability,
    d.lead_probability >= 500000 AND EXISTS (
        SELECT 1 FROM decision_labels AS l WHERE l.decision_id = d.id AND l.label IN
        ('purchase_intent', 'appointment_booking', 'contact_request', 'quote_request')
    ),
    d.is_lead,
    (
        SELECT min(m.sent_at) FROM messages AS m
        WHERE m.platform = d.platform AND m.reply_to_id = d.message_id
            AND m.author_role IN ('host', 'moderator')
    )
FROM current_decisions AS d
WHERE d.is_lead AND d.author_role = 'viewer'
"""


def upgrade() -> None:
    """Add the tables, and enter the leads that stand; the log begins now."""
    op.create_index(
        "ix_messages_platform_reply_to_id",
        "messages",
        ["platform", "reply_to_id"],
        sqlite_where=QUOTES,
        postgresql_where=QUOTES,
    )
    _create_leads()
    _create_actions()
    _create_changes()
    op.execute(KNOWN)
    op.execute("UPDATE leads SET answered_by = 'reply' WHERE answered_timestamp IS NOT NULL")


def downgrade() -> None:
    """Drop the tables; what people did with leads is lost."""
    op.drop_table("lead_changes")
    op.drop_table("lead_actions")
    op.drop_table("leads")
    op.drop_index("ix_messages_platform_reply_to_id", "messages")


def _create_leads() -> None:
    op.create_table(
        "leads",
        *_identity(),
        _key("room_id", "The room it was said in"),
        _key("user_id", "Who said it"),
        _instant("event_timestamp", "When it was said, UTC"),
        sa.Column(
            "decision_id",
            sa.BigInteger(),
            comment="The decision that stands; empty before there is",
        ),
        _required("lead_probability", sa.Integer(), comment="Of that decision, in millionths"),
        _required(
            "hot",
            sa.Boolean(),
            comment="It has an intent next to a purchase, and is a lead more likely than not",
        ),
        _required(
            "stands",
            sa.Boolean(),
            comment="It is a lead; not so when it was taken back, or is none by a newer decision",
        ),
        sa.Column(
            "answered_timestamp",
            sa.DateTime(timezone=True),
            comment="When the host replied to it, UTC",
        ),
        sa.Column("answered_by", sa.String(20), comment="reply, or on_air where somebody said so"),
        _required(
            "state",
            sa.String(20),
            server_default="open",
            comment="open, taken, done or not_a_lead",
        ),
        sa.Column("taken_by", sa.String(100), comment="Who has it, or had it last"),
        sa.Column(
            "handled_timestamp",
            sa.DateTime(timezone=True),
            comment="When the state was last changed, UTC",
        ),
        _required(
            "version",
            sa.Integer(),
            server_default="0",
            comment="How many actions there were; who acts says which one they saw",
        ),
        sa.Column(
            "attention",
            sa.SmallInteger(),
            sa.Computed(ATTENTION, persisted=True),
            comment="2 hot and unanswered, 1 unanswered, 0 the others",
        ),
        sa.PrimaryKeyConstraint("platform", "message_id", name="pk_leads"),
        comment="Every message of a viewer that is or was a lead, with what became of it; kept in "
        "the transactions that decide, take back and handle",
    )
    newest = ["event_timestamp", "platform", "message_id"]
    for name, columns in (
        ("inbox", ["attention", *newest]),
        ("room", ["room_id", "attention", *newest]),
        ("newest", newest),
    ):
        op.create_index(
            f"ix_leads_{name}", "leads", columns, sqlite_where=STANDS, postgresql_where=STANDS
        )


def _create_actions() -> None:
    op.create_table(
        "lead_actions",
        _serial("Order of handling"),
        _required(
            "action_id",
            sa.String(64),
            comment="Given by who acts; the same one again changes nothing",
        ),
        *_identity(),
        _required(
            "action",
            sa.String(20),
            comment="take, done, release, not_a_lead, on_air or note",
        ),
        _required(
            "acted_by",
            sa.String(100),
            comment="Name of the key, or of the person",
        ),
        sa.Column("note", sa.Text(), comment="What they wrote down"),
        _required("version", sa.Integer(), comment="The lead's version that it made"),
        sa.Column("decision_id", sa.BigInteger(), comment="The decision that stood before it"),
        _written(),
        sa.PrimaryKeyConstraint("id", name="pk_lead_actions"),
        sa.UniqueConstraint("action_id", name="uq_lead_actions_action_id"),
        comment="What people did with leads; append only",
    )
    op.create_index(
        "ix_lead_actions_platform_message_id_id",
        "lead_actions",
        ["platform", "message_id", "id"],
    )


def _create_changes() -> None:
    gone = "; empty when it was erased"
    op.create_table(
        "lead_changes",
        _serial("Order of writing"),
        _required(
            "writer",
            sa.BigInteger(),
            server_default=sa.text(WRITER[op.get_bind().dialect.name]),
            comment="PostgreSQL's number of the transaction that wrote it; 0 on SQLite, which has "
            "one writer at a time",
        ),
        _required("kind", sa.String(20), comment="See intent/model/lead.py: ChangeKind"),
        sa.Column("platform", sa.String(200), comment=f"Identity of the message{gone}"),
        sa.Column("message_id", sa.String(200), comment=f"Identity of the message{gone}"),
        sa.Column("room_id", sa.String(200), comment=f"The room it was said in{gone}"),
        sa.Column(
            "revision",
            sa.Integer(),
            comment="Of found, changed and gone: the decision's revision",
        ),
        sa.Column("action", sa.String(20), comment="Of handled: what was done"),
        _written(),
        sa.PrimaryKeyConstraint("id", name="pk_lead_changes"),
        sqlite_autoincrement=True,
        comment="What changed about leads, in the order in which it became visible; inbox and "
        "outgoing webhooks read it",
    )
    op.create_index("ix_lead_changes_writer_id", "lead_changes", ["writer", "id"])
    op.create_index(
        "ix_lead_changes_platform_message_id", "lead_changes", ["platform", "message_id"]
    )


def _serial(comment: str) -> sa.Column:
    return sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        nullable=False,
        comment=comment,
    )


def _identity() -> tuple[sa.Column, sa.Column]:
    return (
        _key("platform", "Identity of the message"),
        _key("message_id", "Identity of the message"),
    )


def _key(name: str, comment: str) -> sa.Column:
    return sa.Column(name, sa.String(200), nullable=False, comment=comment)


def _required(name: str, kind: sa.types.TypeEngine, **values: object) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **values)


def _instant(name: str, comment: str, **values: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, comment=comment, **values)


def _written() -> sa.Column:
    now = sa.text(NOW[op.get_bind().dialect.name])
    return _instant("created_timestamp", "When, database clock, UTC", server_default=now)
