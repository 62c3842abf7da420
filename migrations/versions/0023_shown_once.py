"""A list shows a room once."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INDEX = "ix_impressions_platform_request_id_room_id"

LATER = """
DELETE FROM impressions WHERE id NOT IN (
    SELECT min(id) FROM impressions GROUP BY platform, request_id, room_id
)
"""
"""What came first stays, as with everything that is told twice."""


def upgrade() -> None:
    """Leave of each room in a list the place that came first, and let no other come."""
    op.execute(LATER)
    op.create_index(INDEX, "impressions", ["platform", "request_id", "room_id"], unique=True)


def downgrade() -> None:
    """Let a list show a room more than once."""
    op.drop_index(INDEX, table_name="impressions")
