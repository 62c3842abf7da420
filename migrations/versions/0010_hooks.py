"""Outgoing webhooks: who is told of leads, and what is on its way to them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the two tables."""
    _hooks()
    _deliveries()


def _hooks() -> None:
    op.create_table(
        "hooks",
        sa.Column("id", SERIAL, nullable=False, comment="Order of adding"),
        _column("name", sa.String(100), "What people call it"),
        _column("url", sa.Text(), "Where it is sent to"),
        _column("state", sa.String(20), "active, paused, or ended by the receiver"),
        sa.Column("reason", sa.Text(), comment="Why it is not active"),
        _column("events", sa.JSON(), "Kinds of events that are sent"),
        _column("intents", sa.JSON(), "Leads with one of these; empty for all"),
        _column("rooms", sa.JSON(), "Leads in one of these rooms; empty for all"),
        _column("minimum", sa.Integer(), "Smallest probability of a lead, in millionths"),
        _column(
            "allow_private",
            sa.Boolean(),
            "May be at an address that is not public, and be spoken to without TLS",
        ),
        _column("key", sa.String(16), "Name of the key, which stands elsewhere"),
        _column("salt", sa.String(32), "What its secret is derived from with the key"),
        sa.Column("former_salt", sa.String(32), comment="The same of the secret before it"),
        sa.Column("former_until", INSTANT, comment="Until when that one signs, too"),
        _column(
            "position",
            sa.String(100),
            "Up to where it has read the log of changes, in the log's own words",
        ),
        _created("When it was added, database clock, UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_hooks"),
        sa.UniqueConstraint("name", name="uq_hooks_name"),
        comment="Receivers of leads; their secrets stand nowhere",
    )


def _deliveries() -> None:
    op.create_table(
        "hook_deliveries",
        sa.Column("id", SERIAL, nullable=False, comment="Order of arrival"),
        _column("hook_id", SERIAL, "The receiver"),
        sa.Column(
            "change",
            sa.String(100),
            comment="The change that it tells of, in the log's own words; empty where a person "
            "asked for it",
        ),
        _column("webhook_id", sa.String(40), "Its id for the receiver, at every try"),
        _column("event", sa.String(20), "What it tells"),
        _column("platform", sa.String(200), "Identity of the message"),
        _column("message_id", sa.String(200), "Identity of the message"),
        _column("state", sa.String(20), "waiting, delivered, dead or skipped"),
        _column("attempts", sa.Integer(), "Tries whose outcome is known"),
        sa.Column("token", sa.String(32), comment="Token of the newest claim"),
        _column("available_timestamp", INSTANT, "May be claimed from then"),
        sa.Column(
            "written_timestamp",
            INSTANT,
            comment="When available_timestamp was written; later than now where a clock was ahead",
        ),
        sa.Column(
            "status",
            sa.SmallInteger(),
            comment="HTTP status of the last try; empty where none came",
        ),
        sa.Column(
            "error", sa.Text(), comment="What went wrong at the last try, in a few words of ours"
        ),
        _created("When it was put here, database clock, UTC"),
        sa.Column("ended_timestamp", INSTANT, comment="Since when it waits no more"),
        sa.PrimaryKeyConstraint("id", name="pk_hook_deliveries"),
        sa.ForeignKeyConstraint(
            ["hook_id"],
            ["hooks.id"],
            name="fk_hook_deliveries_hook_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("hook_id", "change", name="uq_hook_deliveries_hook_id_change"),
        comment="What is on its way to receivers, and what became of it; what is sent is made anew "
        "from the lead at every try, and never stored",
    )
    for columns in (["hook_id", "state", "available_timestamp"], ["platform", "message_id"]):
        name = f"ix_hook_deliveries_{'_'.join(columns)}"
        op.create_index(name, "hook_deliveries", columns)


def _column(name: str, kind: sa.types.TypeEngine[object], comment: str) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _created(comment: str) -> sa.Column[object]:
    now = sa.text(NOW[op.get_bind().dialect.name])
    return sa.Column(
        "created_timestamp", INSTANT, server_default=now, nullable=False, comment=comment
    )


def downgrade() -> None:
    """Drop the two tables: nobody is told any more."""
    op.drop_table("hook_deliveries")
    op.drop_table("hooks")
