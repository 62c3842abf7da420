"""Rooms on their way from one shard to another."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = sa.String(200)


def upgrade() -> None:
    """Add both ends of a move: what leaves a shard, and what a shard waits for."""
    for table, other, comment in (
        ("leaving_rooms", "target", "Rooms that belong to another shard and are still here"),
        ("awaited_rooms", "source", "Rooms that belong here and are still in another shard"),
    ):
        op.create_table(
            table,
            sa.Column("platform", KEY, nullable=False, comment="Of the room"),
            sa.Column("room_id", KEY, nullable=False, comment="The room"),
            sa.Column(other, sa.Integer(), nullable=False, comment="Number of the other shard"),
            sa.PrimaryKeyConstraint("platform", "room_id", name=f"pk_{table}"),
            comment=comment,
        )


def downgrade() -> None:
    """Drop both."""
    op.drop_table("awaited_rooms")
    op.drop_table("leaving_rooms")
