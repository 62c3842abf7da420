"""Prices that messages name, and how soon hosts answer, stand with decisions, for features."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
recounts = True
"""Feature state has to be counted anew afterwards: its tiles hold a sum more."""

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
    (
        "stated_price",
        sa.BigInteger(),
        "Price that the message names, in hundredths of the currency that it is in",
    ),
    (
        "price_gap",
        sa.Integer(),
        "How far it is above the price on screen, in millionths of a doubling",
    ),
    (
        "answer_seconds",
        sa.Integer(),
        "Of the first answer of a host or moderator to a lead: how long after it",
    ),
)


def upgrade() -> None:
    """Add the columns; what was decided before has nothing in them, as none of it is changed."""
    op.execute("DROP VIEW current_decisions")
    for name, kind, comment in COLUMNS:
        op.add_column("decisions", sa.Column(name, kind, comment=comment))
    op.execute(CURRENT_DECISIONS)


def downgrade() -> None:
    """Drop the columns."""
    op.execute("DROP VIEW current_decisions")
    for name, _kind, _comment in reversed(COLUMNS):
        op.drop_column("decisions", name)
    op.execute(CURRENT_DECISIONS)
