"""Rows that were claimed before are found by an index of their own, and a clock that was ahead is
seen by when they were written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TRIED = "token IS NOT NULL OR attempts > 0"


def upgrade() -> None:
    """Add the columns, and replace the index."""
    for table in ("inbox", "ask_lane"):
        op.add_column(
            table,
            sa.Column(
                "written_timestamp",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="When available_timestamp was written; later than now where a clock was "
                "ahead",
            ),
        )
    op.drop_index("ix_inbox_available_timestamp_id", "inbox")
    op.create_index(
        "ix_inbox_tried",
        "inbox",
        ["available_timestamp", "id"],
        sqlite_where=sa.text(TRIED),
        postgresql_where=sa.text(TRIED),
    )


def downgrade() -> None:
    """Drop the columns, and bring the index back."""
    op.drop_index("ix_inbox_tried", "inbox")
    op.create_index("ix_inbox_available_timestamp_id", "inbox", ["available_timestamp", "id"])
    for table in ("inbox", "ask_lane"):
        op.drop_column(table, "written_timestamp")
