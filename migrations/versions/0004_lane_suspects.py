"""An index for the few questions of the lane that were tried before, so that a long lane is not searched for them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    tried = sa.text("attempts > 0")
    op.create_index("ix_ask_lane_suspects", "ask_lane", ["priority", "available_timestamp"], sqlite_where=tried, postgresql_where=tried)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_ask_lane_suspects", "ask_lane")
