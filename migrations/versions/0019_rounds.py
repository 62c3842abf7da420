"""What waits stands in rounds, indexes that only production filled are gone, and rows of feature
state have room to be written again where they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FRESH = "token IS NULL AND attempts = 0"
BESIDE = "run <> 'production'"
NAMED = "label <> 'chatter'"


def upgrade() -> None:
    """Add the round with its index, and narrow two indexes to what is looked for."""
    op.add_column(
        "inbox",
        sa.Column(
            "round_number",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Round in which it is lent; a round holds one message of each room",
        ),
    )
    _index("ix_inbox_fresh", "inbox", ["round_number", "id"], FRESH)
    op.drop_index("ix_decisions_run_visible_id", "decisions")
    _index("ix_decisions_run_id", "decisions", ["run", "id"], BESIDE)
    op.drop_index("ix_decision_labels_label_event_timestamp", "decision_labels")
    _index(
        "ix_decision_labels_label_event_timestamp",
        "decision_labels",
        ["label", "event_timestamp"],
        NAMED,
    )
    _fill("SET (fillfactor = 70)")


def downgrade() -> None:
    """Undo it."""
    _fill("RESET (fillfactor)")
    op.drop_index("ix_decision_labels_label_event_timestamp", "decision_labels")
    op.create_index(
        "ix_decision_labels_label_event_timestamp", "decision_labels", ["label", "event_timestamp"]
    )
    op.drop_index("ix_decisions_run_id", "decisions")
    op.create_index("ix_decisions_run_visible_id", "decisions", ["run", "visible", "id"])
    op.drop_index("ix_inbox_fresh", "inbox")
    op.drop_column("inbox", "round_number")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _fill(how: str) -> None:
    # Of pages that are written from now on; SQLite writes rows anew where they are anyway.
    if op.get_bind().dialect.name == "postgresql":
        for table in ("feature_counters", "feature_tiles"):
            op.execute(f"ALTER TABLE {table} {how}")
