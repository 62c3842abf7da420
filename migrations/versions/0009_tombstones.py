"""What was erased, so that nothing of it is stored again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "tombstones",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="Order of erasure",
        ),
        sa.Column(
            "digest",
            sa.String(64),
            nullable=False,
            comment="HMAC-SHA256 of what was erased: a person, a message or a room",
        ),
        sa.Column(
            "key", sa.String(16), nullable=False, comment="Name of the key, which stands elsewhere"
        ),
        sa.Column(
            "created_timestamp",
            sa.DateTime(timezone=True),
            server_default=sa.text(NOW[op.get_bind().dialect.name]),
            nullable=False,
            comment="When it was erased, database clock, UTC",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tombstones"),
        sa.UniqueConstraint("digest", name="uq_tombstones_digest"),
        comment="What was erased, so that nothing of it is stored again",
    )


def downgrade() -> None:
    """Drop the table; what was erased may be stored again."""
    op.drop_table("tombstones")
