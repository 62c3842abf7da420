"""The category of a room or item stands with messages, decisions and impressions."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.String(200)
INDEX = "ix_decisions_platform_category_id_event_timestamp"

CURRENT_DECISIONS = """
CREATE VIEW current_decisions AS
SELECT d.* FROM decisions AS d
WHERE d.visible AND NOT EXISTS (
    SELECT 1 FROM decisions AS n
    WHERE n.platform = d.platform AND n.message_id = d.message_id AND n.revision > d.revision
      AND n.visible
)
"""

COLUMNS = (
    ("messages", "The category of the room or of the item on screen"),
    ("decisions", "Entity key"),
    ("impressions", "Entity key"),
)

STATE = "DELETE FROM {table} WHERE key LIKE 'category/%' OR key LIKE 'user!_category/%' ESCAPE '!'"
"""What is counted of categories, which nothing older knows."""


def upgrade() -> None:
    """Add the columns; what came before names no category, so that nothing is counted anew."""
    op.execute("DROP VIEW current_decisions")
    for table, comment in COLUMNS:
        op.add_column(table, sa.Column("category_id", KEY, comment=comment))
    present = sa.text("category_id IS NOT NULL")
    op.create_index(
        INDEX,
        "decisions",
        ["platform", "category_id", "event_timestamp"],
        sqlite_where=present,
        postgresql_where=present,
    )
    op.execute(CURRENT_DECISIONS)


def downgrade() -> None:
    """Drop the columns, and what was counted of categories."""
    for table in ("feature_counters", "feature_tiles"):
        op.execute(STATE.format(table=table))
    op.execute("DROP VIEW current_decisions")
    op.drop_index(INDEX, "decisions")
    for table, _comment in reversed(COLUMNS):
        op.drop_column(table, "category_id")
    op.execute(CURRENT_DECISIONS)
