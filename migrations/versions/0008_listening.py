"""What is known of the sources that are listened to, and which of them a gap belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the table and the column."""
    op.add_column(
        "source_gaps",
        sa.Column(
            "source",
            sa.String(500),
            comment="Name of the source that was blind, where it has one",
        ),
    )
    op.create_table(
        "listened_sources",
        sa.Column("source", sa.String(500), nullable=False, comment="Name of the source"),
        sa.Column("scheme", sa.String(50), nullable=False, comment="Its kind, such as twitch"),
        sa.Column(
            "state",
            sa.String(20),
            nullable=False,
            comment="reading, waiting (to connect again), ended, failed or stopped",
        ),
        _database_time(
            "first_timestamp", "When it was listened to for the first time, database clock, UTC"
        ),
        _database_time("seen_timestamp", "When its process last said so, database clock, UTC"),
        _count("messages", "Messages that it handed over"),
        _count("dropped", "Messages that found no room to wait"),
        _count("reconnects", "How often it was lost"),
        sa.Column(
            "last_arrival", INSTANT, comment="When its last message came, the process's clock"
        ),
        sa.Column("last_sent", INSTANT, comment="When that message was said, the platform's clock"),
        sa.Column("last_error", sa.Text(), comment="The last trouble, in one sentence"),
        sa.Column("error_timestamp", INSTANT, comment="When that was, the process's clock"),
        sa.PrimaryKeyConstraint("source", name="pk_listened_sources"),
        comment="What is known of the sources that are or were listened to",
    )


def _database_time(name: str, comment: str) -> sa.Column[object]:
    now = sa.text(NOW[op.get_bind().dialect.name])
    return sa.Column(name, INSTANT, server_default=now, nullable=False, comment=comment)


def _count(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def downgrade() -> None:
    """Drop the table and the column; gaps stay, without their source."""
    op.drop_table("listened_sources")
    op.drop_column("source_gaps", "source")
