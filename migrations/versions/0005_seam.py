"""Where sources stand and were blind, what was taken back, texts that edited messages had before,
and the number of the decision that a message waits for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEY = sa.String(200)
TABLES = ("source_gaps", "positions", "retractions", "earlier_versions")
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the tables and the column."""
    dialect = op.get_bind().dialect.name
    now = sa.text(NOW[dialect])
    _create_versions(now)
    _create_retractions(now)
    _create_positions(now)
    _create_gaps()
    op.add_column(
        "inbox",
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Number of the decision it waits for: 0, or the one after a retraction",
        ),
    )
    op.create_index("ix_messages_platform_user_id", "messages", ["platform", "user_id"])
    if dialect == "postgresql":
        op.alter_column("decisions", "decided_by", comment="local, llm, human or platform")


def _create_versions(now: sa.TextClause) -> None:
    op.create_table(
        "earlier_versions",
        sa.Column("platform", KEY, nullable=False, comment="Identity of the message"),
        sa.Column("message_id", KEY, nullable=False, comment="Identity of the message"),
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the text it had"),
        sa.Column(
            "replaced_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When another text took its place, database clock, UTC",
        ),
        sa.PrimaryKeyConstraint("platform", "message_id", "digest", name="pk_earlier_versions"),
        comment="Texts that edited messages had before, so that an old one that comes again is "
        "known",
    )


def _create_retractions(now: sa.TextClause) -> None:
    op.create_table(
        "retractions",
        sa.Column("platform", KEY, nullable=False, comment="Where it was taken back"),
        sa.Column("room_id", KEY, nullable=False, comment="The room it was taken back in"),
        sa.Column(
            "message_id", KEY, nullable=False, comment="The message that is gone; empty for many"
        ),
        sa.Column(
            "user_id", KEY, nullable=False, comment="The author who is gone; empty for any author"
        ),
        sa.Column(
            "retracted_timestamp",
            INSTANT,
            nullable=False,
            comment="From when on it is gone; what a banned author wrote up to then is gone, UTC",
        ),
        sa.Column(
            "retracted_by",
            sa.String(20),
            nullable=False,
            comment="author, moderator or platform",
        ),
        sa.Column(
            "created_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When we knew, database clock, UTC",
        ),
        sa.PrimaryKeyConstraint(
            "platform", "room_id", "message_id", "user_id", name="pk_retractions"
        ),
        comment="What was taken back: kept, so that what comes late is taken back too",
    )


def _create_positions(now: sa.TextClause) -> None:
    op.create_table(
        "positions",
        sa.Column("source", sa.String(500), nullable=False, comment="Name of the source"),
        sa.Column(
            "token",
            sa.Text(),
            nullable=False,
            comment="Where it stands, in the source's own words",
        ),
        sa.Column(
            "stored_timestamp",
            INSTANT,
            server_default=now,
            nullable=False,
            comment="When it was stored, with everything read before it; database clock, UTC",
        ),
        sa.PrimaryKeyConstraint("source", name="pk_positions"),
        comment="Where sources stand",
    )


def _create_gaps() -> None:
    op.create_table(
        "source_gaps",
        sa.Column("platform", KEY, nullable=False, comment="Platform of the room"),
        sa.Column("room_id", KEY, nullable=False, comment="The room that was not seen"),
        sa.Column("since", INSTANT, nullable=False, comment="Begin of the blindness, UTC"),
        sa.Column("until", INSTANT, nullable=True, comment="End of it, UTC; empty while it lasts"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.PrimaryKeyConstraint("platform", "room_id", "since", name="pk_source_gaps"),
        comment="Stretches in which a source was blind in a room",
    )


def downgrade() -> None:
    """Drop the tables and the column; what was taken back stays so in the decisions."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("decisions", "decided_by", comment="local, llm or human")
    op.drop_index("ix_messages_platform_user_id", "messages")
    op.drop_column("inbox", "revision")
    for table in TABLES:
        op.drop_table(table)
