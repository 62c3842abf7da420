"""Which shard a database is."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; empty, as all rooms are in one database until intent shards add."""
    op.create_table(
        "shard_places",
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            autoincrement=False,
            comment="Which of the shards this database is, from 1",
        ),
        sa.Column("members", sa.Integer(), nullable=False, comment="How many shards there are"),
        sa.PrimaryKeyConstraint("number", name="pk_shard_places"),
        comment="Which shard this database is; empty where all rooms are in one database",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("shard_places")
