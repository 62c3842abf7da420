"""Messages that wait know the trace of the request that brought them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "inbox",
        sa.Column(
            "traceparent",
            sa.String(55),
            nullable=True,
            comment="W3C trace context of the request that brought it; mostly empty",
        ),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("inbox", "traceparent")
