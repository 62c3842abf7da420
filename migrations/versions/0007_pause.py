"""Whether the ask lane is paused."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "lane_pauses",
        sa.Column(
            "paused_timestamp",
            sa.DateTime(timezone=True),
            server_default=sa.text(NOW[op.get_bind().dialect.name]),
            nullable=False,
            comment="Since when nothing is claimed from the ask lane, database clock, UTC",
        ),
        sa.PrimaryKeyConstraint("paused_timestamp", name="pk_lane_pauses"),
        comment="Whether the ask lane is paused: while there is a row",
    )


def downgrade() -> None:
    """Drop the table; a paused lane goes on."""
    op.drop_table("lane_pauses")
