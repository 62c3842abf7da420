"""The role of the author stands with every decision, because demand is what viewers say."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
recounts = True
recounts = True
"""Feature state has to be counted anew afterwards: demand no longer counts hosts and moderators."""

CURRENT_DECISIONS = """
CREATE VIEW current_decisions AS
SELECT d.* FROM decisions AS d
WHERE d.visible AND NOT EXISTS (
    SELECT 1 FROM decisions AS n
    WHERE n.platform = d.platform AND n.message_id = d.message_id AND n.revision > d.revision
      AND n.visible
)
"""

FROM_MESSAGES = """
UPDATE decisions SET author_role = (
    SELECT m.author_role FROM messages AS m
    WHERE m.platform = decisions.platform AND m.message_id = decisions.message_id
)
WHERE EXISTS (
    SELECT 1 FROM messages AS m
    WHERE m.platform = decisions.platform AND m.message_id = decisions.message_id
      AND m.author_role <> 'viewer'
)
"""


def upgrade() -> None:
    """Take the roles from the messages; what hosts and moderators said before is counted
    anew.
    """
    op.execute("DROP VIEW current_decisions")
    op.add_column(
        "decisions",
        sa.Column(
            "author_role",
            sa.String(20),
            server_default="viewer",
            nullable=False,
            comment="viewer, host or moderator; demand is what viewers say",
        ),
    )
    op.execute(FROM_MESSAGES)
    op.execute(CURRENT_DECISIONS)


def downgrade() -> None:
    """Leave the role to the messages again."""
    op.execute("DROP VIEW current_decisions")
    op.drop_column("decisions", "author_role")
    op.execute(CURRENT_DECISIONS)
