"""Claim rounds, and what people corrected in the reading of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "clock_timestamp()",
}
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String(200)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "claim_rounds",
        _column("id", SERIAL, "Number of the round"),
        _column("platform", KEY, "Platform of the room"),
        _column("room_id", KEY, "The room in which it is claimed"),
        _column("title", sa.Text(), "What people call it"),
        _column("items", sa.JSON(), "Codes, names, variants, stock and prices"),
        _column("since", INSTANT, "What is said from then on counts, UTC"),
        sa.Column(
            "until", INSTANT, comment="What is said before then counts, UTC; empty while open"
        ),
        _column("opened_by", KEY, "Who opened it"),
        sa.Column("closed_by", KEY, comment="Who closed it; empty while it is open"),
        _database_time("When it was opened, database clock, UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_claim_rounds"),
        comment="Claim rounds; nothing is ever charged for what is claimed",
    )
    op.create_index("ix_claim_rounds_platform_room_id", "claim_rounds", ["platform", "room_id"])
    op.create_table(
        "claim_corrections",
        _column("id", SERIAL, "Order of correction"),
        _column("round_id", SERIAL, "The round"),
        _column("platform", KEY, "Identity of the message"),
        _column("message_id", KEY, "Identity of the message"),
        _column(
            "ordered",
            sa.JSON(),
            "[code, variant or null, quantity] of what it orders; empty for nothing",
        ),
        _column("corrected_by", KEY, "Who says so"),
        _database_time("When it was said, database clock, UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_claim_corrections"),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["claim_rounds.id"],
            name="fk_claim_corrections_round_id_claim_rounds",
            ondelete="CASCADE",
        ),
        comment="What people say that messages order, instead of what was read; append only",
    )
    for columns in (["platform", "message_id"], ["round_id", "id"]):
        op.create_index(f"ix_claim_corrections_{'_'.join(columns)}", "claim_corrections", columns)


def _column(name: str, kind: object, comment: str) -> "sa.Column[object]":
    return sa.Column(name, kind, nullable=False, comment=comment)


def _database_time(comment: str) -> "sa.Column[object]":
    now = sa.text(NOW[op.get_bind().dialect.name])
    return sa.Column(
        "created_timestamp", INSTANT, server_default=now, nullable=False, comment=comment
    )


def downgrade() -> None:
    """Drop the tables, and with them all rounds."""
    op.drop_table("claim_corrections")
    op.drop_table("claim_rounds")
